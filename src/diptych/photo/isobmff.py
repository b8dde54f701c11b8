"""Boxes of ISO base media files, items of HEIF and AVIF. Specification: ISO/IEC 14496-12, 23008-12; AV1 image file format 1.2.

What the boxes say of each item is resolved; nothing is decoded. `isobmff_write` adds EXIF, XMP and a colour profile to a file.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from diptych.core.errors import PhotoFormatError

_MOST_BOXES = 10_000
_MOST_META = 4 << 20  # bytes that describe the items
XMP_TYPE = b"application/rdf+xml"
"""Media type of an item that is an XMP packet."""
_SIZES = (0, 4, 8)  # of the numbers in an item location box


class Box(NamedTuple):
    """A box: its kind, and where its content starts and ends."""

    kind: bytes
    start: int
    end: int


class Property(NamedTuple):
    """A property of an item: its kind, its content, and whether a reader must understand it."""

    kind: bytes
    content: bytes
    essential: bool = False


@dataclass(frozen=True)
class Item:
    """An item: its kind, the spans of the file that it occupies, its properties in order, and its media type."""

    kind: bytes
    spans: tuple[tuple[int, int], ...] = ()
    properties: tuple[Property, ...] = ()
    media_type: bytes = b""
    hidden: bool = False

    def get(self, kind: bytes) -> bytes:
        """Return the content of its first property of a kind; nothing if it has none."""
        return next((one.content for one in self.properties if one.kind == kind), b"")


class Reference(NamedTuple):
    """A reference of an item to others, e.g. of an auxiliary picture to that which it belongs to (``auxl``)."""

    kind: bytes
    source: int
    targets: tuple[int, ...]


@dataclass(frozen=True)
class Container:
    """What the boxes of a file say of its items."""

    data: bytes
    brands: bytes
    primary: int
    items: Mapping[int, Item]
    references: tuple[Reference, ...]
    has_track: bool = False
    """Whether there is a sequence of pictures besides the items."""

    def content(self, item: Item) -> bytes:
        """Return the bytes of an item."""
        if sum(end - start for start, end in item.spans) > len(self.data):
            raise PhotoFormatError("is damaged (an item exceeds the file); get a whole copy of it")
        return b"".join(self.data[start:end] for start, end in item.spans)

    def sources(self, kind: bytes, target: int) -> list[int]:
        """Return the items that refer to another one in a certain way."""
        return [one.source for one in self.references if one.kind == kind and target in one.targets]

    def exif(self) -> bytes | None:
        """Return the EXIF block from its byte-order mark on."""
        content = next((self.content(item) for item in self.items.values() if item.kind == b"Exif"), b"")
        start = 4 + int.from_bytes(content[:4], "big")
        return content[start:].removeprefix(b"Exif\0\0") or None

    def xmp(self) -> bytes | None:
        """Return the XMP packet."""
        for item in self.items.values():
            if item.kind == b"mime" and item.media_type == XMP_TYPE:
                return self.content(item) or None
        return None


def walk(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two offsets; PhotoFormatError if one exceeds them."""
    for number in itertools.count():
        if number > _MOST_BOXES:
            raise PhotoFormatError(f"has more than {_MOST_BOXES} boxes; save it again with another program")
        if start + 8 > end:
            return
        length, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if length == 1 and start + 16 <= end:
            (length,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        stop = start + length if length else end
        if (length and length < head) or stop > end:
            raise PhotoFormatError("is truncated or damaged (a box exceeds the file); get a whole copy of it")
        yield Box(kind, start + head, stop)
        start = stop


def read(data: bytes) -> Container:
    """Read the boxes of a HEIF or AVIF file; PhotoFormatError if it has no items or they make no sense."""
    outer = {box.kind: box for box in reversed(list(walk(data, 0, len(data))))}
    if b"meta" not in outer:
        raise PhotoFormatError("is a video or has no picture in it; extract a frame first")
    meta = outer[b"meta"]
    if meta.end - meta.start > _MOST_META:
        raise PhotoFormatError(f"has more than {_MOST_META >> 20} MiB of boxes; save it again with another program")
    inner = {box.kind: box for box in reversed(list(walk(data, meta.start + 4, meta.end)))}
    try:
        return _container(data, outer, inner)
    except (struct.error, IndexError, KeyError) as error:
        raise PhotoFormatError("is damaged (its items make no sense); get a whole copy of it") from error


def _container(data: bytes, outer: Mapping[bytes, Box], inner: Mapping[bytes, Box]) -> Container:
    primary = _Reader(data, inner[b"pitm"])
    wide = primary.number(4) >> 24 > 0
    items = dict(_entries(data, inner[b"iinf"]))
    base = inner[b"idat"].start if b"idat" in inner else 0
    for key, spans in _locations(data, inner[b"iloc"], base):
        if key in items:
            items[key] = replace(items[key], spans=spans)
    for key, properties in _properties(data, inner[b"iprp"]):
        if key in items:
            items[key] = replace(items[key], properties=properties)
    references = tuple(_references(data, inner[b"iref"])) if b"iref" in inner else ()
    brands = data[outer[b"ftyp"].start : outer[b"ftyp"].end]
    return Container(data, brands, primary.number(4 if wide else 2), items, references, b"moov" in outer)


class _Reader:
    """Reads numbers from a box, one after the other; struct.error at its end."""

    def __init__(self, data: bytes, box: Box) -> None:
        self.data, self.place, self.end = data, box.start, box.end

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        if self.place + size > self.end:
            raise struct.error("the box ends")
        self.place += size
        return self.data[self.place - size : self.place]

    def text(self) -> bytes:
        stop = self.data.find(b"\0", self.place, self.end)
        text = self.data[self.place : stop if stop >= 0 else self.end]
        self.place += len(text) + 1
        return text


def _entries(data: bytes, box: Box) -> Iterator[tuple[int, Item]]:
    head = _Reader(data, box)
    wide = head.number(4) >> 24 > 0
    head.number(4 if wide else 2)
    for inner in walk(data, head.place, box.end):
        entry = _Reader(data, inner)
        flags = entry.number(4)
        if inner.kind != b"infe" or flags >> 24 < 2:
            continue
        key = entry.number(2 if flags >> 24 == 2 else 4)
        entry.number(2)
        kind = entry.take(4)
        entry.text()
        yield key, Item(kind, media_type=entry.text() if kind == b"mime" else b"", hidden=bool(flags & 1))


def _locations(data: bytes, box: Box, base: int) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
    """Yield the spans of each item in the file; `base` is where the item data box starts."""
    head = _Reader(data, box)
    version = head.number(4) >> 24
    sizes = head.number(2)
    of_offset, of_length, of_base, of_index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    of_index = of_index if version else 0
    if not {of_offset, of_length, of_base, of_index} <= set(_SIZES):
        raise struct.error("no such size")
    total = size = 0
    for _ in range(head.number(4 if version > 1 else 2)):
        key = head.number(4 if version > 1 else 2)
        method = head.number(2) & 15 if version else 0
        head.number(2)
        start = head.number(of_base) + (base if method == 1 else 0)
        spans = []
        count = head.number(2)
        total += count
        if total > _MOST_BOXES:
            raise PhotoFormatError(f"has items of more than {_MOST_BOXES} parts; save it again with another program")
        for _ in range(count):
            head.number(of_index)
            first = start + head.number(of_offset)
            length = head.number(of_length)
            last = first + length if length else len(data)
            if last > len(data) or method > 1:
                raise PhotoFormatError("is truncated or damaged (an item exceeds the file); get a whole copy of it")
            spans.append((first, last))
            size += last - first
            if size > 2 * len(data):
                raise PhotoFormatError("is damaged (its items overlap); get a whole copy of it")
        yield key, tuple(spans)


def _properties(data: bytes, box: Box) -> Iterator[tuple[int, tuple[Property, ...]]]:
    inner = list(walk(data, box.start, box.end))
    store = next(one for one in inner if one.kind == b"ipco")
    known = [Property(one.kind, data[one.start : one.end]) for one in walk(data, store.start, store.end)]
    for one in inner:
        if one.kind != b"ipma":
            continue
        head = _Reader(data, one)
        flags = head.number(4)
        size = 2 if flags & 1 else 1
        for _ in range(head.number(4)):
            key = head.number(2 if flags >> 24 < 1 else 4)
            numbers = [head.number(size) for _ in range(head.number(1))]
            top = 1 << 8 * size - 1
            chosen = [(number & top - 1, number >= top) for number in numbers]
            yield key, tuple(known[index - 1]._replace(essential=must) for index, must in chosen if index)


def _references(data: bytes, box: Box) -> Iterator[Reference]:
    size = 4 if data[box.start] else 2
    for inner in walk(data, box.start + 4, box.end):
        entry = _Reader(data, inner)
        source = entry.number(size)
        yield Reference(inner.kind, source, tuple(entry.number(size) for _ in range(entry.number(2))))
