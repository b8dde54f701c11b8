"""BMP, in all variants that Pillow reads. Specification: BITMAPFILEHEADER and BITMAPV5HEADER (Microsoft)."""

from __future__ import annotations

import io
from typing import BinaryIO

from diptych.photo.formats import check_size
from diptych.photo.photo import Photo
from diptych.photo.samples import from_pillow


def decode(stream: BinaryIO, max_pixels: int) -> Photo:
    """Decode a picture as stored."""
    from PIL.BmpImagePlugin import BmpImageFile

    image = BmpImageFile(stream)
    check_size(*image.size, max_pixels)
    image.load()
    pixels, alpha, _ = from_pillow(image)
    dpi = image.info.get("dpi")
    return Photo(pixels, alpha=alpha, dpi=(float(dpi[0]), float(dpi[1])) if dpi and min(dpi) > 0 else None)


def encode(photo: Photo, quality: int) -> bytes:
    """Return the bytes of a BMP file; `quality` is not used."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(photo.pixels).save(out, "BMP", dpi=photo.dpi or (0, 0))
    return out.getvalue()
