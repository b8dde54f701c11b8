"""Camera RAW, developed to sRGB of 16 bits with the camera's white balance. Specification: DNG 1.7 (Adobe), and LibRaw.

It needs the extra ``raw``: rawpy, which brings LibRaw. That runs in a process of its own, with a bound on its memory.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from diptych.core.errors import MissingExtraError, PhotoFormatError
from diptych.photo import exif, ifd, jpeg, tiff
from diptych.photo.formats import check_size
from diptych.photo.photo import Photo

_DNG_VERSION, _PHOTOMETRIC, _SUBDIRECTORIES, _XMP = 50706, 262, 330, 700
_CAMERA = (32803, 34892)  # photometric interpretations: colour filters, and linear samples of a camera
_MOST_DIRECTORIES = 20
_SECONDS = 900


def is_raw(stream: BinaryIO) -> bool:
    """Tell whether a file that begins as a TIFF is a camera's: a DNG, a CR2, or one with samples behind colour filters."""
    try:
        header = ifd.read_header(stream)
        stream.seek(8)
        if stream.read(2) == b"CR" or _is_dng(stream, header):
            return True
        return any(_kind(stream, header, offset) in _CAMERA for offset in _directories(stream, header))
    except ValueError:
        return False
    finally:
        stream.seek(0)


def _is_dng(stream: BinaryIO, header: ifd.Header) -> bool:
    return _DNG_VERSION in ifd.read_directory(stream, header, header.first)[0]


def _kind(stream: BinaryIO, header: ifd.Header, offset: int) -> int:
    entries, _ = ifd.read_directory(stream, header, offset)
    values = ifd.read_numbers(stream, header, entries.get(_PHOTOMETRIC), most=1)
    return int(values[0]) if values else -1


def _directories(stream: BinaryIO, header: ifd.Header) -> list[int]:
    """Return the offsets of the first directories and of those below them."""
    found: list[int] = []
    offset = header.first
    while offset and offset not in found and len(found) < _MOST_DIRECTORIES:
        found.append(offset)
        entries, offset = ifd.read_directory(stream, header, offset)
        below = ifd.read_numbers(stream, header, entries.get(_SUBDIRECTORIES), most=_MOST_DIRECTORIES)
        found += [int(one) for one in below]
    return found[:_MOST_DIRECTORIES]


def decode(stream: BinaryIO, max_pixels: int) -> Photo:
    """Develop a picture, upright."""
    data = stream.read()
    answer, samples = _developed(data, max_pixels)
    width, height = int(answer["width"]), int(answer["height"])
    check_size(width, height, max_pixels)
    if len(samples) != 6 * width * height:
        raise PhotoFormatError("is damaged (it cannot be developed whole); get a whole copy of it")
    block, packet = _metadata(stream, bytes.fromhex(answer["preview"]))
    return Photo(
        np.frombuffer(samples, np.uint16).reshape(height, width, 3),
        # It is turned already.
        exif=(exif.upright(block, width, height) or block) if block else None,
        dpi=exif.resolution(block) if block else None,
        xmp=packet,
        notes=("is developed from RAW with the camera's white balance",),
    )


def _developed(data: bytes, max_pixels: int) -> tuple[dict[str, Any], memoryview]:
    """Return what the child says of a file, and the samples."""
    if importlib.util.find_spec("rawpy") is None:
        raise MissingExtraError("camera RAW needs rawpy; pip install 'diptych[raw]'")
    command = [sys.executable, str(Path(__file__).with_name("raw_child.py")), str(max_pixels)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise PhotoFormatError(
            f"takes more than {_SECONDS // 60} minutes to develop; convert it to DNG or TIFF"
        ) from None
    end = done.stdout.find(b"\n")
    if done.returncode != 0 or end < 0:
        raise PhotoFormatError("is damaged (the RAW decoder stopped at it); get a whole copy of it")
    answer = json.loads(done.stdout[:end])
    if "error" in answer:
        raise PhotoFormatError(
            f"cannot be developed ({answer['error']}); convert it to DNG or TIFF, or get a whole copy of it"
        )
    if answer.get("large"):
        check_size(answer["width"], answer["height"], max_pixels)
    return answer, memoryview(done.stdout)[end + 1 :]


def _metadata(stream: BinaryIO, preview: bytes) -> tuple[bytes | None, bytes | None]:
    """Return the EXIF block and the XMP packet, of a file that is a TIFF or else of its preview, a JPEG."""
    try:
        header = ifd.read_header(stream)
        whole = ifd.load(stream, header, header.first)
    except ValueError:
        return jpeg.exif_of(preview), None
    packet = whole.fields.get(_XMP)
    return tiff.exif_of(whole, header.order), packet.data if packet else None


def encode(photo: Photo, quality: int) -> bytes:
    """Refuse to write RAW."""
    raise PhotoFormatError("camera RAW can only be read; write TIFF, PNG, JPEG XL or JPEG")
