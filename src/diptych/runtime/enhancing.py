"""What happens when nothing else is said: the model in the package, where it fits."""

from __future__ import annotations

import os
from functools import cache
from typing import overload

import numpy as np

from diptych.core.enhancer import Enhancer, EnhancerSpec
from diptych.core.image import Image, check_image, from_float, to_float
from diptych.photo import Photo
from diptych.recipes import Recipe, auto
from diptych.recipes import enhance as apply
from diptych.recipes.automatic import image_statistics
from diptych.runtime.onnx import OnnxEnhancer
from diptych.runtime.opening import default_model, open_enhancer
from diptych.runtime.picture import convert
from diptych.runtime.refiner import OnnxRefiner
from diptych.runtime.render import Profile, RenderEnhancer

DENOISING = "denoise_photo"
"""The step of `auto` that goes before the model."""

_ENOUGH = 600  # px


class InTheBox:
    """The model in the package for RGB pictures; the recipe `auto`, which it was not trained to replace, for all others.

    Where a picture has noise that would show when it is raised, non-local means come before the model, by the decision and
    with the strength of `auto`. A night with lights of its own stays a night: as far as a picture is one, it gets what `auto`
    makes of it.

    Parameters
    ----------
    profile : {"best", "fast"}
        ``fast`` leaves the noise as it is.
    memory : int or None
        Bytes that the model may take; see `OnnxEnhancer`.
    source : path, optional
        Another model for RGB pictures, in the place of that in the package.

    Raises
    ------
    UnknownNameError
        If this installation has no model.

    Examples
    --------
    >>> import numpy as np
    >>> dark = np.full((60, 80, 3), 12, np.uint8)
    >>> bool(InTheBox(profile="fast")(dark).mean() > 2 * dark.mean())
    True
    """

    def __init__(
        self,
        *,
        profile: Profile = "best",
        memory: int | None = None,
        source: str | os.PathLike[str] | None = None,
    ) -> None:
        self._model = open_enhancer(default_model() if source is None else source, profile=profile, memory=memory)
        self._calms = profile == "best"

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary, as every enhancer has them."""
        return self._model.spec

    @property
    def model(self) -> OnnxEnhancer | OnnxRefiner | RenderEnhancer:
        """What RGB pictures get."""
        return self._model

    @property
    def profile(self) -> Profile:
        """``best`` or ``fast``."""
        return "best" if self._calms else "fast"

    def __call__(self, image: Image, /) -> Image:
        """Return the enhanced image: same dtype, same number of axes."""
        checked = check_image(image)
        if checked.ndim != 3 or checked.shape[2] != 3:
            return auto(image)
        night = image_statistics(to_float(_few(checked))).night
        if night == 0:
            return self._render(checked)
        classical = to_float(auto(checked))
        rendered = to_float(self._render(checked)) if night < 1 else classical
        return from_float(rendered + np.float32(night) * (classical - rendered), checked.dtype)

    def _render(self, image: Image) -> Image:
        calm = [one for one in auto.plan(image).steps if one.operator == DENOISING] if self._calms else []
        if not calm:
            return self._model(image)
        # In 16 bits, so that what was between two levels of the noisy picture is not lost.
        wide = image if image.dtype.kind == "f" else convert(image, np.dtype(np.uint16))
        return convert(self._model(Recipe(*calm)(wide)), image.dtype)


def _few(image: Image) -> Image:
    """Return some of the pixels, enough for statistics of tone."""
    step = thinning(image.shape)
    return np.ascontiguousarray(image[::step, ::step])


def thinning(shape: tuple[int, ...]) -> int:
    """Return which every px and row of a picture suffices to see whether it is a night."""
    return max(1, max(shape[:2]) // _ENOUGH)


@cache
def _opened() -> InTheBox:
    return InTheBox()


@overload
def enhance(photo: Photo, enhancer: Enhancer | None = None) -> Photo: ...
@overload
def enhance(photo: Image, enhancer: Enhancer | None = None) -> Image: ...
def enhance(photo: Photo | Image, enhancer: Enhancer | None = None) -> Photo | Image:
    """Enhance a photo, or a plain image, and return one of the same kind.

    Parameters
    ----------
    photo : Photo or ndarray, shape (H, W) or (H, W, C)
        What `diptych.read` returns, or any image of the contract.
    enhancer : Enhancer, optional
        A recipe or a model; by default what is in the box, see `InTheBox`.

    Returns
    -------
    Photo or ndarray
        Same depth and, for a photo, the same metadata.

    Raises
    ------
    ImageError
        If the image breaks the contract.

    Examples
    --------
    >>> import numpy as np
    >>> dark = np.linspace(0, 0.1, 4800, dtype=np.float32).reshape(60, 80)
    >>> bool(enhance(dark).mean() > 2 * dark.mean())
    True
    """
    return apply(photo, enhancer or _opened())
