"""The quantisation tables and the block grid of a JPEG, from its marker segments."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from diptych.core.errors import ParameterError
from diptych.core.noise import JpegTables

_DQT, _APP14 = 0xDB, 0xEE
_FRAMES = (0xC0, 0xC1, 0xC2)  # with a DCT and Huffman codes
# Where each of 64 steps stands in the table: along the diagonals, up and down in turn.
_PLACES = sorted(range(64), key=lambda k: (k // 8 + k % 8, k // 8 if (k // 8 + k % 8) % 2 else k % 8))


def tables_of(segments: Sequence[tuple[int, bytes, int]]) -> JpegTables | None:
    """Return how a JPEG was compressed; None if its segments do not say it, or its components are not Y'CbCr or grey."""
    tables: dict[int, tuple[int, ...]] = {}
    components: list[tuple[int, int]] = []
    for marker, content, _ in segments:
        if marker == _DQT:
            tables |= _quantisation(content)
        elif marker in _FRAMES and len(content) > 5 and len(content) >= 6 + 3 * content[5]:
            components = [(content[7 + 3 * k], content[8 + 3 * k]) for k in range(content[5])]
        elif marker == _APP14 and content.startswith(b"Adobe") and len(content) > 11 and content[11] == 0:
            return None  # not Y'CbCr
    if len(components) not in (1, 3) or not all(number in tables for _, number in components):
        return None
    (own, luma), *others = components
    try:
        if not others:
            return JpegTables(luma=tables[luma])
        ratio = tuple(_ratio(own >> shift & 15, others[0][0] >> shift & 15) for shift in (0, 4))
        return JpegTables(luma=tables[luma], chroma=tables[others[0][1]], subsampling=(ratio[0], ratio[1]))
    except ParameterError:  # steps or factors that cannot be
        return None


def _ratio(luma: int, chroma: int) -> int:
    return luma // max(chroma, 1)


def _quantisation(content: bytes) -> dict[int, tuple[int, ...]]:
    """Return the tables of a segment by their numbers."""
    tables, offset = {}, 0
    while offset < len(content):
        wide, number = content[offset] >> 4, content[offset] & 15
        size = 64 * (1 + wide)
        steps = content[offset + 1 : offset + 1 + size]
        if wide > 1 or len(steps) < size:
            break
        values = struct.unpack(">64H", steps) if wide else tuple(steps)
        ordered = dict(zip(_PLACES, values, strict=True))
        tables[number] = tuple(ordered[place] for place in range(64))
        offset += 1 + size
    return tables
