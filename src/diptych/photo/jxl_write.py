"""Writing JPEG XL. Specification: as for `jxl`."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from diptych.core.errors import PhotoFormatError
from diptych.core.image import Image
from diptych.core.parallel import available_cores
from diptych.photo import cicp, exif
from diptych.photo import jxl_library as lib
from diptych.photo.photo import Photo
from diptych.photo.samples import join_alpha

_LOSSLESS = 100
_EFFORT = 5
_PIECE = 1 << 20  # bytes of output at a time
_WHITE_D65, _WHITE_DCI = 1, 11
_PRIMARIES = {1: (_WHITE_D65, 1), 9: (_WHITE_D65, 9), 11: (_WHITE_DCI, 11), 12: (_WHITE_D65, 11)}
"""By code point of H.273: the library's numbers of white and primaries."""
_TRANSFERS = (1, 8, 13, 16, 18)
"""Code points that mean the same to the library."""


def encode(photo: Photo, quality: int) -> bytes:
    """Return the bytes of a file; the profile is kept byte for byte, in which case the colours are coded as they are."""
    samples = np.ascontiguousarray(join_alpha(photo.pixels, photo.alpha))
    library = lib.library()
    with _encoder() as encoder:
        _describe(encoder, photo, samples, lossless=quality == _LOSSLESS)
        settings = library.JxlEncoderFrameSettingsCreate(encoder, None)
        _check(encoder, library.JxlEncoderFrameSettingsSetOption(settings, lib.EFFORT, _EFFORT))
        _check(encoder, library.JxlEncoderFrameSettingsSetOption(settings, lib.KEEP_INVISIBLE, 1))
        if quality == _LOSSLESS:
            _check(encoder, library.JxlEncoderSetFrameLossless(settings, 1))
        else:
            distance = library.JxlEncoderDistanceFromQuality(quality)
            _check(encoder, library.JxlEncoderSetFrameDistance(settings, distance))
        if photo.alpha is not None:
            _check(encoder, library.JxlEncoderSetExtraChannelDistance(settings, 0, 0.0))
        channels = samples.shape[2] if samples.ndim == 3 else 1
        kind = lib.UINT8 if samples.dtype == np.uint8 else lib.UINT16
        layout = lib.PixelFormat(channels, kind, 0, 0)
        _check(
            encoder,
            library.JxlEncoderAddImageFrame(settings, ctypes.byref(layout), samples.ctypes.data, samples.nbytes),
        )
        library.JxlEncoderCloseInput(encoder)
        return b"".join(_output(encoder))


@contextmanager
def _encoder() -> Iterator[Any]:
    library = lib.library()
    encoder = library.JxlEncoderCreate(None)
    runner = library.JxlThreadParallelRunnerCreate(None, available_cores())
    try:
        _check(encoder, library.JxlEncoderSetParallelRunner(encoder, library.runner, runner))
        yield encoder
    finally:
        library.JxlEncoderDestroy(encoder)
        library.JxlThreadParallelRunnerDestroy(runner)


def _describe(encoder: Any, photo: Photo, samples: Image, *, lossless: bool) -> None:
    """Tell the encoder size, depth, colours and metadata."""
    library = lib.library()
    colours = 3 if photo.pixels.ndim == 3 else 1
    info = lib.BasicInfo()
    library.JxlEncoderInitBasicInfo(ctypes.byref(info))
    info.height, info.width = samples.shape[:2]
    info.bits = 8 * samples.dtype.itemsize
    info.colours = colours
    info.original_profile = int(lossless or photo.icc_profile is not None)
    if photo.alpha is not None:
        info.extra, info.alpha_bits = 1, info.bits
    block = photo.exif or (exif.with_resolution(photo.dpi) if photo.dpi else None)
    boxes = [(b"Exif", b"\0\0\0\0" + block if block else b""), (b"xml ", photo.xmp or b"")]
    if any(content for _, content in boxes):
        _check(encoder, library.JxlEncoderUseBoxes(encoder))
    _check(encoder, library.JxlEncoderSetBasicInfo(encoder, ctypes.byref(info)))
    if photo.icc_profile:
        _check(encoder, library.JxlEncoderSetICCProfile(encoder, photo.icc_profile, len(photo.icc_profile)))
    else:
        encoding = _encoding(photo, grey=colours == 1)
        _check(encoder, library.JxlEncoderSetColorEncoding(encoder, ctypes.byref(encoding)))
    for kind, content in boxes:
        if content:
            _check(encoder, library.JxlEncoderAddBox(encoder, kind, content, len(content), 0))


def _encoding(photo: Photo, *, grey: bool) -> lib.ColorEncoding:
    encoding = lib.ColorEncoding()
    lib.library().JxlColorEncodingSetToSRGB(ctypes.byref(encoding), int(grey))
    codes = cicp.code_points(photo.color_chunks)
    if codes:
        encoding.white_point, encoding.primaries = _PRIMARIES[codes[0]]
        encoding.transfer = codes[1]
    return encoding


def holds(codes: tuple[int, int]) -> bool:
    """Tell whether the format has these code points of primaries and transfer."""
    return codes[0] in _PRIMARIES and codes[1] in _TRANSFERS


def _check(encoder: Any, failed: int) -> None:
    if failed:
        number = lib.library().JxlEncoderGetError(encoder)
        raise PhotoFormatError(f"JPEG XL cannot hold the picture (libjxl's error {number}); write a TIFF or PNG")


def _output(encoder: Any) -> Iterator[bytes]:
    library = lib.library()
    result = lib.NEED_MORE_OUTPUT
    while result == lib.NEED_MORE_OUTPUT:
        buffer = ctypes.create_string_buffer(_PIECE)
        place, left = lib.Pointer(ctypes.addressof(buffer)), lib.Size(_PIECE)
        result = library.JxlEncoderProcessOutput(encoder, ctypes.byref(place), ctypes.byref(left))
        yield buffer.raw[: _PIECE - left.value]
    _check(encoder, result)
