"""The index of a JPEG file with several pictures (MPO). Specification: CIPA DC-007, Multi-Picture Format."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable

from diptych.photo import ifd

_START = b"MPF\0"
_ENTRIES = 0xB002
_ENTRY = 16  # bytes
_THUMBNAILS = (0x010001, 0x010002)  # copies of the picture, in the sizes of screens
_MOST = 1000


def further_pictures(contents: Iterable[bytes]) -> int:
    """Return how many pictures follow the first one, by the contents of the APP2 segments; its thumbnails do not count.

    >>> further_pictures([b"ICC_PROFILE"])
    0
    """
    index = next((content[len(_START) :] for content in contents if content.startswith(_START)), b"")
    stream = io.BytesIO(index)
    try:
        header = ifd.read_header(stream)
        entries, _ = ifd.read_directory(stream, header, header.first)
    except (ValueError, struct.error):  # no index, or a broken one: nothing is known of others
        return 0
    if _ENTRIES not in entries:
        return 0
    table = ifd.read_bytes(stream, entries[_ENTRIES])[: _ENTRY * _MOST]
    kinds = [
        struct.unpack_from(header.order + "I", table, at)[0] & 0xFFFFFF for at in range(0, len(table) - 15, _ENTRY)
    ]
    return sum(kind not in _THUMBNAILS for kind in kinds[1:])
