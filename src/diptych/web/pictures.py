"""The work on a picture, done on a thread: bytes in, bytes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from diptych import operators
from diptych.core.enhancer import Enhancer
from diptych.core.errors import ParameterError
from diptych.photo import Photo, decode, encode
from diptych.recipes import Recipe, auto
from diptych.runtime import enhance
from diptych.web.query import check_growth, to_json

_NAME = "the picture"


@dataclass(frozen=True)
class PictureFile:
    """An encoded picture: its bytes, media type and response headers."""

    content: bytes
    media_type: str
    headers: dict[str, str]


def enhanced(data: bytes, enhancer: Enhancer, *, max_pixels: int, format_name: str | None, quality: int) -> PictureFile:
    """Return the enhanced picture, in the bytes that ``diptych enhance`` would write."""
    photo = decode(data, name=_NAME, max_pixels=max_pixels)
    check_growth(enhancer, photo.pixels.shape, max_pixels)
    chosen = format_name or photo.format
    return PictureFile(encode(enhance(photo, enhancer), chosen, quality=quality), f"image/{chosen}", {})


def preview(data: bytes, side: int, *, max_pixels: int) -> PictureFile:
    """Return a reduced upright copy as PNG, in 8 or 16 bits, for display in a browser.

    The headers give the size of the picture and the factor of the reduction.
    """
    photo = decode(data, name=_NAME, max_pixels=max_pixels)
    height, width = photo.pixels.shape[:2]
    if photo.pixels.ndim == 3 and photo.pixels.shape[2] != 3:
        raise ParameterError(
            f"a picture of {photo.pixels.shape[2]} channels cannot be displayed; it can still be enhanced"
        )
    factor = min(1.0, side / max(height, width))
    headers = {
        "X-Diptych-Size": f"{width}x{height}",
        "X-Diptych-Factor": f"{factor:.6g}",
        "X-Diptych-Format": photo.format,
    }
    depth = {"uint8": "8", "uint16": "16"}.get(photo.pixels.dtype.name, "float")
    return PictureFile(encode(_reduced(photo, factor), "png"), "image/png", headers | {"X-Diptych-Depth": depth})


def _reduced(photo: Photo, factor: float) -> Photo:
    """Return a smaller picture with its alpha channel and colour profile, without other metadata."""
    pixels, alpha = photo.pixels, photo.alpha
    if factor < 1:
        shrink = operators.get("zoom")
        pixels = shrink(pixels, factor=factor, interpolation="area")
        alpha = None if alpha is None else shrink(alpha, factor=factor, interpolation="area")
    return Photo(pixels, alpha=alpha, icc_profile=photo.icc_profile)


def plan(data: bytes, enhancer: Enhancer, *, max_pixels: int) -> list[dict[str, Any]]:
    """Return the steps of a recipe for the picture, each parameter ``auto`` replaced by its value."""
    if not (isinstance(enhancer, Recipe) or enhancer is auto):
        raise ParameterError("a model has no steps; request the plan of a recipe")
    photo = decode(data, name=_NAME, max_pixels=max_pixels)
    check_growth(enhancer, photo.pixels.shape, max_pixels)
    return to_json(enhancer.plan(photo.pixels).steps)
