"""Animated WebP. Specification: RFC 9649, section 2.7."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from diptych.core.errors import PhotoFormatError
from diptych.core.image import Image
from diptych.photo import webp
from diptych.photo.photo import Photo
from diptych.photo.samples import split_alpha

if TYPE_CHECKING:
    from diptych.photo.frames import Frames

_ICC, _ALPHA, _EXIF, _XMP, _ANIMATION = 0x20, 0x10, 0x08, 0x04, 0x02
_REPLACE = 2  # a frame, in full, takes the place of what is there
_LONGEST = (1 << 24) - 1  # milliseconds
_BITSTREAMS = (b"ALPH", b"VP8 ", b"VP8L")


def decode_frames(stream: BinaryIO, max_pixels: int) -> Frames | None:
    """Decode all frames of an animation; None of a single picture."""
    from diptych.photo.frames import Frames, check_count

    data = stream.read()
    chunks = list(webp.walk(data))
    frames = [content for name, content in chunks if name == b"ANMF"]
    if len(frames) < 2:
        return None
    if any(len(content) < 24 for content in frames):
        raise PhotoFormatError("is damaged (its frames make no sense); get a whole copy of it")
    width, height = webp.size_of(chunks)
    check_count(width, height, len(frames), max_pixels)
    for content in frames:  # its data may say another size than it
        inner = list(webp.walk(b"RIFF" + struct.pack("<I", len(content) - 12) + b"WEBP" + content[16:]))
        across, down = webp.size_of(inner)
        check_count(max(across, 1), max(down, 1), 1, max_pixels)
    durations = tuple(int.from_bytes(content[12:15], "little") for content in frames)
    control = next((content for name, content in chunks if name == b"ANIM" and len(content) > 5), bytes(6))
    loops = int.from_bytes(control[4:6], "little")
    pictures = list(_decoded(data, len(frames)))
    opaque = all(alpha is None or (alpha == 255).all() for _, alpha in pictures)
    whole = webp.photo_of(chunks, pictures[0][0], None)
    whole = replace(whole, lossless=all(content[16:20] == b"VP8L" for content in frames))
    photos = (replace(whole, pixels=pixels, alpha=None if opaque else alpha) for pixels, alpha in pictures)
    return Frames(tuple(photos), durations, loops)


def _decoded(data: bytes, number: int) -> Iterator[tuple[Image, Image | None]]:
    """Yield pixels and opacity of each frame as it is shown."""
    from PIL.WebPImagePlugin import WebPImageFile

    image = WebPImageFile(io.BytesIO(data))
    for index in range(number):
        image.seek(index)
        yield split_alpha(np.asarray(image.convert("RGBA")))


def encode_frames(frames: Frames, quality: int) -> bytes:
    """Return the bytes of an animation whose frames are each whole."""
    photos = frames.photos
    height, width = photos[0].pixels.shape[:2]
    flags = _ANIMATION | (_ALPHA if any(photo.alpha is not None for photo in photos) else 0)
    parts = []
    for photo, milliseconds in zip(photos, frames.durations, strict=True):
        single = webp.encode(Photo(photo.pixels, alpha=photo.alpha, lossless=photo.lossless), quality)
        bitstreams = b"".join(packed(name, content) for name, content in webp.walk(single) if name in _BITSTREAMS)
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        duration = min(milliseconds, _LONGEST).to_bytes(3, "little")
        parts.append(packed(b"ANMF", bytes(6) + size + duration + bytes([_REPLACE]) + bitstreams))
    # Metadata are encoded with the first frame, and taken from there.
    first = dict(webp.walk(webp.encode(replace(photos[0], alpha=None), quality)))
    for name, flag in ((b"ICCP", _ICC), (b"EXIF", _EXIF), (b"XMP ", _XMP)):
        flags |= flag if name in first else 0
    head = struct.pack("<B3x", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    profile = [packed(b"ICCP", first[b"ICCP"])] if b"ICCP" in first else []
    texts = [packed(name, first[name]) for name in (b"EXIF", b"XMP ") if name in first]
    animation = packed(b"ANIM", struct.pack("<IH", 0, min(frames.loops, 65535)))
    body = b"".join([b"WEBP", packed(b"VP8X", head), *profile, animation, *parts, *texts])
    return b"RIFF" + struct.pack("<I", len(body)) + body


def packed(name: bytes, content: bytes) -> bytes:
    """Return the bytes of a chunk."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
