"""BMP, in all variants that Pillow reads. Specification: BITMAPFILEHEADER and BITMAPV5HEADER (Microsoft)."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import numpy as np

from diptych.core.image import Image
from diptych.photo import bmp_rle
from diptych.photo.formats import check_size
from diptych.photo.photo import Photo
from diptych.photo.samples import from_pillow

_BITFIELDS = 3
_BLOCK = 1 << 16
_MOST_DPI = 50_000_000  # 32 bits of pixels per metre, signed


def decode(stream: BinaryIO, max_pixels: int) -> Photo:
    """Decode a picture as stored."""
    from PIL.BmpImagePlugin import BmpImageFile

    image = BmpImageFile(stream)
    check_size(*image.size, max_pixels)
    if image.info.get("compression") in (bmp_rle.RLE8, bmp_rle.RLE4):
        stream.seek(0)
        image = BmpImageFile(io.BytesIO(bmp_rle.unroll(stream.read(), *image.size)))
    # Pillow reads in blocks, and for each block of a row copies the ones before.
    image.decodermaxblock = max(image.decodermaxblock, 4 * image.size[0] + _BLOCK)
    image.load()
    pixels, alpha, _ = from_pillow(image)
    dpi = image.info.get("dpi")
    return Photo(pixels, alpha=alpha, dpi=(float(dpi[0]), float(dpi[1])) if dpi and min(dpi) > 0 else None)


def encode(photo: Photo, quality: int) -> bytes:
    """Return the bytes of a BMP file; `quality` is not used."""
    from PIL import Image as Pillow

    if photo.alpha is not None:
        return _with_alpha(photo, photo.alpha)
    out = io.BytesIO()
    Pillow.fromarray(photo.pixels).save(out, "BMP", dpi=_dpi(photo))
    return out.getvalue()


def _dpi(photo: Photo) -> tuple[float, float]:
    """Return the resolution, (0, 0) if there is none or the header has no room for it."""
    return photo.dpi if photo.dpi and max(photo.dpi) < _MOST_DPI else (0, 0)


def _with_alpha(photo: Photo, alpha: Image) -> bytes:
    """Return a file of 32 bits per pixel whose header (BITMAPV4HEADER) says which of them are alpha."""
    colours = photo.pixels if photo.pixels.ndim == 3 else np.dstack([photo.pixels] * 3)
    data = np.dstack([colours[..., ::-1], alpha])[::-1].tobytes()
    height, width = alpha.shape
    per_metre = [round(value / 0.0254) for value in _dpi(photo)]
    masks = struct.pack("<4I4s48x", 0xFF0000, 0xFF00, 0xFF, 0xFF000000, b"BGRs")
    head = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, _BITFIELDS, len(data), *per_metre, 0, 0) + masks
    start = 14 + len(head)
    return struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start) + head + data
