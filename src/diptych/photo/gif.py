"""GIF, single pictures and animations. Specification: GIF89a (CompuServe, 1990), and the loop extension of Netscape."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from diptych.core.errors import PhotoFormatError
from diptych.core.image import Image
from diptych.photo.formats import check_size
from diptych.photo.photo import Photo
from diptych.photo.samples import split_alpha

if TYPE_CHECKING:
    from diptych.photo.frames import Frames

_TRUNCATED = "is truncated; get a whole copy of it"
_EXTENSION, _PICTURE, _END = 0x21, 0x2C, 0x3B
_CONTROL, _COMMENT, _APPLICATION = 0xF9, 0xFE, 0xFF
_MOST_BLOCKS = 1 << 20
_XMP_TAIL = 258


class _Outline(NamedTuple):
    """What a GIF says of itself: the size that holds all frames, their times in ms, loops, and texts."""

    width: int
    height: int
    durations: tuple[int, ...]
    loops: int
    comment: str
    xmp: bytes | None


def decode(stream: BinaryIO, max_pixels: int) -> Photo:
    """Decode a single picture."""
    data = stream.read()
    outline = _outline(data)
    check_size(outline.width, outline.height, max_pixels)
    if len(outline.durations) > 1:
        raise PhotoFormatError(f"is an animation of {len(outline.durations)} frames; extract the frames first")
    return _photos(data, outline)[0]


def decode_frames(stream: BinaryIO, max_pixels: int) -> Frames | None:
    """Decode all frames of an animation; None of a single picture."""
    from diptych.photo.frames import Frames, check_count

    data = stream.read()
    outline = _outline(data)
    if len(outline.durations) < 2:
        return None
    check_count(outline.width, outline.height, len(outline.durations), max_pixels)
    return Frames(_photos(data, outline), outline.durations, outline.loops)


def _outline(data: bytes) -> _Outline:
    """Walk through the blocks; nothing is decoded."""
    if len(data) < 13:
        raise PhotoFormatError(_TRUNCATED)
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    durations: list[int] = []
    comments: list[bytes] = []
    delay, loops, xmp = 0, 1, None
    for kind, label, content in _blocks(data, 13 + _palette_length(flags)):
        if kind == _PICTURE:
            left, top, across, down = struct.unpack("<4H", content)
            width, height = max(width, left + across), max(height, top + down)
            durations.append(10 * delay)
            delay = 0
        elif label == _CONTROL and len(content) >= 4:
            delay = int.from_bytes(content[1:3], "little")
        elif label == _COMMENT:
            comments.append(content)
        elif label == _APPLICATION and content[:11] in (b"NETSCAPE2.0", b"ANIMEXTS1.0") and len(content) >= 14:
            stored = int.from_bytes(content[12:14], "little")
            loops = stored + 1 if stored else 0
        elif label == _APPLICATION and content.startswith(b"XMP DataXMP"):
            xmp = content[11:]
    if not durations:
        raise PhotoFormatError("has no picture in it; get a whole copy of it")
    text = b"\n".join(comments).decode("utf-8", "surrogateescape")
    return _Outline(width, height, tuple(durations), loops, text, xmp)


def _palette_length(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _blocks(data: bytes, place: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield kind, label and content of each extension, and of each picture its place and size."""
    for _ in range(_MOST_BLOCKS):
        kind = data[place] if place < len(data) else _END
        if kind == _END:
            return
        if kind == _EXTENSION and place + 2 < len(data):
            content, after = _extension(data, place)
            yield kind, data[place + 1], content
            place = after
        elif kind == _PICTURE and place + 11 <= len(data):
            yield kind, 0, data[place + 1 : place + 9]
            place = _after(data, place + 11 + _palette_length(data[place + 9]))
        else:
            raise PhotoFormatError("is damaged (a block is of no known kind); get a whole copy of it")
    raise PhotoFormatError(f"has more than {_MOST_BLOCKS} blocks; save it again with another program")


def _extension(data: bytes, place: int) -> tuple[bytes, int]:
    """Return the content of an extension, and the offset behind it."""
    if data[place + 1] == _APPLICATION and data[place + 3 : place + 14] == b"XMP DataXMP":
        after = _after(data, place + 2)
        # The packet lies there as it is, before a tail that leads a reader of blocks to the end.
        return data[place + 3 : max(after - _XMP_TAIL, place + 14)], after
    parts, start = [], place + 2
    while start < len(data) and data[start]:
        parts.append(data[start + 1 : start + 1 + data[start]])
        start += 1 + data[start]
    return b"".join(parts), start + 1


def _after(data: bytes, place: int) -> int:
    """Return the offset behind a row of blocks."""
    while place < len(data):
        if not data[place]:
            return place + 1
        place += 1 + data[place]
    raise PhotoFormatError(_TRUNCATED)


def _photos(data: bytes, outline: _Outline) -> tuple[Photo, ...]:
    from PIL.GifImagePlugin import GifImageFile

    image = GifImageFile(io.BytesIO(data))
    if image.size[0] > outline.width or image.size[1] > outline.height:
        raise PhotoFormatError("is damaged (its sizes make no sense); get a whole copy of it")
    samples = []
    for index in range(len(outline.durations)):
        image.seek(index)
        samples.append(np.asarray(image.convert("RGBA")))
    opaque = all((one[..., 3] == 255).all() for one in samples)
    grey = all((one[..., :1] == one[..., 1:3]).all() for one in samples)
    text = {"Comment": outline.comment} if outline.comment else {}
    return tuple(
        Photo(pixels, alpha=alpha, xmp=outline.xmp, text=text)
        for pixels, alpha in (split_alpha(_plain(one, grey=grey, opaque=opaque)) for one in samples)
    )


def _plain(samples: Image, *, grey: bool, opaque: bool) -> Image:
    """Return RGB and opacity without the channels that say nothing."""
    colours = samples[..., :1] if grey else samples[..., :3]
    return colours if opaque else np.concatenate([colours, samples[..., 3:]], axis=2)


def encode(photo: Photo, quality: int) -> bytes:
    """Return the bytes of a GIF of one picture; `quality` is not used."""
    from diptych.photo.gif_write import encode_all

    return encode_all((photo,), (), 1)


def encode_frames(frames: Frames, quality: int) -> bytes:
    """Return the bytes of an animation; `quality` is not used."""
    from diptych.photo.gif_write import encode_all

    return encode_all(frames.photos, frames.durations, frames.loops)
