"""WebP. Specification: RFC 9649 (container and lossless bit stream), RFC 6386 (VP8)."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from diptych.core.errors import PhotoFormatError
from diptych.core.image import Image
from diptych.photo import exif
from diptych.photo.formats import check_size
from diptych.photo.photo import Photo
from diptych.photo.samples import join_alpha, split_alpha

_LONGEST_SIDE = 16383
_MOST_CHUNKS = 10_000
_LOSSLESS = 100
_DEFAULT_QUALITY = 95


def decode(stream: BinaryIO, max_pixels: int) -> Photo:
    """Decode a picture as stored."""
    from imagecodecs import webp_decode

    data = stream.read()
    chunks = list(walk(data))
    check_size(*size_of(chunks), max_pixels)
    frames = sum(name == b"ANMF" for name, _ in chunks)
    if frames > 1:
        raise PhotoFormatError(f"is an animation of {frames} frames; extract the frames first")
    # Not by Pillow, whose limit of size cannot be lifted for one file.
    pixels, alpha = split_alpha(np.asarray(webp_decode(data)))
    return photo_of(chunks, pixels, alpha)


def photo_of(chunks: list[tuple[bytes, bytes]], pixels: Image, alpha: Image | None) -> Photo:
    """Return the photo of decoded pixels with the metadata of these chunks."""
    found = dict(reversed(chunks))
    block = found.get(b"EXIF", b"").removeprefix(b"Exif\0\0") or None
    return Photo(
        pixels,
        alpha=alpha,
        exif=block,
        icc_profile=found.get(b"ICCP"),
        dpi=exif.resolution(block) if block else None,
        xmp=found.get(b"XMP "),
        lossless=b"VP8L" in found,
    )


def walk(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of each chunk; PhotoFormatError if one exceeds the file."""
    (length,) = struct.unpack_from("<I", data, 4)
    end = length + 8
    if end > len(data):
        raise PhotoFormatError("is truncated; get a whole copy of it")
    offset, number = 12, 0
    while offset + 8 <= end:
        number += 1
        if number > _MOST_CHUNKS:
            raise PhotoFormatError(f"has more than {_MOST_CHUNKS} chunks; save it again with another program")
        name, size = struct.unpack_from("<4sI", data, offset)
        if offset + 8 + size > end:
            raise PhotoFormatError("is damaged (a chunk exceeds the file); get a whole copy of it")
        yield name, data[offset + 8 : offset + 8 + size]
        offset += 8 + size + size % 2


def size_of(chunks: list[tuple[bytes, bytes]]) -> tuple[int, int]:
    """Return the largest width and height in any header of the file."""
    sizes = [(0, 0)]
    for name, data in chunks:
        if name == b"VP8X" and len(data) >= 10:
            sizes.append((1 + int.from_bytes(data[4:7], "little"), 1 + int.from_bytes(data[7:10], "little")))
        elif name == b"VP8 " and len(data) >= 10:
            width, height = struct.unpack_from("<HH", data, 6)
            sizes.append((width & 0x3FFF, height & 0x3FFF))
        elif name == b"VP8L" and len(data) >= 5:
            bits = int.from_bytes(data[1:5], "little")
            sizes.append(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
    return max(width for width, _ in sizes), max(height for _, height in sizes)


def encode(photo: Photo, quality: int) -> bytes:
    """Return the bytes of a WebP file, lossless at quality 100; colours under transparent pixels are kept.

    A photo from a lossless WebP stays lossless unless `quality` is below its default.
    """
    from PIL import Image as Pillow

    height, width = photo.pixels.shape[:2]
    if max(height, width) > _LONGEST_SIDE:
        raise PhotoFormatError(f"WebP allows {_LONGEST_SIDE} pixels a side, not {max(width, height)}; write a PNG")
    pixels = photo.pixels if photo.pixels.ndim == 3 else np.dstack([photo.pixels] * 3)
    grey_profile = photo.pixels.ndim == 2
    block = photo.exif or (exif.with_resolution(photo.dpi) if photo.dpi else None)
    out = io.BytesIO()
    Pillow.fromarray(join_alpha(pixels, photo.alpha)).save(
        out,
        "WEBP",
        quality=quality,
        lossless=quality == _LOSSLESS or (photo.lossless and quality >= _DEFAULT_QUALITY),
        exact=True,
        exif=block or b"",
        icc_profile=b"" if grey_profile else photo.icc_profile or b"",
        xmp=photo.xmp or b"",
    )
    return out.getvalue()
