"""From decoded samples to pixels and alpha, and back: channels, depth, orientation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from diptych.core.image import Image, to_float, white_level
from diptych.photo import icc

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

_STRIP = 1 << 20  # pixels


def split_alpha(samples: Image) -> tuple[Image, Image | None]:
    """Split samples (H, W) or (H, W, 1 to 4) into pixels and alpha: grey, grey + alpha, RGB or RGB + alpha.

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
    """Return pixels and alpha as one array of samples: the inverse of `split_alpha`."""
    return pixels if alpha is None else np.dstack([pixels, alpha])


def grey_if_grey(pixels: Image) -> Image:
    """Return a colour image whose channels are all equal, as from a grey palette, as (H, W)."""
    if pixels.ndim == 3 and (pixels[..., :1] == pixels[..., 1:]).all():
        return np.ascontiguousarray(pixels[..., 0])
    return pixels


def to_depth(image: Image, dtype: np.dtype[np.generic]) -> Image:
    """Convert an image to another dtype of the image contract, correctly rounded; white stays white.

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


def widened(samples: Image, bits: int) -> Image:
    """Return samples of some bits as 16 bits, in which white is 65535.

    >>> widened(np.array([[1023, 512]], np.uint16), 10).tolist()
    [[65535, 32800]]
    """
    white = (1 << bits) - 1
    return (np.arange(white + 1) * 65535 / white + 0.5).astype(np.uint16)[np.minimum(samples, white)]


def narrowed(samples: Image, bits: int) -> Image:
    """Return 16-bit samples as samples of some bits: the inverse of `widened`."""
    return ((samples.astype(np.uint32) * ((1 << bits) - 1) + 32767) // 65535).astype(np.uint16)


def from_pillow(image: PillowImage, profile: bytes | None = None) -> tuple[Image, Image | None, bytes | None]:
    """Return pixels, alpha and colour profile of a Pillow image in mode 1, L, LA, P, RGB, RGBA or CMYK."""
    if image.mode == "CMYK":
        return np.asarray(icc.cmyk_to_rgb(image, profile)), None, None
    if image.mode in ("P", "PA"):
        pixels, alpha = split_alpha(np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB")))
        return grey_if_grey(pixels), alpha, profile
    plain = {"1": "L", "L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA"}.get(image.mode, "RGB")
    return *split_alpha(_array(image if image.mode == plain else image.convert(plain))), profile


def _array(image: PillowImage) -> Image:
    """Return the samples of a Pillow image, by rows: Pillow's own conversion holds them twice more."""
    width, height = image.size
    rows = max(1, _STRIP // width)
    samples = np.empty((height, width) if image.mode == "L" else (height, width, len(image.getbands())), np.uint8)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        samples[top:bottom] = np.asarray(image.crop((0, top, width, bottom)))
    return samples


def turn_upright(image: Image, orientation: int) -> Image:
    """Apply an EXIF orientation (tag 0x0112, 1 to 8) to an image (H, W) or (H, W, C).

    >>> turn_upright(np.array([[1, 2]]), 6).tolist()  # the camera was held with its right side up
    [[1], [2]]
    """
    if orientation in (5, 6, 7, 8):
        image = image.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return np.ascontiguousarray(image)
