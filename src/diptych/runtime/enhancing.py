"""What happens when nothing else is said: the model in the package, where it fits."""

from __future__ import annotations

from functools import cache
from typing import overload

from diptych.core.enhancer import Enhancer, EnhancerSpec
from diptych.core.image import Image
from diptych.photo import Photo
from diptych.recipes import auto
from diptych.recipes import enhance as apply
from diptych.runtime.opening import default_model, open_enhancer
from diptych.runtime.render import Profile


class InTheBox:
    """The model in the package for RGB pictures; the recipe `auto`, which it was not trained to replace, for all others.

    Parameters
    ----------
    profile : {"best", "fast"}
        ``fast`` leaves the denoiser out.
    memory : int or None
        Bytes that the model may take; see `OnnxEnhancer`.

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

    def __init__(self, *, profile: Profile = "best", memory: int | None = None) -> None:
        self._model = open_enhancer(default_model(), profile=profile, memory=memory)

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary, as every enhancer has them."""
        return self._model.spec

    def __call__(self, image: Image, /) -> Image:
        """Return the enhanced image: same dtype, same number of axes."""
        return self._model(image) if image.ndim == 3 and image.shape[2] == 3 else auto(image)


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
