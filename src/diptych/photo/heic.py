"""HEIC, 8, 10 and 12 bits. Specification: HEIF (ISO/IEC 23008-12).

It needs the extra ``heic``: pillow-heif, whose wheel has libheif and libde265 (LGPL) and x265 (GPL).
"""

from __future__ import annotations

import io
import threading
from typing import Any, BinaryIO

import numpy as np

from diptych.core.errors import MissingExtraError, PhotoFormatError
from diptych.core.image import Image
from diptych.photo import cicp, exif, heif, isobmff
from diptych.photo.isobmff_write import only, with_metadata
from diptych.photo.photo import Photo
from diptych.photo.samples import join_alpha, narrowed, split_alpha, widened

_KINDS = {b"hvc1": "a picture", b"grid": "tiles"}
_LONGEST_SIDE = 16384
_LOSSLESS = 100
_DEEPEST = 12
_SRGB, _UNSPECIFIED = (1, 13), (2, 2)
_IDENTITY, _BT601 = 0, 6
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_DEPTH = threading.Lock()
"""For the depth to write, which is a setting of the whole library."""


def _library() -> Any:
    try:
        import pillow_heif
    except ImportError:
        raise MissingExtraError("HEIC needs pillow-heif; pip install 'diptych[heic]'") from None
    return pillow_heif


def decode(stream: BinaryIO, max_pixels: int) -> Photo:
    """Decode a picture as stored, upright."""
    library = _library()
    container = isobmff.read(stream.read())
    item = heif.primary(container, _KINDS)
    heif.check_sizes(container, item, max_pixels)
    file = library.open_heif(only(container, _KINDS), convert_hdr_to_8bit=False, hdr_to_16bit=False)
    image = file[file.primary_index]
    samples = np.asarray(image)
    if samples.shape[1::-1] != heif.size_of(item):
        raise PhotoFormatError("is damaged (its sizes make no sense); get a whole copy of it")
    bits = int(image.info["bit_depth"]) if samples.dtype == np.uint16 else 8
    if samples.dtype == np.uint16:
        samples = widened(samples, bits)
    return heif.photo_of(container, item, *split_alpha(samples), bits)


def encode(photo: Photo, quality: int) -> bytes:
    """Return the bytes of a HEIC file with colours in full resolution (4:4:4), lossless at quality 100.

    16-bit pixels are written with 12 bits, or with the bits of the file that they are from.
    """
    height, width = photo.pixels.shape[:2]
    if max(height, width) > _LONGEST_SIDE:
        raise PhotoFormatError(f"HEIC allows {_LONGEST_SIDE} pixels a side, not {max(width, height)}; write a TIFF")
    codes = _UNSPECIFIED if photo.icc_profile else cicp.code_points(photo.color_chunks) or _SRGB
    lossless = quality == _LOSSLESS
    options = {
        "quality": -1 if lossless else quality,
        "chroma": 444,
        "color_primaries": codes[0],
        "transfer_characteristics": codes[1],
        "matrix_coefficients": _IDENTITY if lossless and photo.pixels.ndim == 3 else _BT601,
        "full_range_flag": 1,
        "enc_params": {
            "preset": "ultrafast"
        },  # at these qualities the file is as small, and no slower one as fast by far
    }
    data = _encoded(_samples(photo), photo.bits or _DEEPEST, options)
    block = photo.exif or (exif.with_resolution(photo.dpi) if photo.dpi else None)
    return with_metadata(data, block, photo.xmp, photo.icc_profile)


def _samples(photo: Photo) -> Image:
    """Return the samples (H, W) or (H, W, 3 or 4); of grey with opacity, which the library does not have, as RGB."""
    pixels = photo.pixels
    if photo.alpha is not None and pixels.ndim == 2:
        pixels = np.dstack([pixels] * 3)
    return np.ascontiguousarray(join_alpha(pixels, photo.alpha))


def _encoded(samples: Image, bits: int, options: dict[str, Any]) -> bytes:
    library = _library()
    height, width = samples.shape[:2]
    mode = _MODES[samples.shape[2] if samples.ndim == 3 else 1]
    if samples.dtype == np.uint16:
        mode += ";16"
        samples = narrowed(samples, bits) << np.uint16(16 - bits)
    image = library.from_bytes(mode, (width, height), samples.tobytes())
    out = io.BytesIO()
    with _DEPTH:
        library.options.SAVE_HDR_TO_12_BIT = bits == _DEEPEST
        image.save(out, **options)
    return out.getvalue()
