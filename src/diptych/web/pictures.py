"""What is done to a picture on a thread: bytes in, bytes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from diptych import operators
from diptych.core.enhancer import Enhancer
from diptych.core.errors import ParameterError
from diptych.photo import Photo, decode, encode
from diptych.recipes import Recipe, auto
from diptych.runtime import enhance
from diptych.web.asking import check_growth, to_json

MEDIA_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "tiff": "image/tiff",
    "webp": "image/webp",
    "bmp": "image/bmp",
}

_NAME = "the picture"


@dataclass(frozen=True)
class Made:
    """A picture that was made: its bytes, and what to say about it in headers."""

    content: bytes
    media_type: str
    headers: dict[str, str]


def enhanced(data: bytes, enhancer: Enhancer, *, max_pixels: int, format_name: str | None, quality: int) -> Made:
    """Return the enhanced picture: what ``diptych enhance`` would write, byte by byte."""
    photo = decode(data, name=_NAME, max_pixels=max_pixels)
    check_growth(enhancer, photo.pixels.shape, max_pixels)
    chosen = format_name or photo.format
    return Made(encode(enhance(photo, enhancer), chosen, quality=quality), MEDIA_TYPES[chosen], {})


def preview(data: bytes, side: int, *, max_pixels: int) -> Made:
    """Return a reduced upright copy as PNG, in 8 or 16 bits, that a browser shows whatever the picture is.

    Its headers tell the size of the picture and the factor it was reduced by.
    """
    photo = decode(data, name=_NAME, max_pixels=max_pixels)
    height, width = photo.pixels.shape[:2]
    if photo.pixels.ndim == 3 and photo.pixels.shape[2] != 3:
        raise ParameterError(
            f"a picture of {photo.pixels.shape[2]} channels cannot be shown; it can be enhanced all the same"
        )
    factor = min(1.0, side / max(height, width))
    headers = {
        "X-Diptych-Size": f"{width}x{height}",
        "X-Diptych-Factor": f"{factor:.6g}",
        "X-Diptych-Format": photo.format,
    }
    depth = {"uint8": "8", "uint16": "16"}.get(photo.pixels.dtype.name, "float")
    return Made(encode(_reduced(photo, factor), "png"), "image/png", headers | {"X-Diptych-Depth": depth})


def _reduced(photo: Photo, factor: float) -> Photo:
    """Return a smaller picture: what shows its colours, and nothing else that its file knew."""
    pixels, alpha = photo.pixels, photo.alpha
    if factor < 1:
        shrink = operators.get("zoom")
        pixels = shrink(pixels, factor=factor, interpolation="area")
        alpha = None if alpha is None else shrink(alpha, factor=factor, interpolation="area")
    return Photo(pixels, alpha=alpha, icc_profile=photo.icc_profile)


def plan(data: bytes, enhancer: Enhancer, *, max_pixels: int) -> list[dict[str, Any]]:
    """Return the steps that a recipe takes for the picture, every ``auto`` as it is chosen."""
    if not (isinstance(enhancer, Recipe) or enhancer is auto):
        raise ParameterError("a model has no steps; ask for the plan of a recipe")
    photo = decode(data, name=_NAME, max_pixels=max_pixels)
    check_growth(enhancer, photo.pixels.shape, max_pixels)
    return to_json(enhancer.plan(photo.pixels).steps)
