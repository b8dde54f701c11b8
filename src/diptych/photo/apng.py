"""Animated PNG, 8 and 16 bits. Specification: PNG, third edition (W3C, 2025), sections 4.9 and 11.3.6."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from diptych.core.errors import PhotoFormatError
from diptych.core.image import Image, white_level
from diptych.photo import png
from diptych.photo.samples import join_alpha, split_alpha

if TYPE_CHECKING:
    from diptych.photo.frames import Frames

_DAMAGED = "is damaged (its frames make no sense); get a whole copy of it"
_BACKGROUND, _PREVIOUS = 1, 2  # ways to dispose of a frame
_OVER = 1  # a way to blend it
_GREY, _PALETTE = (0, 4), 3  # colour types
_HEAD = struct.Struct(">IIIIIHHBB")


@dataclass(frozen=True)
class _Control:
    """A frame control chunk, and the image data that follow it."""

    width: int
    height: int
    left: int
    top: int
    milliseconds: int
    dispose: int
    blend: int
    data: tuple[bytes, ...] = ()


def decode_frames(stream: BinaryIO, max_pixels: int) -> Frames | None:
    """Decode all frames of an animation; None of a single picture."""
    from diptych.photo.frames import Frames, check_count

    data = stream.read()
    chunks = list(png.walk(data, with_data=True))
    control = next((chunk.content for chunk in chunks if chunk.name == b"acTL"), b"")
    if len(control) != 8 or int.from_bytes(control[:4], "big") < 2:
        return None
    header = chunks[0].content
    width, height = struct.unpack_from(">II", header)
    controls = list(_controls(chunks))
    check_count(width, height, max(len(controls), 1), max_pixels)
    if len(controls) != int.from_bytes(control[:4], "big"):
        raise PhotoFormatError("is truncated (frames are missing); get a whole copy of it")
    for one in controls:
        if not (
            one.data and one.width and one.height and one.left + one.width <= width and one.top + one.height <= height
        ):
            raise PhotoFormatError(_DAMAGED)
    shared = [chunk for chunk in chunks if chunk.name in (b"PLTE", b"tRNS")]
    photos = tuple(_composed(controls, header, shared))
    whole = png.photo_of(chunks, photos[0], None)
    frames = [replace(whole, pixels=pixels, alpha=alpha) for pixels, alpha in _separated(photos, header[9])]
    return Frames(tuple(frames), tuple(one.milliseconds for one in controls), int.from_bytes(control[4:], "big"))


def _controls(chunks: list[png.Chunk]) -> Iterator[_Control]:
    """Yield the frames; a first picture that is not one of them is left out."""
    current: _Control | None = None
    parts: list[bytes] = []
    for chunk in chunks:
        if chunk.name == b"fcTL":
            if current:
                yield replace(current, data=tuple(parts))
            if len(chunk.content) != _HEAD.size:
                raise PhotoFormatError(_DAMAGED)
            _, width, height, left, top, number, parts_of, dispose, blend = _HEAD.unpack(chunk.content)
            milliseconds = round(1000 * number / (parts_of or 100))
            current, parts = _Control(width, height, left, top, milliseconds, dispose, blend), []
        elif chunk.name in (b"IDAT", b"fdAT"):
            parts.append(chunk.content[4 if chunk.name == b"fdAT" else 0 :])
    if current:
        yield replace(current, data=tuple(parts))


def _composed(controls: list[_Control], header: bytes, shared: list[png.Chunk]) -> Iterator[Image]:
    """Yield each frame as it is shown: straight RGB and opacity (H, W, 4)."""
    width, height = struct.unpack_from(">II", header)
    canvas: Image | None = None
    for index, one in enumerate(controls):
        part = _with_alpha(_decoded(one, header, shared))
        if canvas is None:
            canvas = np.zeros((height, width, 4), part.dtype)
        place = slice(one.top, one.top + one.height), slice(one.left, one.left + one.width)
        before = canvas[place].copy()
        canvas[place] = _over(part, before) if one.blend == _OVER else part
        yield canvas.copy()
        if one.dispose == _BACKGROUND or (one.dispose == _PREVIOUS and index == 0):
            canvas[place] = 0
        elif one.dispose == _PREVIOUS:
            canvas[place] = before


def _decoded(one: _Control, header: bytes, shared: list[png.Chunk]) -> Image:
    from imagecodecs import png_decode

    parts = [png.packed(b"IHDR", struct.pack(">II", one.width, one.height) + header[8:])]
    parts += [png.packed(chunk.name, chunk.content) for chunk in shared]
    parts += [png.packed(b"IDAT", part) for part in one.data]
    return np.asarray(png_decode(b"".join([png.SIGNATURE, *parts, png.packed(b"IEND", b"")])))


def _with_alpha(samples: Image) -> Image:
    """Return samples of any kind as RGB and opacity."""
    pixels, alpha = split_alpha(samples)
    colours = pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)
    opaque = np.full(colours.shape[:2], white_level(samples.dtype), samples.dtype)
    return np.dstack([colours, opaque if alpha is None else alpha])


def _over(front: Image, back: Image) -> Image:
    """Blend a straight picture over another, both (H, W, 4)."""
    white = float(white_level(front.dtype))
    top, under = front[..., 3:] / white, back[..., 3:] / white
    alpha = top + under * (1 - top)
    colours = (front[..., :3] * top + back[..., :3] * under * (1 - top)) / np.maximum(alpha, 1e-9)
    return np.rint(np.concatenate([colours, alpha * white], axis=2)).astype(front.dtype)


def _separated(frames: tuple[Image, ...], kind: int) -> Iterator[tuple[Image, Image | None]]:
    """Yield pixels and opacity of each frame, grey and without opacity where all are; `kind` is the file's colour type."""
    white = white_level(frames[0].dtype)
    opaque = all((frame[..., 3] == white).all() for frame in frames)
    grey = kind in _GREY or (kind == _PALETTE and all((frame[..., :1] == frame[..., 1:3]).all() for frame in frames))
    for frame in frames:
        pixels = np.ascontiguousarray(frame[..., 0] if grey else frame[..., :3])
        yield pixels, None if opaque else np.ascontiguousarray(frame[..., 3])


def encode_frames(frames: Frames, quality: int) -> bytes:
    """Return the bytes of a PNG whose frames are each whole; `quality` is not used."""
    from imagecodecs import png_encode

    parts: list[bytes] = []
    number = 0
    for photo, milliseconds in zip(frames.photos, frames.durations, strict=True):
        data = bytes(png_encode(np.ascontiguousarray(join_alpha(photo.pixels, photo.alpha))))
        chunks = list(png.walk(data, with_data=True))
        if not parts:
            parts = [png.SIGNATURE, png.packed(b"IHDR", chunks[0].content)]
            parts.append(png.packed(b"acTL", struct.pack(">II", len(frames.photos), frames.loops)))
            parts += png.metadata(photo)
        height, width = photo.pixels.shape[:2]
        duration = min(milliseconds, 65535)
        parts.append(png.packed(b"fcTL", _HEAD.pack(number, width, height, 0, 0, duration, 1000, 0, 0)))
        number += 1
        first = number == 1
        for chunk in chunks:
            if chunk.name == b"IDAT":
                parts.append(png.packed(b"IDAT", chunk.content) if first else _data(number, chunk.content))
                number += not first
    return b"".join([*parts, png.packed(b"IEND", b"")])


def _data(number: int, content: bytes) -> bytes:
    return png.packed(b"fdAT", struct.pack(">I", number) + content)
