"""The table of formats: names, suffixes, first bytes and what each can hold; the modules are loaded when needed."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from diptych.core.errors import PhotoFormatError, PhotoTooLargeError
from diptych.photo.picture import Photo


class Codec(Protocol):
    """What the module of a format offers."""

    def decode(self, stream: BinaryIO, max_pixels: int) -> Photo:
        """Return the picture as stored (not yet upright); errors do not name the file, the caller does."""

    def encode(self, photo: Photo, quality: int) -> bytes:
        """Return the bytes of a file; `photo` has a depth, channels and alpha that the format can hold."""


@dataclass(frozen=True)
class Format:
    """What a format is called and what it can hold."""

    name: str
    label: str
    suffixes: tuple[str, ...]
    magic: tuple[bytes, ...]
    depths: tuple[str, ...] = ("uint8",)
    """NumPy dtypes that it keeps."""
    alpha: bool = False
    any_channels: bool = False
    """True if it holds any number of channels, not only 1 and 3."""

    def codec(self) -> Codec:
        """Import and return the module that reads and writes it."""
        return cast(Codec, importlib.import_module(f"diptych.photo.{self.name}"))


FORMATS = (
    Format("jpeg", "JPEG", (".jpg", ".jpeg"), (b"\xff\xd8\xff",)),
    Format("png", "PNG", (".png",), (b"\x89PNG\r\n\x1a\n",), ("uint8", "uint16"), True),
    Format(
        "tiff",
        "TIFF",
        (".tif", ".tiff"),
        (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
        ("uint8", "uint16", "float32", "float64"),
        True,
        True,
    ),
    Format("webp", "WebP", (".webp",), (b"RIFF",), alpha=True),
    Format("bmp", "BMP", (".bmp",), (b"BM",)),
)


def readable_suffixes() -> frozenset[str]:
    """Return the suffixes of the files that `read` reads, lower case with the dot.

    >>> ".tiff" in readable_suffixes()
    True
    """
    return frozenset(suffix for item in FORMATS for suffix in item.suffixes)


def is_readable(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path has the suffix of a readable format, in any case; the file is not touched.

    >>> is_readable("night.JPG"), is_readable("notes.txt")
    (True, False)
    """
    return Path(path).suffix.lower() in readable_suffixes()


def by_suffix(path: str | os.PathLike[str]) -> Format:
    """Return the format to write for the suffix of `path`; PhotoFormatError if it is none's."""
    suffix = Path(path).suffix.lower()
    for item in FORMATS:
        if suffix in item.suffixes:
            return item
    known = ", ".join(sorted(readable_suffixes()))
    raise PhotoFormatError(f"no picture format has the suffix '{suffix}'; name the output with one of {known}")


def by_content(head: bytes) -> Format:
    """Return the format whose files start with `head` (16 bytes or more); PhotoFormatError if none does."""
    for item in FORMATS:
        if head.startswith(item.magic) and (item.name != "webp" or head[8:12] == b"WEBP"):
            return item
    labels = ", ".join(item.label for item in FORMATS)
    raise PhotoFormatError(f"is not a picture Diptych reads ({labels}); convert it to PNG or TIFF first")


def check_size(width: int, height: int, max_pixels: int, channels: int = 1) -> None:
    """Refuse a picture by its stated size, before anything is decoded.

    Four channels count as one pixel, so that a file cannot hide its size in its number of channels.
    """
    if width < 1 or height < 1 or channels < 1:
        raise PhotoFormatError("states a size of 0 pixels; the file is damaged, get a whole copy")
    if width * height * -(-channels // 4) > max_pixels:
        extra = f" x {channels} channels" if channels > 4 else ""
        raise PhotoTooLargeError(
            f"has {width} x {height} pixels{extra}, more than max_pixels = {max_pixels}; if the file is to be "
            f"trusted, raise max_pixels (command line: --max-pixels {width * height * -(-channels // 4)})"
        )
