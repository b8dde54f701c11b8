"""From what decoders give to pixels and alpha, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from diptych.core.image import Image, to_float, white_level
from diptych.photo import icc

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage


def split_alpha(samples: Image) -> tuple[Image, Image | None]:
    """Split (H, W), (H, W, 1 to 4) samples into pixels and alpha: grey, grey + alpha, RGB or RGB + alpha.

    >>> pixels, alpha = split_alpha(np.zeros((2, 3, 4), np.uint8))
    >>> pixels.shape, alpha.shape
    ((2, 3, 3), (2, 3))
    """
    if samples.ndim == 2:
        return samples, None
    colours = samples.shape[2] - (samples.shape[2] + 1) % 2
    alpha = np.ascontiguousarray(samples[..., colours]) if samples.shape[2] > colours else None
    pixels = samples[..., 0] if colours == 1 else samples[..., :colours]
    return np.ascontiguousarray(pixels), alpha


def join_alpha(pixels: Image, alpha: Image | None) -> Image:
    """Return the samples of pixels followed by alpha: the opposite of `split_alpha`."""
    return pixels if alpha is None else np.dstack([pixels, alpha])


def grey_if_grey(pixels: Image) -> Image:
    """Return (H, W) if the three channels are the same everywhere, as after a grey palette."""
    if pixels.ndim == 3 and (pixels[..., :1] == pixels[..., 1:]).all():
        return np.ascontiguousarray(pixels[..., 0])
    return pixels


def to_depth(image: Image, dtype: np.dtype[np.generic]) -> Image:
    """Return the image as another dtype of the contract, white staying white, correctly rounded.

    >>> to_depth(np.array([[65535, 32768]], np.uint16), np.dtype("uint8")).tolist()
    [[255, 128]]
    """
    if image.dtype == dtype:
        return image
    if image.dtype == np.uint8 and dtype == np.uint16:
        return image.astype(np.uint16) * np.uint16(257)
    values = np.clip(to_float(image), 0, 1)
    if dtype.kind == "f":
        return values.astype(dtype)
    values = values * np.asarray(white_level(dtype), values.dtype)
    return np.rint(values, out=values).astype(dtype)


def from_pillow(image: PillowImage, profile: bytes | None = None) -> tuple[Image, Image | None, bytes | None]:
    """Return pixels, alpha and colour profile of a Pillow image in any of the modes 1, L, LA, P, RGB(A), CMYK."""
    if image.mode == "CMYK":
        return np.asarray(icc.cmyk_to_rgb(image, profile)), None, None
    if image.mode in ("P", "PA"):
        pixels, alpha = split_alpha(np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB")))
        return grey_if_grey(pixels), alpha, profile
    plain = {"1": "L", "L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA"}.get(image.mode, "RGB")
    samples = np.asarray(image if image.mode == plain else image.convert(plain))
    return *split_alpha(samples), profile
