"""JPEG XL, 8 and 16 bits. Specification: ISO/IEC 18181-1 (code stream) and 18181-2 (container)."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import PhotoFormatError
from diptych.core.image import Image
from diptych.core.parallel import available_cores
from diptych.photo import cicp, exif, icc, isobmff
from diptych.photo import jxl_library as lib
from diptych.photo.formats import check_size
from diptych.photo.photo import Photo
from diptych.photo.samples import split_alpha

_CONTAINER = b"\0\0\0\x0cJXL "
_DAMAGED = "is truncated or damaged; get a whole copy of it"
_TYPES = {"uint8": lib.UINT8, "uint16": lib.UINT16, "float32": lib.FLOAT}
_LINEAR = 8
_SRGB = (1, 13)


def decode(stream: BinaryIO, max_pixels: int) -> Photo:
    """Decode a picture, upright."""
    data = stream.read()
    block, packet = _boxes(data) if data.startswith(_CONTAINER) else (None, None)
    with _decoder(data) as decoder:
        samples, profile, notes = _decode(decoder, max_pixels)
    pixels, alpha = split_alpha(samples)
    height, width = pixels.shape[:2]
    profile, chunks = _colours(profile)
    return Photo(
        pixels,
        alpha=alpha,
        # The code stream decides how the picture is turned, not EXIF.
        exif=(exif.upright(block, width, height) or block) if block else None,
        icc_profile=profile,
        color_chunks=chunks,
        dpi=exif.resolution(block) if block else None,
        xmp=packet,
        notes=tuple(notes),
    )


def _boxes(data: bytes) -> tuple[bytes | None, bytes | None]:
    """Return the EXIF block and the XMP packet of a container."""
    found: dict[bytes, bytes] = {}
    for box in isobmff.walk(data, 0, len(data)):
        kind, content = box.kind, data[box.start : box.end]
        if kind == b"brob":
            kind, content = content[:4], _unpacked(content[4:])
        if kind in (b"Exif", b"xml "):
            found.setdefault(kind, content)
    content = found.get(b"Exif", b"")
    block = content[4 + int.from_bytes(content[:4], "big") :].removeprefix(b"Exif\0\0")
    return block or None, found.get(b"xml ") or None


def _unpacked(content: bytes) -> bytes:
    from imagecodecs import brotli_decode

    try:
        return bytes(brotli_decode(content, out=icc.LARGEST))
    except RuntimeError as error:
        raise PhotoFormatError("has metadata that cannot be unpacked; save it again with another program") from error


@contextmanager
def _decoder(data: bytes) -> Iterator[Any]:
    library = lib.library()
    decoder = library.JxlDecoderCreate(None)
    runner = library.JxlThreadParallelRunnerCreate(None, available_cores())
    try:
        library.JxlDecoderSetParallelRunner(decoder, library.runner, runner)
        library.JxlDecoderSetUnpremultiplyAlpha(decoder, 1)
        library.JxlDecoderSubscribeEvents(decoder, lib.BASIC_INFO | lib.COLOR_ENCODING | lib.FRAME | lib.FULL_IMAGE)
        library.JxlDecoderSetInput(decoder, data, len(data))
        library.JxlDecoderCloseInput(decoder)
        yield decoder
    finally:
        library.JxlDecoderDestroy(decoder)
        library.JxlThreadParallelRunnerDestroy(runner)


def _decode(decoder: Any, max_pixels: int) -> tuple[Image, bytes | None, list[str]]:
    """Return the samples (H, W, C), the colour profile that they are in, and notes."""
    process = lib.library().JxlDecoderProcessInput
    _expect(process(decoder), lib.BASIC_INFO)
    info = lib.BasicInfo()
    lib.library().JxlDecoderGetBasicInfo(decoder, ctypes.byref(info))
    check_size(info.width, info.height, max_pixels)
    _expect(process(decoder), lib.COLOR_ENCODING)
    profile = _profile(decoder, info)
    _expect(process(decoder), lib.FRAME)
    _expect(process(decoder), lib.NEED_OUTPUT_BUFFER)
    samples = _buffer(decoder, info)
    _expect(process(decoder), lib.FULL_IMAGE)
    if info.animated and process(decoder) == lib.FRAME:
        raise PhotoFormatError("is an animation; extract the frames first")
    others = info.extra - bool(info.alpha_bits)
    notes = [f"has {others} further channels, which are left out"] if others else []
    if samples.dtype.kind == "f":
        if not (samples.min() >= 0 and samples.max() <= 1):
            notes.append("has values outside [0, 1], which are clipped")
        samples = np.clip(np.nan_to_num(samples), 0, 1)
    return samples, profile, notes


def _expect(result: int, event: int) -> None:
    if result != event:
        raise PhotoFormatError(_DAMAGED)


def _profile(decoder: Any, info: lib.BasicInfo) -> bytes | None:
    """Return the profile of the decoded samples; sRGB is asked for where they would be linear, as for some profiles."""
    library = lib.library()
    profile = _read_profile(decoder, lib.TARGET_DATA)
    original = _read_profile(decoder, lib.TARGET_ORIGINAL)
    if profile != original and (cicp.codes_of_profile(profile) or (0, 0))[1] == _LINEAR:
        wanted = lib.ColorEncoding()
        library.JxlColorEncodingSetToSRGB(ctypes.byref(wanted), int(info.colours == 1))
        library.JxlDecoderSetPreferredColorProfile(decoder, ctypes.byref(wanted))
        profile = _read_profile(decoder, lib.TARGET_DATA)
    return profile


def _read_profile(decoder: Any, target: int) -> bytes | None:
    size = lib.Size()
    failed = lib.library().JxlDecoderGetICCProfileSize(decoder, target, ctypes.byref(size))
    if failed or not 0 < size.value <= icc.LARGEST:
        return None
    buffer = ctypes.create_string_buffer(size.value)
    failed = lib.library().JxlDecoderGetColorAsICCProfile(decoder, target, buffer, size.value)
    return None if failed else buffer.raw


def _buffer(decoder: Any, info: lib.BasicInfo) -> NDArray[Any]:
    """Return the array that the decoder will fill."""
    dtype = "float32" if info.exponent_bits else "uint8" if info.bits <= 8 else "uint16"
    channels = info.colours + bool(info.alpha_bits)
    samples = np.zeros((info.height, info.width, channels), dtype)
    layout = lib.PixelFormat(channels, _TYPES[dtype], 0, 0)
    size = lib.Size()
    library = lib.library()
    library.JxlDecoderImageOutBufferSize(decoder, ctypes.byref(layout), ctypes.byref(size))
    if size.value != samples.nbytes:
        raise PhotoFormatError(_DAMAGED)
    library.JxlDecoderSetImageOutBuffer(decoder, ctypes.byref(layout), samples.ctypes.data, samples.nbytes)
    return samples


def _colours(profile: bytes | None) -> tuple[bytes | None, dict[str, bytes]]:
    """Return a profile, or the code points that the library has made it from; neither for sRGB."""
    codes = cicp.codes_of_profile(profile)
    if codes is None or profile is None or profile[4:8] != b"jxl ":
        return profile, {}
    return None, {} if codes == _SRGB else {"cICP": bytes((*codes, 0, 1))}


def encode(photo: Photo, quality: int) -> bytes:
    """Return the bytes of a JPEG XL file, lossless at quality 100; opacity and colours under transparent pixels are kept."""
    from diptych.photo import jxl_write

    return jxl_write.encode(photo, quality)
