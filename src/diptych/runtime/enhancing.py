"""`plan` and `enhance`: a photo, or a plain image, through an enhancer."""

from __future__ import annotations

import functools
import os
from typing import TypeVar, cast

import numpy as np

from diptych.core.enhancer import Enhancer
from diptych.core.errors import ParameterError
from diptych.core.image import Image, check_order
from diptych.core.wishes import Wishes
from diptych.photo import Photo, fill_hidden
from diptych.recipes import Planned, Planner, Recipe, wished
from diptych.recipes.geometry import geometry_of, mapping_of
from diptych.runtime.default import DEFAULT, DefaultEnhancer
from diptych.runtime.resolve import EnhancerChoice, resolve_enhancer, with_packaged_denoiser

P = TypeVar("P", Photo, Image)


@functools.cache
def _default() -> DefaultEnhancer:
    return DefaultEnhancer()


def plan(
    photo: Photo | Image,
    planner: Planner | str | None = None,
    *,
    strength: float = 1.0,
    brightness: float = 0.0,
    shadows: float = 0.0,
    warmth: float = 0.0,
    saturation: float = 0.0,
    denoise: float = 0.0,
) -> Recipe:
    """Return the recipe for a photo, or a plain image: what `enhance` does with it.

    Parameters
    ----------
    photo : Photo or ndarray, shape (H, W) or (H, W, C)
        What `diptych.read` returns, or any image of the contract.
    planner : Planner or str, optional
        `auto`, or another, or its name; by default a `DefaultEnhancer`.
    strength : float
        0 to 1: how much of all that is done; 0 is the empty recipe.
    brightness : float
        Stops of light, -3 to 3, on top of the plan.
    shadows, warmth, saturation, denoise : float
        -1 to 1: less or more than planned; see `diptych.recipes.Wishes`.

    Returns
    -------
    Recipe
        An ordinary recipe: it can be printed, changed, saved and applied.

    Raises
    ------
    ImageError
        If the image breaks the contract.
    ParameterError
        If a wish is out of its bounds, or the planner is none.

    Examples
    --------
    >>> dark = np.linspace(0, 0.1, 4800, dtype=np.float32).reshape(60, 80)
    >>> recipe = plan(dark, brightness=0.5)
    >>> bool(recipe(dark).mean() > plan(dark)(dark).mean())
    True
    """
    chosen = meant(planner)
    if not isinstance(chosen, Planner):
        name = getattr(getattr(chosen, "spec", None), "name", type(chosen).__name__)
        raise ParameterError(f"planner: '{name}' does not plan; give auto, or leave it out")
    wishes = Wishes(
        strength=strength,
        brightness=brightness,
        shadows=shadows,
        warmth=warmth,
        saturation=saturation,
        denoise=denoise,
    )
    wanted = Planned(chosen, wishes) if wishes.given else chosen
    return wanted.plan(visible(photo) if isinstance(photo, Photo) else _in_order(photo))


def enhance(  # noqa: PLR0913 (the wishes are words of their own)
    photo: P,
    enhancer: Enhancer | str | os.PathLike[str] | None = None,
    *,
    model: str | os.PathLike[str] | None = None,
    strength: float = 1.0,
    brightness: float = 0.0,
    shadows: float = 0.0,
    warmth: float = 0.0,
    saturation: float = 0.0,
    denoise: float = 0.0,
) -> P:
    """Enhance a photo, or a plain image, and return one of the same kind.

    Parameters
    ----------
    photo : Photo or ndarray, shape (H, W) or (H, W, C)
        What `diptych.read` returns, or any image of the contract.
    enhancer : Enhancer, str or path, optional
        A recipe or a model, its name, or its file; by default a `DefaultEnhancer`.
    model : str or path, optional
        A model's name or file, as of the option ``--model``: ``none`` for the rules of `auto` alone.
    strength : float
        0 to 1: how much of all that is done; 0 is the picture as it is, bit for bit. Of an enhancer that does not plan, the
        result is blended with the picture.
    brightness : float
        Stops of light, -3 to 3, on top of the plan; for enhancers that plan.
    shadows, warmth, saturation, denoise : float
        -1 to 1: less or more than planned; see `diptych.recipes.Wishes`. For enhancers that plan.

    Returns
    -------
    Photo or ndarray
        Same depth and, for a photo, the same metadata; alpha and resolution follow the geometry of a recipe. Colours under
        pixels that cannot be seen (alpha 0) do not matter, and stay as they are unless the recipe moves pixels.

    Raises
    ------
    ImageError
        If the image breaks the contract.
    UnknownNameError
        If there is no enhancer of this name.
    ParameterError
        If a wish is out of its bounds, or is for an enhancer that plans and this one does not; or for two enhancers at once.

    Examples
    --------
    >>> dark = np.linspace(0, 0.1, 4800, dtype=np.float32).reshape(60, 80)
    >>> bool(enhance(dark).mean() > enhance(dark, strength=0.5).mean() > dark.mean())
    True
    >>> by_rules = enhance(dark, "auto")

    Notes
    -----
    A file that is named is opened for this picture; for many, open it once with `diptych.runtime.open_enhancer`.
    """
    wishes = Wishes(
        strength=strength,
        brightness=brightness,
        shadows=shadows,
        warmth=warmth,
        saturation=saturation,
        denoise=denoise,
    )
    chosen = wished(meant(enhancer, model), wishes)
    return _enhance_photo(photo, chosen) if isinstance(photo, Photo) else chosen(_in_order(photo))  # type: ignore[return-value]


def meant(
    enhancer: Enhancer | Planner | str | os.PathLike[str] | None, model: str | os.PathLike[str] | None = None
) -> Enhancer:
    """Return the enhancer that is given, or that has this name or file."""
    if model is not None:
        if enhancer is not None:
            raise ParameterError("enhance: an enhancer and a model are given; give one of them")
        return resolve_enhancer(EnhancerChoice(model=model))
    if enhancer is None or enhancer == DEFAULT:
        return _default()
    if isinstance(enhancer, str | os.PathLike):
        return resolve_enhancer(EnhancerChoice.named(enhancer))
    if isinstance(enhancer, Recipe):
        return with_packaged_denoiser(enhancer)
    return cast(Enhancer, enhancer)


def _in_order(image: Image) -> Image:
    check_order(image)
    return image


def brighter(photo: Photo, planner: Planner, times: int) -> Planner:
    """Return the planner with a wish for as many times its spread more brightness."""
    if not times:
        return planner
    planned = planner if isinstance(planner, Planned) else Planned(planner)
    return planned.brighter(times * planner.spread(visible(photo)))


def visible(photo: Photo) -> Image:
    """Return the pixels without colours that cannot be seen, so that these decide nothing."""
    return photo.pixels if photo.alpha is None else fill_hidden(photo.pixels, photo.alpha)


def _enhance_photo(photo: Photo, enhancer: Enhancer) -> Photo:
    """Enhance what can be seen of a photo; alpha, resolution and georeference go through the same geometry as the pixels."""
    seen = visible(photo)
    pixels = enhancer(seen)
    geometry = geometry_of(enhancer, seen) if isinstance(enhancer, Recipe) else Recipe()
    if not geometry.steps:
        if photo.alpha is not None and not photo.alpha.all():
            pixels = _with_hidden(pixels, photo.pixels, photo.alpha)
        return photo.with_pixels(pixels)
    alpha = None if photo.alpha is None else geometry(photo.alpha)
    if alpha is not None and seen is not photo.pixels:
        pixels = _with_hidden(pixels, geometry(photo.pixels), alpha)
    return photo.moved(pixels, alpha, mapping_of(geometry, seen.shape))


def _with_hidden(pixels: Image, original: Image, alpha: Image) -> Image:
    """Return the pixels with the original colours where alpha is 0: they have decided nothing, and stay."""
    if pixels.shape != original.shape:
        return pixels
    hidden = (alpha == 0).reshape(alpha.shape + (1,) * (pixels.ndim - 2))
    return np.where(hidden, original, pixels)
