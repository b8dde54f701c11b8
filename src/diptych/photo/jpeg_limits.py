"""Bounds on what a JPEG may make a decoder do, as its marker segments say it before anything is decoded."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from diptych.core.errors import PhotoFormatError

MOST_SEGMENTS = 10_000
"""Marker segments before the first scan; a long XMP packet has some hundred."""

_MOST_SCANS = 100
"""Scans of a picture; usual progressive ones have 10."""
_WORK = 1 << 33
"""Pixels of all scans together, if there are more scans than usual."""
_USUAL_SCANS = 16
_SEGMENT = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd7]")
_SCAN, _EOI = 0xDA, 0xD9


def check_segments(number: int, most: int = MOST_SEGMENTS) -> None:
    """Refuse a file of more segments before its first scan."""
    if number > most:
        raise PhotoFormatError(f"has more than {most} marker segments; save it again with another program")


def check_scans(data: bytes, start: int, width: int, height: int) -> None:
    """Refuse a picture of many scans, each of which a decoder takes through all samples, however short it is.

    `start` is the offset of its first scan.
    """
    scans = segments = 0
    for scans, segments in _count(data, start):
        if scans > _MOST_SCANS or (scans > _USUAL_SCANS and scans * width * height > _WORK):
            raise PhotoFormatError("has too many scans for its size; save it again without the progressive mode")
        check_segments(segments)


def _count(data: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Yield the numbers of scans and of all segments from `start` on, after each segment."""
    scans = segments = 0
    offset = start
    while found := _SEGMENT.search(data, offset):
        marker = found[0][1]
        if marker == _EOI or found.end() + 2 > len(data):
            return
        scans += marker == _SCAN
        segments += 1
        yield scans, segments
        offset = found.end() + max(struct.unpack_from(">H", data, found.end())[0], 2)
