"""The table of formats: names, suffixes, signatures and capabilities. Their modules are imported on first use."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from diptych.core.errors import ParameterError, PhotoFormatError, PhotoTooLargeError
from diptych.photo.photo import Photo


class Codec(Protocol):
    """The interface of a format's module."""

    def decode(self, stream: BinaryIO, max_pixels: int) -> Photo:
        """Decode a picture as stored, before its orientation is applied; messages do not name the file."""

    def encode(self, photo: Photo, quality: int) -> bytes:
        """Return the bytes of a file; the format can hold the depth, channels and alpha of `photo`."""


@dataclass(frozen=True)
class Format:
    """The names and capabilities of a format."""

    name: str
    label: str
    suffixes: tuple[str, ...]
    magic: tuple[bytes, ...]
    depths: tuple[str, ...] = ("uint8",)
    """Names of the NumPy dtypes that it can hold."""
    alpha: bool = False
    profile: bool = True
    """Whether it can hold an ICC profile."""
    grey: bool = True
    """Whether it can hold grey pictures as such."""
    any_channels: bool = False
    """Whether it can hold any number of channels, not only 1 and 3."""
    code_points: bool = False
    """Whether it can hold colours as code points (`Photo.color_chunks`, cICP)."""
    bits: int = 16
    """Bits of its deepest integers."""
    metadata: tuple[str, ...] = ("EXIF", "XMP")
    """Metadata that it can hold, of EXIF, XMP, IPTC, and all texts or the one that is a comment."""
    brands: tuple[bytes, ...] = ()
    """Brands of ISO base media files, where it is one."""

    writes: bool = True
    """Whether it can be written, not only read."""

    def check_written(self) -> None:
        """Refuse a format that is only read; ParameterError."""
        if not self.writes:
            raise ParameterError(f"{self.label} can only be read; write TIFF, PNG, JPEG XL or JPEG")

    def codec(self) -> Codec:
        """Import and return the module that reads and writes it."""
        return cast(Codec, importlib.import_module(f"diptych.photo.{self.name}"))


_RAW = tuple("dng cr2 cr3 crw nef nrw arw srf sr2 raf orf rw2 pef srw x3f 3fr iiq rwl".split())  # noqa: SIM905

_VIDEO = (b"iso", b"mp4", b"qt  ", b"avc1", b"M4V ", b"3gp")  # how brands of ISO base media files begin

HEAD = 136
"""Bytes at the start of a file by which `by_content` knows it."""

FORMATS = (
    Format(
        "jpeg",
        "JPEG",
        (".jpg", ".jpeg", ".jpe", ".jfif", ".jif"),
        (b"\xff\xd8\xff",),
        metadata=("EXIF", "XMP", "IPTC", "comment"),
    ),
    Format(
        "png",
        "PNG",
        (".png", ".apng"),
        (b"\x89PNG\r\n\x1a\n",),
        ("uint8", "uint16"),
        alpha=True,
        metadata=("EXIF", "XMP", "texts"),
    ),
    Format(
        "tiff",
        "TIFF",
        (".tif", ".tiff"),
        (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
        ("uint8", "uint16", "float32", "float64"),
        alpha=True,
        any_channels=True,
        metadata=("EXIF", "XMP", "IPTC"),
    ),
    Format("webp", "WebP", (".webp",), (b"RIFF",), alpha=True, grey=False),
    Format("bmp", "BMP", (".bmp", ".dib"), (b"BM",), alpha=True, profile=False, metadata=()),
    Format(
        "avif",
        "AVIF",
        (".avif",),
        (),
        ("uint8", "uint16"),
        alpha=True,
        code_points=True,
        bits=12,
        brands=(b"avif", b"avis"),
    ),
    Format(
        "jxl",
        "JPEG XL",
        (".jxl",),
        (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"),
        ("uint8", "uint16"),
        alpha=True,
        code_points=True,
    ),
    Format(
        "heic",
        "HEIC",
        (".heic", ".heif", ".hif"),
        (),
        ("uint8", "uint16"),
        alpha=True,
        code_points=True,
        bits=12,
        brands=(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
    ),
    Format("gif", "GIF", (".gif",), (b"GIF87a", b"GIF89a"), alpha=True, profile=False, metadata=("XMP", "comment")),
    Format(
        "raw",
        "camera RAW",
        tuple(f".{one}" for one in _RAW),
        (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"II\x1a\0\0\0HEAPCCDR"),
        ("uint16",),
        writes=False,
        brands=(b"crx ",),
    ),
    Format("dicom", "DICOM", (".dcm", ".dicom"), (), ("uint8", "uint16"), profile=False, metadata=()),
)


def readable_suffixes() -> frozenset[str]:
    """Return the suffixes of readable formats, lower case and with the dot.

    >>> ".tiff" in readable_suffixes()
    True
    """
    return frozenset(suffix for item in FORMATS for suffix in item.suffixes)


def is_readable(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path has the suffix of a readable format, in either case; the file is not opened.

    Parameters
    ----------
    path : path
        Any name; the file need not exist.

    Returns
    -------
    bool
        Whether the suffix is one of `readable_suffixes`.

    Examples
    --------
    >>> is_readable("night.JPG"), is_readable("notes.txt")
    (True, False)
    """
    return Path(path).suffix.lower() in readable_suffixes()


def writable_suffixes() -> frozenset[str]:
    """Return the suffixes of the formats that can be written, lower case and with the dot.

    >>> ".jxl" in writable_suffixes()
    True
    """
    return frozenset(suffix for item in FORMATS if item.writes for suffix in item.suffixes)


def written_suffix(path: str | os.PathLike[str], name: str | None = None) -> str:
    """Return the suffix for what is made of a file, in the format `name`, or by default in its own.

    Parameters
    ----------
    path : path
        The file that is read.
    name : str, optional
        The format that is written, as in `Photo.format`.

    Examples
    --------
    >>> written_suffix("night.JPG"), written_suffix("night.JPG", "jxl"), written_suffix("night.JPG", "jpeg")
    ('.JPG', '.jxl', '.JPG')
    """
    suffix = Path(path).suffix
    own = next((item for item in FORMATS if suffix.lower() in item.suffixes), None)
    wanted = name or (own.name if own else None)
    chosen = by_name(written_name(wanted)) if wanted else None
    return suffix if chosen is None or chosen is own else chosen.suffixes[0]


def written_name(name: str) -> str:
    """Return the name of the format for what is made of a picture of a format: its own, or that for what is only read.

    >>> written_name("jxl"), written_name("raw")
    ('jxl', 'tiff')
    """
    return name if by_name(name).writes else "tiff"


def by_suffix(path: str | os.PathLike[str]) -> Format:
    """Return the format that the suffix of `path` stands for; PhotoFormatError if there is none.

    Parameters
    ----------
    path : path
        Any name; the file need not exist.

    Raises
    ------
    PhotoFormatError
        If no format has it.

    Examples
    --------
    >>> by_suffix("night.JPG").name
    'jpeg'
    """
    suffix = Path(path).suffix.lower()
    for item in FORMATS:
        if suffix in item.suffixes:
            return item
    known = ", ".join(sorted(writable_suffixes()))
    raise PhotoFormatError(f"no picture format has the suffix '{suffix}'; name the output with one of {known}")


def by_name(name: str) -> Format:
    """Return the format of this name, or of a suffix without its dot (``jpg``), in any case, or raise ParameterError."""
    for item in FORMATS:
        if name.lower() == item.name or f".{name.lower()}" in item.suffixes:
            return item
    names = ", ".join(item.name for item in FORMATS if item.writes)
    raise ParameterError(f"format is {name!r}; give one of {names}")


def by_content(head: bytes) -> Format:
    """Return the format that the first `HEAD` bytes of a file belong to; PhotoFormatError if there is none.

    RAW files that begin as a TIFF are taken for one; see `diptych.photo.raw.is_raw`.
    """
    if head[128:132] == b"DICM":  # before that, such a file may look like a TIFF, and be one
        return by_name("dicom")
    brands = _brands(head)
    for item in FORMATS:
        if any(brand in item.brands for brand in brands):
            return item
        if head.startswith(item.magic) and (item.name != "webp" or head[8:12] == b"WEBP"):
            return item
    if _is_video(head):
        raise PhotoFormatError("is a video, not a picture; `diptych enhance` takes it by a name such as clip.mp4")
    labels = ", ".join(item.label for item in FORMATS)
    raise PhotoFormatError(f"is not a picture Diptych reads ({labels}); convert it to PNG or TIFF first")


def _brands(head: bytes) -> list[bytes]:
    """Return the brands of an ISO base media file, the major one first."""
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]


def _is_video(head: bytes) -> bool:
    is_avi = head.startswith(b"RIFF") and head[8:12] == b"AVI "
    return is_avi or head.startswith(b"\x1a\x45\xdf\xa3") or any(one.startswith(_VIDEO) for one in _brands(head)[:1])


def kinds_read() -> str:
    """Return the names of the formats, for messages.

    >>> kinds_read()
    'JPEG, PNG, TIFF, WebP, BMP, AVIF, JPEG XL, HEIC, GIF, camera RAW or DICOM'
    """
    labels = [item.label for item in FORMATS]
    return f"{', '.join(labels[:-1])} or {labels[-1]}"


def check_size(width: int, height: int, max_pixels: int, channels: int = 1) -> None:
    """Refuse a picture that is too large by its header, before anything is decoded.

    Every four channels count as a pixel, so that a file cannot hide its size in its number of channels.
    """
    if width < 1 or height < 1 or channels < 1:
        raise PhotoFormatError("has a size of 0 pixels by its header; the file is damaged, get a whole copy")
    if width * height * -(-channels // 4) > max_pixels:
        extra = f" x {channels} channels" if channels > 4 else ""
        error = PhotoTooLargeError(
            f"has {width} x {height} pixels{extra}, more than max_pixels = {max_pixels}; if you trust the "
            f"file, raise it to `max_pixels={width * height * -(-channels // 4)}`"
        )
        error.pixels = width * height * -(-channels // 4)
        raise error
