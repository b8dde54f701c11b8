"""JPEG. Specification: ITU-T T.81 (markers), JFIF 1.02, EXIF 2.32, ICC.1:2022 annex B.4, XMP part 3."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from diptych.core.errors import PhotoFormatError
from diptych.photo import exif, icc
from diptych.photo.formats import check_size
from diptych.photo.photo import Photo
from diptych.photo.samples import from_pillow

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_ICC = b"ICC_PROFILE\0"
_SCAN, _COMMENT, _APP0, _APP1, _APP2, _APP14 = 0xDA, 0xFE, 0xE0, 0xE1, 0xE2, 0xEE
_SEGMENT_ROOM = 65533
_LONGEST_SIDE = 65535


class Segment(NamedTuple):
    """A marker segment: its marker byte, its content, and its offset in the file."""

    marker: int
    content: bytes
    start: int


def decode(stream: BinaryIO, max_pixels: int) -> Photo:
    """Decode a picture as stored; of several (MPO) the first, which is the primary one."""
    from PIL.JpegImagePlugin import JpegImageFile

    data = stream.read()
    segments = list(walk(data))
    # The decoder is given no metadata: they are parsed here, with bounds and without warnings.
    image = JpegImageFile(io.BytesIO(_bare(data, segments)))
    check_size(*image.size, max_pixels)
    image.load()
    block = _first(segments, _APP1, _EXIF)
    comment = _first(segments, _COMMENT, b"")
    pixels, alpha, profile = from_pillow(image, _join_profile(segments))
    return Photo(
        pixels,
        alpha=alpha,
        exif=block,
        icc_profile=profile,
        dpi=_density(segments) or (exif.resolution(block) if block else None),
        xmp=_first(segments, _APP1, _XMP),
        text={"Comment": comment.decode("utf-8", "replace").rstrip("\0")} if comment else {},
    )


def walk(data: bytes) -> Iterator[Segment]:
    """Yield the segments up to the start of the first scan; PhotoFormatError if they are malformed."""
    offset = 2
    while True:
        while data[offset : offset + 2] == b"\xff\xff":  # fill bytes
            offset += 1
        head = data[offset : offset + 4]
        if len(head) < 4:
            raise PhotoFormatError("is truncated; get a whole copy of it")
        if head[0] != 0xFF or head[1] in (0x00, 0xD8, 0xD9):
            raise PhotoFormatError("is damaged (a JPEG marker is missing); get a whole copy of it")
        if head[1] == 0x01 or 0xD0 <= head[1] <= 0xD7:  # markers without content
            offset += 2
            continue
        (length,) = struct.unpack(">H", head[2:])
        if length < 2 or offset + 2 + length > len(data):
            raise PhotoFormatError("is truncated; get a whole copy of it")
        yield Segment(head[1], data[offset + 4 : offset + 2 + length], offset)
        if head[1] == _SCAN:
            return
        offset += 2 + length


def frame_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height from the frame header of a JPEG stream, if it has one."""
    for segment in walk(data):
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


def _first(segments: list[Segment], marker: int, prefix: bytes) -> bytes | None:
    for segment in segments:
        if segment.marker == marker and segment.content.startswith(prefix):
            return segment.content[len(prefix) :]
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
    from PIL import Image

    height, width = photo.pixels.shape[:2]
    if max(height, width) > _LONGEST_SIDE:
        raise PhotoFormatError(f"JPEG allows {_LONGEST_SIDE} pixels a side, not {max(width, height)}; write a TIFF")
    out = io.BytesIO()
    Image.fromarray(photo.pixels).save(
        out,
        "JPEG",
        quality=quality,
        subsampling=0,
        dpi=_whole(photo.dpi),
        icc_profile=photo.icc_profile,
    )
    return _insert(out.getvalue(), _metadata(photo))


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
        segments.append((_APP1, _XMP + photo.xmp, "XMP packet"))
    if photo.text.get("Comment"):
        segments.append((_COMMENT, photo.text["Comment"].encode(), "comment"))
    for _, content, what in segments:
        if len(content) > _SEGMENT_ROOM:
            raise PhotoFormatError(f"JPEG cannot hold the photo's {what} of {len(content)} bytes; write PNG or TIFF")
    return [(marker, content) for marker, content, _ in segments]


def _insert(data: bytes, segments: list[tuple[int, bytes]]) -> bytes:
    if not segments:
        return data
    first = next(walk(data))
    offset = first.start + 4 + len(first.content) if first.marker == _APP0 else 2
    packed = [struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content for marker, content in segments]
    return b"".join([data[:offset], *packed, data[offset:]])
