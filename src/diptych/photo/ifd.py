"""Image file directories (IFDs), of which TIFF files and EXIF blocks consist: a bounds-checked reader and a writer.

Specification: TIFF revision 6.0, section 2; BigTIFF (2008).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes per value, by field type."""

INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
"""Struct codes of the integer field types."""

_CODES = {**INTEGERS, 11: "f", 12: "d"}
_MOST_FIELDS = 4096
_MOST_VALUES = 3 << 16  # of a field: those of the longest palette
_MOST_METADATA = 64 << 20  # bytes in a directory and its children

EXIF, GPS, INTEROPERABILITY = 0x8769, 0x8825, 0xA005
POINTERS = (EXIF, GPS, INTEROPERABILITY)
"""Tags that point to a child directory."""


class Header(NamedTuple):
    """The header of a TIFF structure: byte order, variant, and offset of the first directory."""

    order: str
    """``"<"`` or ``">"``."""
    big: bool
    """Whether offsets have 64 bits (BigTIFF)."""
    first: int


class Entry(NamedTuple):
    """A directory entry in a file; `offset` and `size` are those of its value, in bytes."""

    tag: int
    type: int
    number: int
    offset: int
    size: int


def read_header(stream: BinaryIO) -> Header:
    """Return the header at the start of a stream; ValueError if there is none."""
    stream.seek(0)
    head = stream.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
    if not order or len(head) < 8:
        raise ValueError("no TIFF header")
    magic = struct.unpack(order + "H", head[2:4])[0]
    if magic == 43 and len(head) == 16:
        return Header(order, True, struct.unpack(order + "Q", head[8:16])[0])
    if magic != 42:
        raise ValueError("no TIFF header")
    return Header(order, False, struct.unpack(order + "I", head[4:8])[0])


def count_fields(stream: BinaryIO, header: Header, offset: int) -> int:
    """Return the number of fields that the directory at `offset` says it has; ValueError if it lies outside the stream."""
    return _unpack(stream, header.order + _codes(header.big)[0], offset)


def read_directory(stream: BinaryIO, header: Header, offset: int) -> tuple[dict[int, Entry], int]:
    """Return the entries of the directory at `offset` by tag, and the offset of the next directory (0: none).

    Entries of unknown type, and those whose value lies outside the stream, are left out.

    Raises
    ------
    ValueError
        If the directory lies outside the stream, has too many entries, or values that are longer together than the stream.
    """
    total = stream.seek(0, io.SEEK_END)
    count_code, entry_code, offset_code = _codes(header.big)
    count = _unpack(stream, header.order + count_code, offset)
    if count > _MOST_FIELDS:
        raise ValueError(f"a directory of {count} fields")
    inline = struct.calcsize(header.order + offset_code)
    step = struct.calcsize(header.order + entry_code) + inline
    start = offset + struct.calcsize(header.order + count_code)
    stream.seek(start)
    table = stream.read(count * step)
    if len(table) < count * step:
        raise ValueError("a directory is truncated")
    entries: dict[int, Entry] = {}
    for index in range(count):
        tag, kind, number, value = struct.unpack_from(header.order + entry_code + offset_code, table, index * step)
        size = SIZES.get(kind, 0) * number
        if size <= inline:
            value = start + (index + 1) * step - inline
        if size > 0 and value + size <= total:
            entries.setdefault(tag, Entry(tag, kind, number, value, size))
    if sum(entry.size for entry in entries.values()) > total:
        raise ValueError("its fields overlap")
    try:
        following = _unpack(stream, header.order + offset_code, start + count * step)
    except ValueError:
        following = 0
    return entries, following


def _codes(big: bool) -> tuple[str, str, str]:
    """Return the struct codes of the number of entries, of an entry without its value, and of an offset."""
    return ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")


def _unpack(stream: BinaryIO, code: str, offset: int) -> int:
    stream.seek(offset)
    data = stream.read(struct.calcsize(code))
    if len(data) < struct.calcsize(code):
        raise ValueError("a directory lies outside the file")
    return int(struct.unpack(code, data)[0])


def read_bytes(stream: BinaryIO, entry: Entry) -> bytes:
    """Return the bytes of an entry's value as stored."""
    stream.seek(entry.offset)
    return stream.read(entry.size)


def read_numbers(
    stream: BinaryIO, header: Header, entry: Entry | None, *, most: int = _MOST_VALUES
) -> tuple[float, ...]:
    """Return the first values, `most` at most, of a numeric entry, rationals as quotients; nothing for text."""
    if entry is None:
        return ()
    number = min(entry.number, most)
    data = read_bytes(stream, entry._replace(size=number * SIZES[entry.type]))
    if entry.type in (5, 10):
        code = "I" if entry.type == 5 else "i"
        parts = struct.unpack(f"{header.order}{2 * number}{code}", data)
        return tuple(top / bottom if bottom else 0.0 for top, bottom in zip(parts[::2], parts[1::2], strict=True))
    code = _CODES.get(entry.type, "")
    return struct.unpack(f"{header.order}{number}{code}", data) if code else ()


class Field(NamedTuple):
    """A field apart from any file; `data` is in the byte order of its directory."""

    type: int
    number: int
    data: bytes


@dataclass(frozen=True)
class Directory:
    """Fields by tag, and the child directories by the tag of their pointer."""

    fields: Mapping[int, Field]
    children: Mapping[int, Directory] = field(default_factory=dict)


def load(stream: BinaryIO, header: Header, offset: int) -> Directory:
    """Return the directory at `offset` with its children (Exif, GPS, interoperability).

    Raises
    ------
    ValueError
        If the directory is malformed, or has more than 64 MiB of values. Malformed children are left out.
    """
    return _load(stream, header, offset, 2, _Room(_MOST_METADATA))


class _Room:
    """The bytes that may still be loaded."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, entries: Mapping[int, Entry]) -> None:
        self.left -= sum(entry.size for entry in entries.values())
        if self.left < 0:
            raise ValueError("too much metadata")


def _load(stream: BinaryIO, header: Header, offset: int, depth: int, room: _Room) -> Directory:
    entries, _ = read_directory(stream, header, offset)
    room.take(entries)
    children = {}
    for tag in POINTERS if depth else ():
        if tag in entries:
            try:
                children[tag] = _load(stream, header, _pointer(stream, header, entries[tag]), depth - 1, room)
            except ValueError:
                continue
    plain = {
        entry.tag: Field(entry.type, entry.number, read_bytes(stream, entry))
        for entry in entries.values()
        if entry.tag not in POINTERS
    }
    return Directory(plain, children)


def _pointer(stream: BinaryIO, header: Header, entry: Entry) -> int:
    values = read_numbers(stream, header, entry)
    if len(values) != 1:
        raise ValueError("a pointer has several values")
    return int(values[0])


def dump(directory: Directory, order: str, base: int, *, big: bool = False, following: int = 0) -> bytes:
    """Return the bytes of a directory and its children, to be written at offset `base`; `following` is the next one's."""
    fields = {tag: item for tag, item in directory.fields.items() if big or item.type < 16}
    pointers = {tag: Field(4, 1, b"\0\0\0\0") for tag in directory.children}
    count_code, entry_code, offset_code = _codes(big)
    inline = struct.calcsize(order + offset_code)
    tags = sorted(fields | pointers)
    head = struct.calcsize(order + count_code) + len(tags) * (struct.calcsize(order + entry_code) + inline) + inline
    table, tail = [struct.pack(order + count_code, len(tags))], bytearray()
    for tag in tags:
        here = base + head + len(tail)
        if tag in pointers:
            item = Field(16 if big else 4, 1, struct.pack(order + offset_code, here))
            tail += dump(directory.children[tag], order, here, big=big)
        else:
            item = fields[tag]
        value = item.data
        if len(value) > inline:
            value = struct.pack(order + offset_code, here)
            tail += item.data + b"\0" * (len(item.data) % 2)
        table.append(struct.pack(order + entry_code, tag, item.type, item.number) + value.ljust(inline, b"\0"))
    return b"".join([*table, struct.pack(order + offset_code, following), tail])


def pack_header(header: Header) -> bytes:
    r"""Return the bytes of a header.

    >>> pack_header(Header("<", False, 8))
    b'II*\x00\x08\x00\x00\x00'
    """
    mark = b"II" if header.order == "<" else b"MM"
    if header.big:
        return mark + struct.pack(header.order + "HHHQ", 43, 8, 0, header.first)
    return mark + struct.pack(header.order + "HI", 42, header.first)


def dump_block(directory: Directory, order: str) -> bytes:
    """Return a directory as a self-contained block that begins with the TIFF header."""
    return pack_header(Header(order, False, 8)) + dump(directory, order, 8)
