"""AVIF, 8, 10 and 12 bits. Specification: AV1 image file format 1.2; HEIF (ISO/IEC 23008-12)."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from diptych.core.errors import PhotoFormatError
from diptych.photo import av1, cicp, exif, heif, isobmff
from diptych.photo.formats import check_size
from diptych.photo.isobmff_write import only, with_metadata
from diptych.photo.photo import Photo
from diptych.photo.samples import join_alpha, narrowed, split_alpha, widened

_KINDS = {b"av01": "a picture", b"grid": "tiles"}
_LONGEST_SIDE = 16384
_LARGEST = 16384 * 16384
_SPEED = 8
_DEEPEST = 12
_SRGB = (1, 13)


def decode(stream: BinaryIO, max_pixels: int) -> Photo:
    """Decode a picture as stored, upright."""
    from imagecodecs import avif_decode

    data = stream.read()
    container = isobmff.read(data)
    item = heif.primary(container, _KINDS)
    heif.check_sizes(container, item, max_pixels)
    for one in container.items.values():
        if one.kind == b"av01":
            width, height = av1.largest(container.content(one))
            check_size(max(width, 1), max(height, 1), max_pixels)
    samples = np.asarray(avif_decode(only(container, _KINDS), 0))
    bits = _bits(container, item) if samples.dtype == np.uint16 else 8
    if samples.dtype == np.uint16:
        samples = widened(samples, bits)
    return heif.photo_of(container, item, *split_alpha(samples), bits)


def _bits(container: isobmff.Container, item: isobmff.Item) -> int:
    tiles = [item, *container.items.values()]
    setting = next((one.get(b"av1C") for one in tiles if len(one.get(b"av1C")) > 2), b"\0\0\0")
    return 12 if setting[2] & 0x20 else 10 if setting[2] & 0x40 else 8


def encode(photo: Photo, quality: int) -> bytes:
    """Return the bytes of an AVIF file with colours in full resolution (4:4:4), lossless at quality 100.

    16-bit pixels are written with 12 bits, or with the bits of the file that they are from.
    """
    from imagecodecs import avif_encode

    height, width = photo.pixels.shape[:2]
    if max(height, width) > _LONGEST_SIDE or height * width > _LARGEST:
        raise PhotoFormatError(f"AVIF allows {_LONGEST_SIDE} pixels a side, not {max(width, height)}; write a TIFF")
    samples = join_alpha(photo.pixels, photo.alpha)
    bits = 8
    if samples.dtype == np.uint16:
        bits = photo.bits or _DEEPEST
        samples = narrowed(samples, bits)
    # Its default is lossless at quality 100, and says nothing of the colours.
    data = avif_encode(
        np.ascontiguousarray(samples),
        level=quality,
        speed=_SPEED,
        bitspersample=bits,
        numthreads=2,
    )
    codes = None if photo.icc_profile else cicp.code_points(photo.color_chunks) or _SRGB
    block = photo.exif or (exif.with_resolution(photo.dpi) if photo.dpi else None)
    return with_metadata(bytes(data), block, photo.xmp, photo.icc_profile, codes)
