"""From the samples of a TIFF page to pixels and alpha: photometric interpretation, depth, value range.

Specification: TIFF 6.0, sections 4 to 6 and 16 to 21.
"""

from __future__ import annotations

import numpy as np

from diptych.core.errors import PhotoFormatError
from diptych.core.image import Image, white_level
from diptych.photo import icc
from diptych.photo.photo import Photo
from diptych.photo.samples import grey_if_grey
from diptych.photo.tiff_page import Page

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3}
_NAMES = {
    4: "a transparency mask",
    8: "CIE L*a*b*",
    9: "ICC L*a*b*",
    32803: "raw camera data",
    34892: "raw camera data",
}
_PREMULTIPLIED, _STRAIGHT = 1, 2
_JPEG = 7


def check_kind(page: Page) -> None:
    """Refuse a page that the image contract cannot represent, before it is decoded."""
    kind = page.number(262, _BLACK_IS_ZERO)
    # The JPEG decoder converts plain YCbCr to RGB.
    plain = page.number(259, 1) == _JPEG and page.number(284, 1) == 1 and page.samples == 3
    if kind not in _COLOURS or (kind == _YCBCR and not plain):
        name = _NAMES.get(kind, "YCbCr" if kind == _YCBCR else f"photometric interpretation {kind}")
        raise PhotoFormatError(f"holds {name}; convert it to grey or RGB first")
    if page.samples < _COLOURS[kind]:
        raise PhotoFormatError(f"is damaged ({page.samples} of {_COLOURS[kind]} channels); get a whole copy of it")
    bits, sample = page.number(258, 1), page.number(339, 1)
    fine = bits in (16, 24, 32, 64) if sample == 3 else sample in (1, 4) and (1 <= bits <= 16)
    if not fine:
        name = {2: "int", 3: "float", 5: "complex int", 6: "complex"}.get(sample, "uint")
        raise PhotoFormatError(f"has samples of type {name}{bits}; convert it to uint8, uint16 or float32 first")


def interpret(samples: Image, page: Page, profile: bytes | None) -> Photo:
    """Return a photo of decoded samples (H, W, C): pixels, alpha, value range and profile."""
    kind = page.number(262, _BLACK_IS_ZERO)
    count = _COLOURS[kind]
    if kind == _PALETTE:
        return _from_palette(samples, page)
    samples = _full_range(samples, page)
    extra = page.numbers.get(338, ())[: samples.shape[2] - count]
    if kind == _RGB and samples.shape[2] == 4 and not page.numbers.get(338):
        extra = (_STRAIGHT,)  # as other programs take it
    alpha_index = next((count + i for i, meaning in enumerate(extra) if meaning in (_PREMULTIPLIED, _STRAIGHT)), None)
    alpha = None if alpha_index is None else np.ascontiguousarray(samples[..., alpha_index])
    colours = samples if alpha_index is None else np.delete(samples, alpha_index, axis=2)
    if alpha is not None and colours.dtype.kind == "f":
        alpha = np.clip(np.nan_to_num(alpha), 0, 1)
    if alpha is not None and alpha_index is not None and extra[alpha_index - count] == _PREMULTIPLIED:
        colours = _divide(colours, alpha)
    value_range = (0.0, 1.0)
    if colours.dtype.kind == "f":
        colours, value_range = _into_range(colours)
    if kind == _CMYK:
        colours, profile = _cmyk_to_rgb(colours, profile), None
    if kind == _WHITE_IS_ZERO:
        colours = np.asarray(white_level(colours.dtype), colours.dtype) - colours
    colours = colours[..., 0] if colours.shape[2] == 1 else colours
    return Photo(
        np.ascontiguousarray(colours),
        alpha=alpha,
        extra_samples=0 if kind == _CMYK else samples.shape[2] - count - (alpha is not None),
        value_range=value_range,
        icc_profile=profile,
    )


def _full_range(samples: Image, page: Page) -> Image:
    """Scale samples of 1 to 16 bits to the full range of uint8 or uint16; convert floats to float32 or float64."""
    if samples.dtype.kind == "f":
        return samples.astype(np.float64 if samples.dtype.itemsize == 8 else np.float32, copy=False)
    bits = page.number(258, 1)
    if bits in (8, 16):
        return samples
    dtype = np.dtype("uint8" if bits < 8 else "uint16")
    top = (1 << bits) - 1
    table = np.rint(np.arange(top + 1) * (white_level(dtype) / top)).astype(dtype)
    return np.asarray(table[np.minimum(samples, top) if samples.dtype.kind == "u" else samples.astype(np.uint8)])


def _from_palette(samples: Image, page: Page) -> Photo:
    table = np.array(page.numbers.get(320, ()), np.uint16)
    if table.size != 3 << page.number(258, 1) or samples.dtype.kind == "f":
        raise PhotoFormatError("is damaged (its palette has the wrong length); get a whole copy of it")
    # Palettes have 16 bits, but most hold 8-bit values, shifted or repeated.
    if not (table & 255).any() or (table % 257 == 0).all():
        table = (table >> 8).astype(np.uint8)
    colours = table.reshape(3, -1).T
    return Photo(grey_if_grey(np.ascontiguousarray(colours[samples[..., 0].astype(np.intp)])))


def _into_range(values: Image) -> tuple[Image, tuple[float, float]]:
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise PhotoFormatError("holds NaN or infinity; replace them first, e.g. with numpy.nan_to_num")
    if low >= 0 and high <= 1:
        return values, (0.0, 1.0)
    low = min(low, 0.0)
    high = high if high > low else low + 1
    scaled = (values.astype(np.float64) - low) / (high - low)
    return scaled.astype(values.dtype), (low, high)


def restore_range(pixels: Image, value_range: tuple[float, float]) -> Image:
    """Map float pixels back to the value range of their file; integers are returned unchanged."""
    low, high = value_range
    if pixels.dtype.kind != "f" or value_range == (0.0, 1.0):
        return pixels
    return (pixels.astype(np.float64) * (high - low) + low).astype(pixels.dtype)


def _divide(colours: Image, alpha: Image) -> Image:
    """Convert premultiplied colours to straight ones; they are unchanged where alpha is 0."""
    white = white_level(colours.dtype)
    parts = np.where(alpha == 0, white, alpha)[..., None] / np.float32(white)
    straight = colours / parts
    return (np.rint(np.minimum(straight, white)) if colours.dtype.kind == "u" else straight).astype(colours.dtype)


def _cmyk_to_rgb(colours: Image, profile: bytes | None) -> Image:
    """Convert CMYK samples to sRGB: by the profile at 8 bits, otherwise by ``(1 - c) (1 - k)``."""
    from PIL import Image as Pillow

    if colours.shape[2] != 4:
        raise PhotoFormatError("has spot colours in addition to CMYK; convert it to RGB first")
    if colours.dtype == np.uint8:
        image = Pillow.frombytes("CMYK", colours.shape[1::-1], np.ascontiguousarray(colours).tobytes())
        return np.asarray(icc.cmyk_to_rgb(image, profile))
    white = white_level(colours.dtype)
    light = 1 - colours.astype(np.float64) / white
    rgb = light[..., :3] * light[..., 3:] * white
    return (np.rint(rgb) if colours.dtype.kind == "u" else rgb).astype(colours.dtype)
