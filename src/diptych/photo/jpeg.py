"""JPEG. Specification: ITU-T T.81 (markers), JFIF 1.02, EXIF 2.32, ICC.1:2022 annex B.4, XMP part 3."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import re
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from diptych.core.errors import PhotoFormatError
from diptych.photo import exif, icc, jpeg_limits, jpeg_pixels, mpf, xmp
from diptych.photo.formats import check_size
from diptych.photo.jpeg_tables import tables_of
from diptych.photo.photo import Photo

if TYPE_CHECKING:
    from PIL.JpegImagePlugin import JpegImageFile

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_ICC = b"ICC_PROFILE\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_IPTC_RESOURCE = b"\4\4"
_SCAN, _COMMENT, _APP0, _APP1, _APP2, _APP13, _APP14 = 0xDA, 0xFE, 0xE0, 0xE1, 0xE2, 0xED, 0xEE
_EOI = b"\xff\xd9"
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_MARKERS_ONLY = re.compile(rb"(?:\xff+[\x01\xd0-\xd7])*\xff*", re.DOTALL)
_SEGMENT_ROOM = 65533
_STRIP_SEGMENTS = 64
_MOST_RESOURCES = 1000  # of Photoshop
_MOST_PARTS = 255  # of a colour profile
_LONGEST_SIDE = 65535


class Segment(NamedTuple):
    """A marker segment: its marker byte, its content, and its offset in the file."""

    marker: int
    content: bytes
    start: int


def decode(stream: BinaryIO, max_pixels: int) -> Photo:
    """Decode a picture as stored; of several (MPO) the first, which is the primary one."""
    data = stream.read()
    segments = list(walk(data))
    if size := _frame_size(segments):
        check_size(*size, max_pixels)
        jpeg_limits.check_scans(data, segments[-1].start, *size)
    notes = ["has extraneous bytes between its markers, which are skipped"] if _has_gaps(data, segments) else []
    bare = _bare(data, segments)
    if data.find(_EOI, segments[-1].start) < 0:
        bare = _with_end(bare, max_pixels)
        notes.append("has no end marker; its pixels are complete")
    packet = _xmp(segments)
    notes += _left_out(segments, packet)
    pixels, profile = jpeg_pixels.decode(bare, _open(bare, max_pixels), _join_profile(segments))
    block = _first(segments, _APP1, _EXIF)
    comments = [segment.content for segment in segments if segment.marker == _COMMENT and segment.content]
    return Photo(
        pixels,
        exif=block,
        icc_profile=profile,
        dpi=_density(segments) or (exif.resolution(block) if block else None),
        xmp=packet,
        iptc=_iptc(segments),
        # Surrogates preserve bytes that are not UTF-8.
        text={"Comment": b"\n".join(comments).decode("utf-8", "surrogateescape").rstrip("\0")} if comments else {},
        jpeg=tables_of(segments),
        notes=tuple(notes),
    )


def _left_out(segments: list[Segment], packet: bytes | None) -> list[str]:
    """Name the pictures behind the first one; a gain map that the XMP packet describes is named with that."""
    described = packet is not None and "gain map" in xmp.without_parts(packet)[1]
    number = mpf.further_pictures(segment.content for segment in segments if segment.marker == _APP2) - described
    return (
        [f"has {number} further picture{'s, which are' if number > 1 else ', which is'} left out"] if number > 0 else []
    )


def _open(bare: bytes, max_pixels: int) -> JpegImageFile:
    from PIL.JpegImagePlugin import JpegImageFile

    # The decoder is given no metadata: they are parsed here, with bounds and without warnings.
    image = JpegImageFile(io.BytesIO(bare))
    check_size(*image.size, max_pixels)
    return image


def _with_end(bare: bytes, max_pixels: int) -> bytes:
    """Append an end marker to a picture without one; PhotoFormatError if pixels are missing too."""
    bare = bare.rstrip(b"\xff")
    # After a complete scan a decoder skips whatever precedes the end marker, but it would take it for missing pixels.
    padding = b"".join(b"\x5a\xc3\x17\x88" * 16 + bytes([0xFF, marker]) for marker in range(0xD0, 0xD8))
    ends = {hashlib.sha256(_open(bare + tail + _EOI, max_pixels).tobytes()).digest() for tail in (b"", padding)}
    if len(ends) > 1:
        raise PhotoFormatError("is truncated; get a whole copy of it")
    return bare + _EOI


def walk(data: bytes, *, most: int = jpeg_limits.MOST_SEGMENTS) -> Iterator[Segment]:
    """Yield the segments up to the start of the first scan; PhotoFormatError if they are malformed or more than `most`."""
    offset = 2
    for number in itertools.count():
        jpeg_limits.check_segments(number, most)
        found = _MARKER.search(data, offset)  # skips fill bytes and, like libjpeg, extraneous ones
        if found is None or found.end() + 2 > len(data):
            raise PhotoFormatError("is truncated; get a whole copy of it")
        offset, marker = found.start(), data[found.start() + 1]
        if marker in (0xD8, 0xD9):
            raise PhotoFormatError("is damaged (a JPEG marker is missing); get a whole copy of it")
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:  # markers without content
            offset += 2
            continue
        (length,) = struct.unpack_from(">H", data, offset + 2)
        if length < 2 or offset + 2 + length > len(data):
            raise PhotoFormatError("is truncated; get a whole copy of it")
        yield Segment(marker, data[offset + 4 : offset + 2 + length], offset)
        if marker == _SCAN:
            return
        offset += 2 + length


def _has_gaps(data: bytes, segments: list[Segment]) -> bool:
    ends = [2, *(segment.start + 4 + len(segment.content) for segment in segments)]
    gaps = (data[end : segment.start] for end, segment in zip(ends, segments, strict=False))
    return any(_MARKERS_ONLY.fullmatch(gap) is None for gap in gaps)


def check_strip(data: bytes) -> tuple[int, int] | None:
    """Return width and height from the frame header of a JPEG stream inside a TIFF, if it has one.

    Raises
    ------
    PhotoFormatError
        If it has more segments or scans than a strip needs.
    """
    segments = list(walk(data, most=_STRIP_SEGMENTS))
    size = _frame_size(segments)
    if size:
        jpeg_limits.check_scans(data, segments[-1].start, *size)
    return size


def _frame_size(segments: list[Segment]) -> tuple[int, int] | None:
    for segment in segments:
        if 0xC0 <= segment.marker <= 0xCF and segment.marker not in (0xC4, 0xC8, 0xCC) and len(segment.content) > 5:
            height, width = struct.unpack(">HH", segment.content[1:5])
            return width, height
    return None


def _bare(data: bytes, segments: list[Segment]) -> bytes:
    kept = [data[:2]]
    for segment in segments[:-1]:
        if not (_APP1 <= segment.marker < _APP14 or segment.marker in (0xEF, _COMMENT)):
            kept.append(data[segment.start : segment.start + 4] + segment.content)
    return b"".join([*kept, data[segments[-1].start :]])


def exif_of(data: bytes) -> bytes | None:
    """Return the EXIF block of a JPEG, or of the beginning of one; None if it has none."""
    segments: list[Segment] = []
    with contextlib.suppress(PhotoFormatError):
        segments.extend(walk(data))
    return _first(segments, _APP1, _EXIF)


def _first(segments: list[Segment], marker: int, prefix: bytes) -> bytes | None:
    for segment in segments:
        if segment.marker == marker and segment.content.startswith(prefix):
            return segment.content[len(prefix) :]
    return None


def _xmp(segments: list[Segment]) -> bytes | None:
    packet = _first(segments, _APP1, _XMP)
    parts = [
        s.content[len(_XMP_EXTENSION) :] for s in segments if s.marker == _APP1 and s.content.startswith(_XMP_EXTENSION)
    ]
    return xmp.join(packet, parts) if packet else None


def _iptc(segments: list[Segment]) -> bytes | None:
    """Return the IPTC records among Photoshop's image resources."""
    resources = b"".join(
        segment.content[len(_PHOTOSHOP) :]
        for segment in segments
        if segment.marker == _APP13 and segment.content.startswith(_PHOTOSHOP)
    )
    offset = 0
    for _ in range(_MOST_RESOURCES):
        if resources[offset : offset + 4] != b"8BIM" or offset + 12 > len(resources):
            break
        name = 1 + resources[offset + 6]
        start = offset + 6 + name + name % 2 + 4
        size = int.from_bytes(resources[start - 4 : start], "big")
        if resources[offset + 4 : offset + 6] == _IPTC_RESOURCE:
            return resources[start : start + size] or None
        offset = start + size + size % 2
    return None


def _join_profile(segments: list[Segment]) -> bytes | None:
    parts = {
        segment.content[12]: segment.content
        for segment in segments
        if segment.marker == _APP2 and segment.content.startswith(_ICC) and len(segment.content) > 14
    }
    if not parts or sorted(parts) != list(range(1, parts[min(parts)][13] + 1)):
        return None
    profile = b"".join(parts[number][14:] for number in sorted(parts))
    return profile if len(profile) <= icc.LARGEST else None


def _density(segments: list[Segment]) -> tuple[float, float] | None:
    content = _first(segments, _APP0, b"JFIF\0")
    if content is None or len(content) < 7:
        return None
    unit, x, y = struct.unpack(">BHH", content[2:7])
    factor = {1: 1.0, 2: 2.54}.get(unit, 0.0)
    return (x * factor, y * factor) if factor and x and y else None


def encode(photo: Photo, quality: int) -> bytes:
    """Return the bytes of a JPEG file without chroma subsampling (4:4:4)."""
    height, width = photo.pixels.shape[:2]
    if max(height, width) > _LONGEST_SIDE:
        raise PhotoFormatError(f"JPEG allows {_LONGEST_SIDE} pixels a side, not {max(width, height)}; write a TIFF")
    return _insert(jpeg_pixels.encode(photo.pixels, quality, _whole(photo.dpi)), _metadata(photo))


def _whole(dpi: tuple[float, float] | None) -> tuple[int, int]:
    # For (0, 0) the encoder writes no unit. Resolutions beyond 16-bit integers go into EXIF.
    return (round(dpi[0]), round(dpi[1])) if dpi and min(dpi) > 0.5 and max(dpi) <= _LONGEST_SIDE else (0, 0)


def _metadata(photo: Photo) -> list[tuple[int, bytes]]:
    segments = []
    block = photo.exif or (exif.with_resolution(photo.dpi) if photo.dpi and not any(_whole(photo.dpi)) else None)
    if block:
        if len(_EXIF + block) > _SEGMENT_ROOM:
            block = exif.compact(block)
        segments.append((_APP1, _EXIF + block, "EXIF block"))
    if photo.xmp:
        packet, extensions = xmp.split(photo.xmp, _SEGMENT_ROOM - len(_XMP_EXTENSION))
        segments.append((_APP1, _XMP + packet, "XMP packet"))
        segments += [(_APP1, _XMP_EXTENSION + part, "XMP packet") for part in extensions]
    if photo.iptc:
        resource = b"8BIM" + _IPTC_RESOURCE + b"\0\0" + struct.pack(">I", len(photo.iptc)) + photo.iptc
        resource += b"\0" * (len(resource) % 2)
        room = _SEGMENT_ROOM - len(_PHOTOSHOP)
        for start in range(0, len(resource), room):
            segments.append((_APP13, _PHOTOSHOP + resource[start : start + room], "IPTC records"))
    comment = photo.text.get("Comment", "").encode("utf-8", "surrogateescape")
    segments += [
        (_COMMENT, comment[at : at + _SEGMENT_ROOM], "comment") for at in range(0, len(comment), _SEGMENT_ROOM)
    ]
    for _, content, what in segments:
        if len(content) > _SEGMENT_ROOM:
            raise PhotoFormatError(f"JPEG cannot hold the photo's {what} of {len(content)} bytes; write PNG or TIFF")
    return [(marker, content) for marker, content, _ in segments] + _profile(photo.icc_profile)


def _profile(profile: bytes | None) -> list[tuple[int, bytes]]:
    room = _SEGMENT_ROOM - len(_ICC) - 2
    parts = [profile[at : at + room] for at in range(0, len(profile), room)] if profile else []
    if profile and len(parts) > _MOST_PARTS:
        raise PhotoFormatError(
            f"JPEG cannot hold the photo's colour profile of {len(profile)} bytes; write PNG or TIFF"
        )
    return [(_APP2, _ICC + bytes([number, len(parts)]) + part) for number, part in enumerate(parts, 1)]


def _insert(data: bytes, segments: list[tuple[int, bytes]]) -> bytes:
    if not segments:
        return data
    first = next(walk(data))
    offset = first.start + 4 + len(first.content) if first.marker == _APP0 else 2
    packed = [struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content for marker, content in segments]
    return b"".join([data[:offset], *packed, data[offset:]])
