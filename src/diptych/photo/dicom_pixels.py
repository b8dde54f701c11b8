"""The samples of a DICOM frame, unpacked by pydicom or, where it has no decoder of its own, by imagecodecs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import PhotoFormatError

_JPEG_LOSSLESS = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
_JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
_JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
_COMPRESSED = (*_JPEG_LOSSLESS, *_JPEG_LS, *_JPEG_2000, *_JPEG)


def decoded_frame(data: Any, index: int) -> NDArray[Any]:
    """Return the stored values (H, W), or the colours (H, W, 3) as RGB, of a frame."""
    syntax = str(data.file_meta.get("TransferSyntaxUID", ""))
    samples = _unpacked(data, index, syntax) if syntax in _COMPRESSED else _by_pydicom(data, index)
    if samples.shape[:2] != (data.Rows, data.Columns):
        raise PhotoFormatError("is damaged (a frame has another size than it says); get a whole copy of it")
    if data.get("PhotometricInterpretation") == "PALETTE COLOR":
        from pydicom.pixels.processing import apply_color_lut

        samples = np.asarray(apply_color_lut(samples, data))[..., :3]
    if samples.ndim == 2 and int(data.get("BitsAllocated") or 8) == 1:
        return samples.astype(np.uint8)
    return samples


def _by_pydicom(data: Any, index: int) -> NDArray[Any]:
    from pydicom.pixels.utils import pixel_array

    try:
        return np.asarray(pixel_array(data, index=index))
    except (NotImplementedError, RuntimeError) as error:
        raise PhotoFormatError(
            f"cannot be unpacked ({' '.join(str(error).split())[:120]}); save it uncompressed"
        ) from error


def _unpacked(data: Any, index: int, syntax: str) -> NDArray[Any]:
    """Return the samples of a compressed frame."""
    import imagecodecs
    from pydicom.encaps import get_frame

    content = get_frame(data.PixelData, index, number_of_frames=max(int(data.get("NumberOfFrames") or 1), 1))
    _check(content, syntax, data)
    if syntax in _JPEG_LS:
        samples = imagecodecs.jpegls_decode(content)
    elif syntax in _JPEG_2000:
        samples = imagecodecs.jpeg2k_decode(content)
    elif syntax in _JPEG_LOSSLESS:
        samples = (
            imagecodecs.ljpeg_decode(content)
            if data.get("SamplesPerPixel", 1) == 1
            else imagecodecs.jpeg_decode(content)
        )
    elif data.get("SamplesPerPixel", 1) == 3 and data.get("PhotometricInterpretation") == "RGB":
        samples = imagecodecs.jpeg8_decode(content, colorspace="RGB", outcolorspace="RGB")
    else:
        samples = imagecodecs.jpeg_decode(content)
    return _signed(np.asarray(samples), data)


def _signed(samples: NDArray[Any], data: Any) -> NDArray[Any]:
    """Return grey values as signed where the file says so: the decoders give the bits alone."""
    bits = int(data.get("BitsStored") or 16)
    if samples.ndim != 2 or samples.dtype.kind == "i" or not data.get("PixelRepresentation"):
        return samples
    values = samples.astype(np.int32) & ((1 << bits) - 1)
    return np.where(values >= 1 << bits - 1, values - (1 << bits), values)


def _check(content: bytes, syntax: str, data: Any) -> None:
    """Refuse a frame whose own header says another size, before it is decoded."""
    height, width = (_jpeg_2000_size if syntax in _JPEG_2000 else _jpeg_size)(content)
    if (height, width) != (data.Rows, data.Columns):
        raise PhotoFormatError("is damaged (a frame has another size than it says); get a whole copy of it")


def _jpeg_2000_size(content: bytes) -> tuple[int, int]:
    place = content.find(b"\xff\x4f\xff\x51")
    numbers = [int.from_bytes(content[at : at + 4], "big") for at in range(place + 8, place + 24, 4)]
    return (numbers[1] - numbers[3], numbers[0] - numbers[2]) if place >= 0 else (0, 0)


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Return the size in the frame header of JPEG or JPEG-LS."""
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)) or marker == 0xF7:
            return int.from_bytes(content[place + 5 : place + 7], "big"), int.from_bytes(
                content[place + 7 : place + 9], "big"
            )
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return 0, 0
