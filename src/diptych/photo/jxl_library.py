"""The functions of libjxl that imagecodecs does not pass on: colour profiles, boxes, the opacity's own quality.

They are those of the library that imagecodecs itself has loaded. Specification: libjxl 0.7 to 0.11, decode.h and encode.h.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any

from diptych.core.errors import PhotoFormatError

Pointer, Size, Float = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_float

SUCCESS, ERROR, NEED_MORE_INPUT = 0, 1, 2
NEED_OUTPUT_BUFFER, BASIC_INFO, COLOR_ENCODING, FRAME, FULL_IMAGE = 5, 0x40, 0x100, 0x400, 0x1000
NEED_MORE_OUTPUT = 2
TARGET_ORIGINAL, TARGET_DATA = 0, 1
UINT8, UINT16, FLOAT = 2, 3, 0
EFFORT, KEEP_INVISIBLE = 0, 12


class Animation(ctypes.Structure):
    """JxlAnimationHeader."""

    _fields_ = [(name, ctypes.c_uint32) for name in ("ticks", "per", "loops", "timecodes")]


class BasicInfo(ctypes.Structure):
    """JxlBasicInfo."""

    _fields_ = [
        *((name, ctypes.c_uint32) for name in ("container", "width", "height", "bits", "exponent_bits")),
        ("intensity_target", Float),
        ("min_nits", Float),
        ("relative_to_max", ctypes.c_uint32),
        ("linear_below", Float),
        *((name, ctypes.c_uint32) for name in ("original_profile", "preview", "animated", "orientation", "colours")),
        *((name, ctypes.c_uint32) for name in ("extra", "alpha_bits", "alpha_exponent_bits", "premultiplied")),
        *((name, ctypes.c_uint32) for name in ("preview_width", "preview_height")),
        ("animation", Animation),
        *((name, ctypes.c_uint32) for name in ("intrinsic_width", "intrinsic_height")),
        ("reserved", ctypes.c_uint8 * 100),
    ]


class FrameHeader(ctypes.Structure):
    """JxlFrameHeader, with more room than it takes."""

    _fields_ = [(name, ctypes.c_uint32) for name in ("duration", "timecode", "name_length", "is_last")] + [
        ("rest", ctypes.c_uint8 * 240)
    ]


class ColorEncoding(ctypes.Structure):
    """JxlColorEncoding."""

    _fields_ = [
        ("space", ctypes.c_uint32),
        ("white_point", ctypes.c_uint32),
        ("white", ctypes.c_double * 2),
        ("primaries", ctypes.c_uint32),
        ("corners", ctypes.c_double * 6),
        ("transfer", ctypes.c_uint32),
        ("gamma", ctypes.c_double),
        ("intent", ctypes.c_uint32),
    ]


class PixelFormat(ctypes.Structure):
    """JxlPixelFormat."""

    _fields_ = [("channels", ctypes.c_uint32), ("type", ctypes.c_uint32), ("endian", ctypes.c_uint32), ("align", Size)]


_MAKERS = ("JxlDecoderCreate", "JxlEncoderCreate", "JxlEncoderFrameSettingsCreate", "JxlThreadParallelRunnerCreate")
_RESULTS: dict[str, Any] = {**dict.fromkeys(_MAKERS, Pointer), "JxlEncoderDistanceFromQuality": Float}
_ARGUMENTS: dict[str, list[Any]] = {
    "JxlDecoderCreate": [Pointer],
    "JxlDecoderDestroy": [Pointer],
    "JxlDecoderSubscribeEvents": [Pointer, ctypes.c_int],
    "JxlDecoderSetParallelRunner": [Pointer, Pointer, Pointer],
    "JxlDecoderSetInput": [Pointer, ctypes.c_char_p, Size],
    "JxlDecoderCloseInput": [Pointer],
    "JxlDecoderProcessInput": [Pointer],
    "JxlDecoderGetBasicInfo": [Pointer, Pointer],
    "JxlDecoderGetFrameHeader": [Pointer, Pointer],
    "JxlDecoderGetICCProfileSize": [Pointer, ctypes.c_int, Pointer],
    "JxlDecoderGetColorAsICCProfile": [Pointer, ctypes.c_int, Pointer, Size],
    "JxlDecoderSetPreferredColorProfile": [Pointer, Pointer],
    "JxlDecoderSetUnpremultiplyAlpha": [Pointer, ctypes.c_int],
    "JxlDecoderImageOutBufferSize": [Pointer, Pointer, Pointer],
    "JxlDecoderSetImageOutBuffer": [Pointer, Pointer, Pointer, Size],
    "JxlColorEncodingSetToSRGB": [Pointer, ctypes.c_int],
    "JxlEncoderCreate": [Pointer],
    "JxlEncoderDestroy": [Pointer],
    "JxlEncoderGetError": [Pointer],
    "JxlEncoderInitBasicInfo": [Pointer],
    "JxlEncoderSetParallelRunner": [Pointer, Pointer, Pointer],
    "JxlEncoderUseBoxes": [Pointer],
    "JxlEncoderSetBasicInfo": [Pointer, Pointer],
    "JxlEncoderSetICCProfile": [Pointer, ctypes.c_char_p, Size],
    "JxlEncoderSetColorEncoding": [Pointer, Pointer],
    "JxlEncoderFrameSettingsCreate": [Pointer, Pointer],
    "JxlEncoderFrameSettingsSetOption": [Pointer, ctypes.c_int, ctypes.c_int64],
    "JxlEncoderSetFrameLossless": [Pointer, ctypes.c_int],
    "JxlEncoderSetFrameDistance": [Pointer, Float],
    "JxlEncoderDistanceFromQuality": [Float],
    "JxlEncoderSetExtraChannelDistance": [Pointer, Size, Float],
    "JxlEncoderAddBox": [Pointer, ctypes.c_char_p, ctypes.c_char_p, Size, ctypes.c_int],
    "JxlEncoderAddImageFrame": [Pointer, Pointer, Pointer, Size],
    "JxlEncoderCloseInput": [Pointer],
    "JxlEncoderProcessOutput": [Pointer, Pointer, Pointer],
    "JxlThreadParallelRunnerCreate": [Pointer, Size],
    "JxlThreadParallelRunnerDestroy": [Pointer],
}


@functools.cache
def library() -> Any:
    """Return the library with the types of its functions declared; PhotoFormatError where it cannot be reached."""
    try:
        from imagecodecs import _jpegxl

        # A symbol is also looked for in what the module depends on.
        loaded: Any = ctypes.CDLL(_jpegxl.__file__)
        loaded.runner = ctypes.cast(loaded.JxlThreadParallelRunner, Pointer)
        for name, arguments in _ARGUMENTS.items():
            function = getattr(loaded, name)
            function.argtypes, function.restype = arguments, _RESULTS.get(name, ctypes.c_int)
    except (ImportError, OSError, AttributeError) as error:
        raise PhotoFormatError(
            "is JPEG XL, whose library cannot be reached in the imagecodecs of this system; use PNG or TIFF instead"
        ) from error
    return loaded
