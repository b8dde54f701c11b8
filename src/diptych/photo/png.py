"""PNG, 1 to 16 bits. Specification: PNG, third edition (W3C, 2025)."""

from __future__ import annotations

import itertools
import logging
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, NamedTuple

import numpy as np

from diptych.core.errors import PhotoFormatError
from diptych.core.image import Image
from diptych.photo import exif, icc
from diptych.photo.formats import check_size
from diptych.photo.photo import Photo
from diptych.photo.samples import grey_if_grey, join_alpha, split_alpha

# Silenced: messages about damaged files are in the exceptions already.
logging.getLogger("imagecodecs").addHandler(logging.NullHandler())

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP = "XML:com.adobe.xmp"
_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_MOST_TEXT = 4 << 20
_TOO_MUCH_TEXT = f"more than {_MOST_TEXT >> 20} MiB of text"
_TOO_LONG_PROFILE = f"a colour profile of more than {icc.LARGEST >> 20} MiB"
_MOST_CHUNKS = 1 << 18
_PIECE = 256  # bytes unpacked at a time
_MOST_RATIO = 1032  # of deflate
_INCH = 0.0254
_PALETTE = 3
_COLOR_CHUNKS = (b"cICP", b"mDCV", b"cLLI", b"gAMA", b"cHRM", b"sRGB")


class Chunk(NamedTuple):
    """A chunk: its name, its content, and the span of the file that it occupies."""

    name: bytes
    content: bytes
    span: slice


def decode(stream: BinaryIO, max_pixels: int) -> Photo:
    """Decode a picture as stored."""
    from imagecodecs import png_decode

    data = stream.read()
    chunks = list(walk(data))
    width, height, _, kind = struct.unpack_from(">IIBB", _one(chunks, b"IHDR", 13))
    check_size(width, height, max_pixels)
    _refuse_animation(chunks)
    # The decoder is given no metadata, so that no chunk makes it allocate, warn or convert.
    needed = [data[chunk.span] for chunk in chunks if chunk.name in _NEEDED]
    ended = chunks[-1].name == b"IEND"
    if not ended:
        if all(chunk.name != b"IDAT" for chunk in chunks):
            raise PhotoFormatError("is truncated; get a whole copy of it")
        needed.append(packed(b"IEND", b""))  # the decoder raises an error if pixels are missing
    pixels, alpha = split_alpha(np.asarray(png_decode(SIGNATURE + b"".join(needed))))
    pixels = grey_if_grey(pixels) if kind == _PALETTE and not _profile(_find(chunks, b"iCCP")) else pixels
    photo = photo_of(chunks, pixels, alpha)
    return photo if ended else replace(photo, notes=("has no end chunk; its pixels are complete",))


def photo_of(chunks: list[Chunk], pixels: Image, alpha: Image | None) -> Photo:
    """Return the photo of decoded pixels with the metadata of these chunks."""
    text = dict(_texts(chunks))
    xmp = text.pop(_XMP, None)
    block = _find(chunks, b"eXIf") or _raw_profile(text.pop("Raw profile type exif", ""))
    return Photo(
        pixels,
        alpha=alpha,
        exif=block,
        icc_profile=_profile(_find(chunks, b"iCCP")),
        color_chunks={name.decode(): content for name in _COLOR_CHUNKS if (content := _find(chunks, name))},
        dpi=_density(_find(chunks, b"pHYs")) or (exif.resolution(block) if block else None),
        xmp=xmp.encode("utf-8", "surrogateescape") if xmp else None,
        text=text,
    )


def walk(data: bytes, *, with_data: bool = False) -> Iterator[Chunk]:
    """Yield the chunks with a right checksum, to the end chunk or, if there is none, to the end of the file.

    Those of the image data come without their content unless it is asked for.
    """
    offset = len(SIGNATURE)
    for number in itertools.count():
        if number > _MOST_CHUNKS:
            raise PhotoFormatError(f"has more than {_MOST_CHUNKS} chunks; save it again with another program")
        if offset + 12 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, offset)
        end = offset + 12 + length
        if end > len(data):
            raise PhotoFormatError("is truncated; get a whole copy of it")
        content = data[offset + 8 : end - 4]
        if zlib.crc32(content, zlib.crc32(name)) == struct.unpack_from(">I", data, end - 4)[0]:
            yield Chunk(name, content if with_data or name != b"IDAT" else b"", slice(offset, end))
        elif name in _NEEDED:
            raise PhotoFormatError(f"is damaged (wrong checksum of {name.decode()}); get a whole copy of it")
        if name == b"IEND":
            return
        offset = end


def _one(chunks: list[Chunk], name: bytes, length: int) -> bytes:
    if not chunks or chunks[0].name != name or len(chunks[0].content) != length:
        raise PhotoFormatError("is damaged (no PNG header); get a whole copy of it")
    return chunks[0].content


def _find(chunks: list[Chunk], name: bytes) -> bytes | None:
    return next((chunk.content for chunk in chunks if chunk.name == name and chunk.content), None)


def _refuse_animation(chunks: list[Chunk]) -> None:
    control = _find(chunks, b"acTL")
    frames = int.from_bytes(control[:4], "big") if control and len(control) == 8 else 1
    if frames > 1:
        raise PhotoFormatError(f"is an animation of {frames} frames; extract the frames first")


def _unpack(data: bytes, limit: int, what: str) -> tuple[bytes, int]:
    """Return the unpacked data, nothing if they are damaged, and how many bytes were unpacked at most."""
    worker, unpacked = zlib.decompressobj(), bytearray()
    try:
        for start in range(0, len(data), _PIECE):
            unpacked += worker.decompress(data[start : start + _PIECE])
            if len(unpacked) > limit:
                raise PhotoFormatError(f"has {what}; remove it and try again")
            if worker.eof:
                break
    except zlib.error:
        return b"", len(unpacked) + _PIECE * _MOST_RATIO
    return bytes(unpacked), len(unpacked)


def _profile(content: bytes | None) -> bytes | None:
    _, _, packed = (content or b"").partition(b"\0")
    return _unpack(packed[1:], icc.LARGEST, _TOO_LONG_PROFILE)[0] or None


def _texts(chunks: list[Chunk]) -> Iterator[tuple[str, str]]:
    room = _MOST_TEXT
    for chunk in chunks:
        if chunk.name in (b"tEXt", b"zTXt", b"iTXt"):
            key, _, rest = chunk.content.partition(b"\0")
            value, length = _text(chunk.name, rest, room)
            room -= length  # of damaged texts too, so that unpacking them is bounded
            if room < 0:
                raise PhotoFormatError(f"has {_TOO_MUCH_TEXT}; remove it and try again")
            if key and value:
                yield key.decode("latin-1"), value


def _text(name: bytes, rest: bytes, room: int) -> tuple[str, int]:
    """Return the text of a chunk, and how many bytes it was."""
    if name == b"tEXt":
        return rest.decode("latin-1"), len(rest)
    if name == b"zTXt":
        value, length = _unpack(rest[1:], max(room, 1), _TOO_MUCH_TEXT)
        return value.decode("latin-1"), length
    packed = rest[:1] == b"\1"
    _, _, value = rest[2:].partition(b"\0")[2].partition(b"\0")
    value, length = _unpack(value, max(room, 1), _TOO_MUCH_TEXT) if packed else (value, len(value))
    # Surrogates preserve bytes that are not UTF-8.
    return value.decode("utf-8", "surrogateescape"), length


def _raw_profile(text: str) -> bytes | None:
    """Return an EXIF block stored as text (name, length, hexadecimal), as was done before the eXIf chunk."""
    try:
        return bytes.fromhex("".join(text.split()[2:])).removeprefix(b"Exif\0\0") or None
    except ValueError:
        return None


def _density(content: bytes | None) -> tuple[float, float] | None:
    if content is None or len(content) != 9:
        return None
    x, y, unit = struct.unpack(">IIB", content)
    return (x * _INCH, y * _INCH) if unit == 1 and x and y else None


def encode(photo: Photo, quality: int) -> bytes:
    """Return the bytes of a PNG file; `quality` is not used."""
    from imagecodecs import png_encode

    data = bytes(png_encode(np.ascontiguousarray(join_alpha(photo.pixels, photo.alpha))))
    offset = len(SIGNATURE) + 12 + 13
    return b"".join([data[:offset], *metadata(photo), data[offset:]])


def metadata(photo: Photo) -> Iterator[bytes]:
    """Yield the chunks of a photo's metadata."""
    for name, content in photo.color_chunks.items():
        yield packed(name.encode(), content)
    if photo.icc_profile:
        yield packed(b"iCCP", b"ICC profile\0\0" + zlib.compress(photo.icc_profile))
    if photo.dpi:
        x, y = (max(1, min(round(value / _INCH), 0x7FFFFFFF)) for value in photo.dpi)
        yield packed(b"pHYs", struct.pack(">IIB", x, y, 1))
    if photo.exif:
        yield packed(b"eXIf", photo.exif)
    if photo.xmp:
        yield packed(b"iTXt", _XMP.encode() + b"\0\0\0\0\0" + photo.xmp)
    for key, value in photo.text.items():
        keyword = key.encode("latin-1", "replace")[:79]
        yield packed(b"iTXt", keyword + b"\0\0\0\0\0" + value.encode("utf-8", "surrogateescape"))


def packed(name: bytes, content: bytes) -> bytes:
    """Return the bytes of a chunk."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(name)))
