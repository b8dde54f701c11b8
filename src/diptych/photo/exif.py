"""Reading and patching EXIF blocks. They are patched in place, so that the offsets inside maker notes stay valid.

A block is the bytes from the byte-order mark on. Malformed fields count as absent: a damaged EXIF block must not make a picture
unreadable. Specification: EXIF 2.32 (CIPA DC-008), section 4.
"""

from __future__ import annotations

import contextlib
import io
import struct
from dataclasses import replace
from fractions import Fraction
from typing import BinaryIO

from diptych.photo import ifd

ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT = 0x0112, 0x011A, 0x011B, 0x0128
_WIDTH, _HEIGHT = 0xA002, 0xA003
_CENTIMETRES = 3


def orientation(block: bytes) -> int:
    """Return the orientation, 1 to 8; 1 if it is absent or invalid.

    >>> orientation(b"not an EXIF block")
    1
    """
    try:
        stream, header = _open(block)
        entries, _ = ifd.read_directory(stream, header, header.first)
        values = ifd.read_numbers(stream, header, entries.get(ORIENTATION))
    except ValueError:
        return 1
    return int(values[0]) if len(values) == 1 and values[0] in range(1, 9) else 1


def resolution(block: bytes) -> tuple[float, float] | None:
    """Return the horizontal and vertical resolution in dots per inch."""
    try:
        stream, header = _open(block)
        return resolution_of(stream, header, header.first)
    except ValueError:
        return None


def resolution_of(stream: BinaryIO, header: ifd.Header, offset: int) -> tuple[float, float] | None:
    """Return the resolution in the directory at `offset`, in dots per inch."""
    entries, _ = ifd.read_directory(stream, header, offset)
    x, y, unit = (ifd.read_numbers(stream, header, entries.get(tag)) for tag in (X_RESOLUTION, Y_RESOLUTION, UNIT))
    if len(x) != 1 or len(y) != 1 or x[0] <= 0 or y[0] <= 0 or unit[:1] == (1,):
        return None
    factor = 2.54 if unit[:1] == (_CENTIMETRES,) else 1.0
    return x[0] * factor, y[0] * factor


def upright(block: bytes, width: int, height: int) -> bytes | None:
    """Return the block of a picture after turning it upright to width x height pixels; None if it is unreadable.

    The orientation is set to 1, the pixel dimensions to the given ones, the resolutions are swapped after a quarter turn,
    and a thumbnail is unlinked if the picture was turned. All other bytes are unchanged.
    """
    turn = orientation(block)
    try:
        stream, header = _open(block)
        entries, _ = ifd.read_directory(stream, header, header.first)
        patched = bytearray(block)
        _put(patched, header, entries.get(ORIENTATION), 1)
        if turn >= 5:
            _swap(patched, entries.get(X_RESOLUTION), entries.get(Y_RESOLUTION))
        _put_size(patched, stream, header, entries.get(ifd.EXIF), (width, height))
    except ValueError:
        return None
    return bytes(patched) if turn == 1 else without_thumbnail(bytes(patched))


def _put_size(
    patched: bytearray, stream: io.BytesIO, header: ifd.Header, pointer: ifd.Entry | None, size: tuple[int, int]
) -> None:
    offset = ifd.read_numbers(stream, header, pointer)
    if len(offset) != 1:
        return
    try:
        entries, _ = ifd.read_directory(stream, header, int(offset[0]))
    except ValueError:
        return
    _put(patched, header, entries.get(_WIDTH), size[0])
    _put(patched, header, entries.get(_HEIGHT), size[1])


def without_thumbnail(block: bytes) -> bytes:
    """Return the block with the directory of the thumbnail unlinked; no bytes move."""
    try:
        stream, header = _open(block)
        _, following = ifd.read_directory(stream, header, header.first)
    except ValueError:
        return block
    if not following:
        return block
    (count,) = struct.unpack_from(header.order + "H", block, header.first)
    end = header.first + 2 + 12 * count
    return block[:end] + b"\0\0\0\0" + block[end + 4 :]


def compact(block: bytes) -> bytes:
    """Return the block rewritten without thumbnail and unused bytes; offsets inside maker notes may become invalid."""
    try:
        stream, header = _open(block)
        return ifd.dump_block(ifd.load(stream, header, header.first), header.order)
    except ValueError:
        return block


def with_resolution(dpi: tuple[float, float]) -> bytes:
    """Return a new block with a resolution and nothing else."""
    fields = resolution_fields(dpi, "<")
    return ifd.dump_block(ifd.Directory(fields), "<")


def resolution_fields(dpi: tuple[float, float], order: str) -> dict[int, ifd.Field]:
    """Return the three fields of a resolution in dots per inch."""

    def rational(value: float) -> ifd.Field:
        parts = 10_000 if value < 400_000 else 1
        return ifd.Field(5, 1, struct.pack(order + "II", round(min(value, 4e9) * parts), parts))

    return {
        X_RESOLUTION: rational(dpi[0]),
        Y_RESOLUTION: rational(dpi[1]),
        UNIT: ifd.Field(3, 1, struct.pack(order + "H", 2)),
    }


def with_raw_resolution(block: bytes, pair: tuple[float, float]) -> bytes:
    """Return the block with other values of the horizontal and vertical resolution, in the unit that it has; no byte moves."""
    try:
        stream, header = _open(block)
        entries, _ = ifd.read_directory(stream, header, header.first)
    except ValueError:
        return block
    patched = bytearray(block)
    for tag, value in zip((X_RESOLUTION, Y_RESOLUTION), pair, strict=True):
        entry = entries.get(tag)
        if entry and (entry.type, entry.number) == (5, 1):
            parts = Fraction(min(value, 4e9)).limit_denominator(10_000)
            struct.pack_into(header.order + "II", patched, entry.offset, parts.numerator, parts.denominator)
    return bytes(patched)


def directory(block: bytes) -> tuple[ifd.Directory, str] | None:
    """Return the fields of a block and its byte order; None if it is unreadable."""
    try:
        stream, header = _open(block)
        return ifd.load(stream, header, header.first), header.order
    except ValueError:
        return None


def block_of(content: ifd.Directory, order: str, turn: int) -> bytes:
    """Return a block with these fields and the orientation `turn`."""
    fields = {**content.fields, ORIENTATION: ifd.Field(3, 1, struct.pack(order + "H", turn))}
    return ifd.dump_block(replace(content, fields=fields), order)


def _open(block: bytes) -> tuple[io.BytesIO, ifd.Header]:
    stream = io.BytesIO(block)
    header = ifd.read_header(stream)
    if header.big:
        raise ValueError("EXIF is never BigTIFF")
    return stream, header


def _put(patched: bytearray, header: ifd.Header, entry: ifd.Entry | None, value: int) -> None:
    code = ifd.INTEGERS.get(entry.type, "") if entry else ""
    if entry and code and entry.number == 1:
        with contextlib.suppress(struct.error):  # too large for the type of the field
            struct.pack_into(header.order + code, patched, entry.offset, value)


def _swap(patched: bytearray, one: ifd.Entry | None, other: ifd.Entry | None) -> None:
    if one and other and one.type == other.type and one.size == other.size:
        a, b = (slice(entry.offset, entry.offset + entry.size) for entry in (one, other))
        patched[a], patched[b] = patched[b], patched[a]
