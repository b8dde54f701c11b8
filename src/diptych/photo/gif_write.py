"""Writing GIF: each frame whole and with its own palette. Specification: as for `gif`."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import PhotoFormatError
from diptych.core.image import Image
from diptych.photo.photo import Photo

_LONGEST_SIDE = 65535
_OPAQUE = 128  # least opacity that is seen
_KEEP, _CLEAR = 1, 2  # what becomes of a frame before the next
_XMP_TAIL = bytes([1, *range(255, -1, -1), 0])

Bytes = NDArray[np.uint8]


def encode_all(photos: Sequence[Photo], durations: Sequence[int], loops: int) -> bytes:
    """Return the bytes of a GIF of these frames of one size; without durations it is a single picture.

    A frame of up to 256 colours (255, if pixels are transparent) keeps them; of more, the palette is chosen by median cut and
    the rest is dithered.
    """
    height, width = photos[0].pixels.shape[:2]
    if max(height, width) > _LONGEST_SIDE:
        raise PhotoFormatError(f"GIF allows {_LONGEST_SIDE} pixels a side, not {max(width, height)}; write a PNG")
    parts = [b"GIF89a", struct.pack("<HHBBB", width, height, 0x70, 0, 0)]
    if durations and loops != 1:
        parts.append(b"\x21\xff\x0bNETSCAPE2.0\3\1" + struct.pack("<HB", max(min(loops, 65536) - 1, 0), 0))
    parts += _texts(photos[0])
    for photo, milliseconds in zip(photos, durations or [0], strict=True):
        parts += _frame(photo, milliseconds)
    return b"".join([*parts, b";"])


def _texts(photo: Photo) -> Iterator[bytes]:
    comment = photo.text.get("Comment", "").encode("utf-8", "surrogateescape")
    if comment:
        yield b"\x21\xfe" + _in_blocks(comment)
    if photo.xmp:
        yield b"\x21\xff\x0bXMP DataXMP" + photo.xmp + _XMP_TAIL


def _in_blocks(content: bytes) -> bytes:
    pieces = (content[at : at + 255] for at in range(0, len(content), 255))
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def _frame(photo: Photo, milliseconds: int) -> Iterator[bytes]:
    from PIL import Image as Pillow
    from PIL.GifImagePlugin import getdata

    hidden = None if photo.alpha is None else photo.alpha < _OPAQUE
    indices, palette = _indexed(photo.pixels, hidden)
    transparent = hidden is not None and bool(hidden.any())
    if hidden is not None and transparent:
        indices = np.where(hidden, len(palette), indices).astype(np.uint8)
        palette = np.vstack([palette, [[0, 0, 0]]])
    flags = (_CLEAR if photo.alpha is not None else _KEEP) << 2 | transparent
    delay = max(min(round(milliseconds / 10), 65535), 0)
    yield b"\x21\xf9\4" + struct.pack("<BHBB", flags, delay, len(palette) - 1 if transparent else 0, 0)
    image = Pillow.fromarray(indices, "L")
    blocks = b"".join(getdata(image))
    # Pillow's descriptor of the frame, as for one without a palette of its own, is replaced; its packed samples stay.
    height, width = indices.shape
    bits = max(int(len(palette) - 1).bit_length(), 1)
    table = palette.astype(np.uint8).tobytes().ljust(3 << bits, b"\0")
    yield b"," + struct.pack("<4HB", 0, 0, width, height, 0x80 | (bits - 1)) + table + blocks[10:]


def _indexed(pixels: Image, hidden: NDArray[np.bool_] | None) -> tuple[Bytes, Bytes]:
    """Return the index of each pixel, and the palette (N, 3) of at most 256 colours, or 255 if pixels are hidden."""
    most = 256 if hidden is None else 255
    if pixels.ndim == 2:
        pixels = np.dstack([pixels] * 3)
    codes = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colours = np.unique(codes if hidden is None else codes[~hidden])
    if 0 < len(colours) <= most:
        palette = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).astype(np.uint8)
        return np.minimum(np.searchsorted(colours, codes), len(colours) - 1).astype(np.uint8), palette
    return _quantized(pixels, most)


def _quantized(pixels: Image, most: int) -> tuple[Bytes, Bytes]:
    from PIL import Image as Pillow

    image = Pillow.fromarray(np.ascontiguousarray(pixels))
    reduced = image.quantize(most, method=Pillow.Quantize.MEDIANCUT)
    dithered = image.quantize(palette=reduced, dither=Pillow.Dither.FLOYDSTEINBERG)
    palette = np.array(reduced.getpalette("RGB"), np.uint8).reshape(-1, 3)
    indices = np.asarray(dithered)
    return indices, palette[: max(int(indices.max(initial=0)) + 1, 2)]
