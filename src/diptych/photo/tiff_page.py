"""Checks of a TIFF's directories before anything is decoded: which page, how large, and whether its data are complete."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from diptych.core.errors import PhotoFormatError, PhotoTooLargeError
from diptych.photo import exif, ifd, jpeg
from diptych.photo.formats import check_size

_REDUCED, _MASK = 1, 4
_MOST_PAGES = 10_000
_MOST_ENTRIES = 200_000
_JPEG = 7
_COMPRESSIONS = {1, 2, 3, 4, 5, _JPEG, 8, 32773, 32946, 34925, 50000}
"""None, CCITT, LZW, JPEG, deflate, PackBits, LZMA, Zstandard: their output can be bounded beforehand."""

_KEPT = (258, 259, 262, 266, 284, 292, 293, 317, 320, 322, 323, 338, 339, 347, 530)
"""Tags of the fields that the decoder needs unchanged."""

_LONGEST = {258: 1 << 16, 320: 3 << 16, 338: 1 << 16, 339: 1 << 16, 347: 1 << 16}
"""Values that these fields may have; others have a few."""
_FEW = 8

_SMALL_TILE, _LARGEST_TILE = 1 << 24, 1 << 28  # pixels
_MOST_SEGMENTS = 1 << 22


Directory = tuple[int, dict[int, ifd.Entry]]
"""The offset of a directory and its entries by tag."""


@dataclass(frozen=True)
class Page:
    """The fields of a page."""

    header: ifd.Header
    offset: int
    entries: Mapping[int, ifd.Entry]
    numbers: Mapping[int, tuple[int, ...]]
    """The values of numeric fields, by tag."""
    width: int
    height: int
    samples: int
    rows: int
    """Rows per strip, at most the height; 0 if there are tiles."""
    segments: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    """The offsets and the byte counts of the strips or tiles."""
    notes: tuple[str, ...] = ()

    def number(self, tag: int, default: int) -> int:
        """Return the first value of a field, or the default."""
        return self.numbers[tag][0] if self.numbers.get(tag) else default


def read_page(stream: BinaryIO, max_pixels: int) -> Page:
    """Return the one full-size page; PhotoError if there are several, it is too large, or its data are incomplete."""
    header = ifd.read_header(stream)
    pages = full_size(stream, header)
    if len(pages) > 1:
        raise PhotoFormatError(f"has {len(pages)} pages; split it into files of one page first")
    return checked(stream, header, pages[0], max_pixels)


def checked(stream: BinaryIO, header: ifd.Header, found: Directory, max_pixels: int) -> Page:
    """Return one of several full-size pages; PhotoError if it is too large, or its data are incomplete."""
    page = _describe(stream, header, *found)
    check_size(page.width, page.height, max_pixels, page.samples)
    if page.number(259, 1) not in _COMPRESSIONS:
        raise PhotoFormatError(f"is compressed by method {page.number(259, 1)}; save it again with LZW or deflate")
    for tag in (258, 339):
        if len(set(page.numbers.get(tag, ()))) > 1:
            raise PhotoFormatError("has channels of different depths; save it with one depth")
    stored = _stored_segments(stream, page, _count_segments(page, max_pixels))
    page = replace(page, segments=_mended(stream, page, *stored))
    _check_data(stream, page, max_pixels)
    if stored != page.segments:
        return replace(page, notes=("has missing or wrong byte counts of strips, which are computed",))
    return page


def full_size(stream: BinaryIO, header: ifd.Header) -> list[Directory]:
    """Return the directories of the full-size pages, one or more: no thumbnails or masks."""
    found: list[Directory] = []
    seen: set[int] = set()
    # Directories that do not overlap have fields of 12 bytes and more.
    offset, left = header.first, min(_MOST_ENTRIES, stream.seek(0, io.SEEK_END) // 12)
    while offset and offset not in seen and len(seen) < _MOST_PAGES:
        seen.add(offset)
        try:
            left -= ifd.count_fields(stream, header, offset)
            if left < 0:
                raise PhotoFormatError("has too many pages or fields; save it again, in a file of one page")
            entries, following = ifd.read_directory(stream, header, offset)
        except ValueError as error:
            raise PhotoFormatError(f"is damaged or truncated ({error}); get a whole copy of it") from None
        kind = _numbers(stream, header, entries, 254)
        if not kind or not kind[0] & (_REDUCED | _MASK):
            found.append((offset, entries))
        offset = following
    if not found:
        raise PhotoFormatError("has no full-size page, like raw camera files; convert it to TIFF or PNG first")
    return found


def _numbers(
    stream: BinaryIO, header: ifd.Header, entries: Mapping[int, ifd.Entry], tag: int, *, most: int | None = None
) -> tuple[int, ...]:
    most = _LONGEST.get(tag, _FEW) if most is None else most
    return tuple(int(value) for value in ifd.read_numbers(stream, header, entries.get(tag), most=most))


def _describe(stream: BinaryIO, header: ifd.Header, offset: int, entries: dict[int, ifd.Entry]) -> Page:
    for tag in _KEPT:
        if tag in entries and entries[tag].number > _LONGEST.get(tag, _FEW):
            raise PhotoFormatError(f"is damaged (field {tag} has {entries[tag].number} values); get a whole copy of it")

    def number(tag: int, default: int) -> int:
        return (*_numbers(stream, header, entries, tag), default)[0]

    height = number(257, 0)
    return Page(
        header,
        offset,
        entries,
        {tag: _numbers(stream, header, entries, tag) for tag in (*_KEPT, exif.ORIENTATION)},
        width=number(256, 0),
        height=height,
        samples=number(277, 1),
        rows=0 if 324 in entries else min(max(number(278, height), 1), height),
    )


def _check_data(stream: BinaryIO, page: Page, max_pixels: int) -> None:
    """Refuse a page with strips or tiles that are missing, outside the file, or larger than their header says."""
    total = stream.seek(0, io.SEEK_END)
    offsets, lengths = page.segments
    if min(len(offsets), len(lengths)) < _count_segments(page, max_pixels):
        raise PhotoFormatError("is damaged (strips or tiles are missing); get a whole copy of it")
    for offset, length in zip(offsets, lengths, strict=True):
        if length < 1 or offset < 8 or offset + length > total:
            raise PhotoFormatError("is truncated (strips or tiles are missing); get a whole copy of it")
    # Some programs store equal tiles once, so that together they may be longer than the file, but not without bounds.
    samples = page.width * page.height * page.samples * -(-page.number(258, 1) // 8)
    if sum(lengths) > total + samples:
        raise PhotoFormatError("is damaged (strips or tiles overlap); get a whole copy of it")
    if page.number(259, 1) == _JPEG:
        _check_frames(stream, page)


def _mended(
    stream: BinaryIO, page: Page, offsets: tuple[int, ...], lengths: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the offsets and byte counts of strips or tiles.

    If the page is uncompressed, counts that are missing, 0 or too large are replaced by the size of the samples.
    """
    if page.number(259, 1) != 1:
        return offsets, lengths
    total = stream.seek(0, io.SEEK_END)
    lengths += (0,) * (len(offsets) - len(lengths))
    plain = [_plain_length(page, index) for index in range(len(offsets))]
    mended = (
        length if 0 < length <= total - offset else size
        for offset, length, size in zip(offsets, lengths, plain, strict=False)
    )
    # Whatever follows the samples of a strip is not read.
    return offsets, tuple(min(length, max(size, 1)) for length, size in zip(mended, plain, strict=True))


def _plain_length(page: Page, index: int) -> int:
    """Return the bytes of an uncompressed strip or tile."""
    samples = 1 if page.number(284, 1) == 2 else page.samples
    width, rows = (page.width, page.rows) if page.rows else (page.number(322, 0), page.number(323, 0))
    if page.rows:
        strips = -(-page.height // page.rows)
        rows = min(rows, page.height - index % strips * rows)
    return rows * -(-width * samples * page.number(258, 1) // 8)


def _stored_segments(stream: BinaryIO, page: Page, number: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the offsets and byte counts of the first `number` strips or tiles as stored."""
    tags = (273, 279) if page.rows else (324, 325)
    offsets, lengths = (_numbers(stream, page.header, page.entries, tag, most=number) for tag in tags)
    return offsets, lengths


def _count_segments(page: Page, max_pixels: int) -> int:
    """Return the number of strips or tiles that the page needs."""
    planes = page.samples if page.number(284, 1) == 2 else 1
    if page.rows:
        number = planes * -(-page.height // page.rows)
    else:
        across, down = page.number(322, 0), page.number(323, 0)
        # Tiles are not cropped at the edges, so they may be larger than a small page.
        check_size(across, down, max(max_pixels, _SMALL_TILE), page.samples)
        if across * down > _LARGEST_TILE:
            raise PhotoTooLargeError(f"has tiles of {across} x {down} pixels; save it in smaller ones")
        number = planes * -(-page.width // across) * -(-page.height // down)
    if number > min(max(max_pixels // 256, _MOST_SEGMENTS >> 6), _MOST_SEGMENTS):
        raise PhotoFormatError(f"has {number} strips or tiles; save it in larger ones")
    return number


def _check_frames(stream: BinaryIO, page: Page) -> None:
    """Refuse JPEG strips or tiles of other sizes than the page says, and those that take long to decode."""
    room = (page.width, page.rows) if page.rows else (page.number(322, 0), page.number(323, 0))
    sizes: dict[tuple[int, int], tuple[int, int] | None] = {}
    for offset, length in zip(*page.segments, strict=True):
        if (offset, length) not in sizes:
            stream.seek(offset)
            sizes[offset, length] = jpeg.check_strip(stream.read(length))
        size = sizes[offset, length]
        if size and (size[0] > room[0] + 16 or size[1] > room[1] + 16):
            raise PhotoFormatError("is damaged (a strip is larger than the page says); get a whole copy of it")


def sanitize(stream: BinaryIO, page: Page) -> BinaryIO:
    """Return the file with a new directory that holds checked fields only.

    A decoder would otherwise also follow other pages and private fields of microscopes.
    """
    order, big = page.header.order, page.header.big
    wide, code = (16, "Q") if big else (4, "I")

    def field(*values: int) -> ifd.Field:
        return ifd.Field(wide, len(values), struct.pack(f"{order}{len(values)}{code}", *values))

    fields = {tag: _copy(stream, page.entries[tag]) for tag in _KEPT if tag in page.entries}
    fields |= {256: field(page.width), 257: field(page.height), 277: field(page.samples)}
    offsets, lengths = page.segments
    if page.rows:
        fields |= {273: field(*offsets), 278: field(page.rows), 279: field(*lengths)}
    else:
        fields |= {324: field(*offsets), 325: field(*lengths)}
    end = stream.seek(0, io.SEEK_END)
    directory = ifd.dump(ifd.Directory(fields), order, end, big=big)
    header = ifd.pack_header(page.header._replace(first=end))
    return cast(BinaryIO, io.BufferedReader(_Patched(stream, header, directory)))


def _copy(stream: BinaryIO, entry: ifd.Entry) -> ifd.Field:
    return ifd.Field(entry.type, entry.number, ifd.read_bytes(stream, entry))


class _Patched(io.RawIOBase):
    """A read-only view of a file with its head replaced and a tail appended."""

    def __init__(self, stream: BinaryIO, head: bytes, tail: bytes) -> None:
        self._stream, self._head, self._tail = stream, head, tail
        self._end = stream.seek(0, io.SEEK_END)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence, self._end + len(self._tail))
        self._position = max(start + offset, 0)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        position, length = self._position, len(buffer)
        if position < len(self._head):
            part = self._head[position : position + length]
        elif position < self._end:
            self._stream.seek(position)
            part = self._stream.read(min(length, self._end - position))
        else:
            part = self._tail[position - self._end : position - self._end + length]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)
