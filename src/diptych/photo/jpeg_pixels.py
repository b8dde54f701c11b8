"""The pixels of a JPEG, decoded into an array and encoded from one without the copies that an image of Pillow needs.

imagecodecs and Pillow have the same library, libjpeg-turbo: the bytes are the same either way.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from diptych.core.image import Image
from diptych.photo.samples import from_pillow

if TYPE_CHECKING:
    from PIL.JpegImagePlugin import JpegImageFile

_END = b"\xff\xd9"
_DENSITY = slice(13, 18)  # unit and two numbers, in the segment that the file begins with


def decode(bare: bytes, image: JpegImageFile, profile: bytes | None) -> tuple[Image, bytes | None]:
    """Return pixels ``(H, W)`` or ``(H, W, 3)`` of dtype uint8 and their colour profile; `image` is the file opened."""
    # Of a file that ends too early only Pillow tells it. It also has the words for what is damaged.
    if image.mode in ("L", "RGB") and bare.endswith(_END):
        pixels = _decoded(bare, image)
        if pixels is not None:
            return pixels, profile
    image.load()
    pixels, _, profile = from_pillow(image, profile)
    return pixels, profile


def _decoded(bare: bytes, image: JpegImageFile) -> Image | None:
    from imagecodecs import Jpeg8Error, jpeg8_decode

    try:
        pixels = np.asarray(jpeg8_decode(bare, outcolorspace="RGB" if image.mode == "RGB" else "GRAYSCALE"))
    except Jpeg8Error:
        return None
    shape = (image.height, image.width, 3)
    return pixels if pixels.shape == shape[: 3 if image.mode == "RGB" else 2] else None


def encode(pixels: Image, quality: int, density: tuple[int, int]) -> bytes:
    """Return the bytes of a JPEG file without chroma subsampling (4:4:4).

    Parameters
    ----------
    pixels : ndarray, shape (H, W) or (H, W, 3)
        Of dtype uint8.
    quality : int
        1 to 100.
    density : tuple of int
        Dots per inch, across and down; (0, 0) if they are not known.
    """
    from imagecodecs import jpeg8_encode

    # Of a side of 1 pixel NumPy allows any stride, imagecodecs only that of a new array.
    rows = np.ascontiguousarray(pixels).reshape(-1).reshape(pixels.shape)
    out = bytes(jpeg8_encode(rows, level=quality, subsampling="444", optimize=False))
    if not any(density):
        return out
    return b"".join([out[: _DENSITY.start], struct.pack(">BHH", 1, *density), out[_DENSITY.stop :]])
