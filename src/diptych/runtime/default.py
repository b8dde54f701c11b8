"""The default enhancer: the model in the package, where it fits; and `enhance`, which uses it when nothing else is named."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import overload

import numpy as np

from diptych.core.enhancer import Enhancer, EnhancerSpec
from diptych.core.errors import UnknownNameError
from diptych.core.image import FloatImage, Image, check_image, convert, from_float, to_float
from diptych.core.noise import picture_noise
from diptych.photo import Photo, fill_hidden
from diptych.recipes import Recipe, auto
from diptych.recipes.automatic import image_statistics, subsample
from diptych.recipes.geometry import geometry_of, mapping_of
from diptych.runtime.onnx import OnnxEnhancer
from diptych.runtime.opener import open_enhancer
from diptych.runtime.refiner import OnnxRefiner
from diptych.runtime.render import Profile, RenderEnhancer

DEFAULT = "low_light"
"""Name of the model in the package."""


def default_model() -> Path:
    """Return the file of the model in the package.

    Raises
    ------
    UnknownNameError
        If this installation has none.
    """
    path = Path(str(resources.files("diptych"))) / "models" / f"{DEFAULT}.onnx"
    if not path.is_file():
        raise UnknownNameError(
            f"{path}: this installation has no model of its own; give the file of one, or use the recipe auto"
        )
    return path


@dataclass(frozen=True)
class DefaultPlan:
    """What the default enhancer does with one picture.

    Attributes
    ----------
    classical : Recipe
        What `auto` makes of the picture, as far as it is used.
    classical_share : float
        How much of the result is `classical`, 0 to 1; the rest is the model.
    denoise : Recipe
        What goes before the model; without steps where there is nothing to denoise.
    """

    classical: Recipe
    classical_share: float
    denoise: Recipe


class DefaultEnhancer:
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
    >>> bool(DefaultEnhancer(profile="fast")(dark).mean() > 2 * dark.mean())
    True
    """

    def __init__(
        self,
        *,
        profile: Profile = "best",
        memory: int | None = None,
        source: str | os.PathLike[str] | None = None,
    ) -> None:
        self.model: OnnxEnhancer | OnnxRefiner | RenderEnhancer = open_enhancer(
            default_model() if source is None else source, profile=profile, memory=memory
        )
        self.profile: Profile = profile
        self.spec: EnhancerSpec = replace(self.model.spec, profiles=("best", "fast"))

    def __call__(self, image: Image, /) -> Image:
        """Return the enhanced image: same dtype, same number of axes."""
        plan = self.plan(image)
        if plan.classical_share == 1:
            return plan.classical(image)
        modelled = self._model_after(plan.denoise, image)
        if plan.classical_share == 0:
            return modelled
        return mixed(modelled, plan.classical(image), plan.classical_share)

    def plan(self, image: Image) -> DefaultPlan:
        """Return what is done with an image, without doing it."""
        checked = check_image(image)
        channels = checked if checked.ndim == 3 else checked[:, :, np.newaxis]
        return self.plan_for(to_float(subsample(channels)), functools.partial(picture_noise, channels))

    def plan_for(self, sample: FloatImage, noise: Callable[[], tuple[float, float]]) -> DefaultPlan:
        """Return what is done with a picture that is known by a sample of its pixels and its noise.

        Parameters
        ----------
        sample : ndarray, shape (H, W, C)
            Every n-th pixel of every n-th row, see `diptych.recipes.automatic.subsample_step`.
        noise : function
            Measures the noise of luma and chroma; called only if the decision depends on it.
        """
        statistics = image_statistics(sample)
        color = sample.shape[2] == 3
        share = statistics.night if color else 1.0
        if share == 0 and self.profile == "fast":
            return DefaultPlan(Recipe(), 0.0, Recipe())
        luma, chroma = noise()
        classical = auto.plan_for(replace(statistics, luma_noise=luma, chroma_noise=chroma), sample)
        return DefaultPlan(classical, share, classical.denoising if self.profile == "best" else Recipe())

    def _model_after(self, denoise: Recipe, image: Image) -> Image:
        if not denoise.steps:
            return self.model(image)
        return convert(self.model(denoise(convert(image, promoted(image.dtype)))), image.dtype)


def promoted(dtype: np.dtype) -> np.dtype:
    """Return the dtype of a picture between the denoiser and the model: 16 bits keep what lies between two levels of noise."""
    return dtype if dtype.kind == "f" else np.dtype(np.uint16)


def mixed(modelled: Image, classical: Image, classical_share: float) -> Image:
    """Return both results blended, in their dtype."""
    start, end = to_float(modelled), to_float(classical)
    return from_float(start + np.float32(classical_share) * (end - start), modelled.dtype)


@functools.cache
def _default() -> DefaultEnhancer:
    return DefaultEnhancer()


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
        A recipe or a model; by default a `DefaultEnhancer`.

    Returns
    -------
    Photo or ndarray
        Same depth and, for a photo, the same metadata; alpha and resolution follow the geometry of a recipe. Colours under
        pixels that cannot be seen (alpha 0) do not matter, and stay as they are unless the recipe moves pixels.

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
    chosen = enhancer or _default()
    return _enhance_photo(photo, chosen) if isinstance(photo, Photo) else chosen(photo)


def _enhance_photo(photo: Photo, enhancer: Enhancer) -> Photo:
    """Enhance what can be seen of a photo; alpha, resolution and georeference go through the same geometry as the pixels."""
    visible = photo.pixels if photo.alpha is None else fill_hidden(photo.pixels, photo.alpha)
    pixels = enhancer(visible)
    geometry = geometry_of(enhancer, visible) if isinstance(enhancer, Recipe) else Recipe()
    if not geometry.steps:
        if photo.alpha is not None and visible is not photo.pixels:
            pixels = _with_hidden(pixels, photo.pixels, photo.alpha)
        return photo.with_pixels(pixels)
    alpha = None if photo.alpha is None else geometry(photo.alpha)
    if alpha is not None and visible is not photo.pixels:
        pixels = _with_hidden(pixels, geometry(photo.pixels), alpha)
    return photo.moved(pixels, alpha, mapping_of(geometry, visible.shape))


def _with_hidden(pixels: Image, original: Image, alpha: Image) -> Image:
    """Return the pixels with the original colours where alpha is 0: they have decided nothing, and stay."""
    if pixels.shape != original.shape:
        return pixels
    hidden = (alpha == 0).reshape(alpha.shape + (1,) * (pixels.ndim - 2))
    return np.where(hidden, original, pixels)
