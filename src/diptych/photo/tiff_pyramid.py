"""Writing a TIFF by rows: tiled, compressed without loss, and with smaller copies of itself for viewers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO, cast

import numpy as np

from diptych.core.image import Image
from diptych.photo import exif
from diptych.photo.atomic import atomic_write
from diptych.photo.picture import Photo
from diptych.photo.tiff import CLASSIC_LIMIT, add_fields

TILE = 512
"""Side of a tile in px; rows are asked for as many at a time."""

_SMALLEST = 512  # px of the longer side: a copy no larger than this is the last one
_LEVEL = 6  # of deflate
_BUFFER = 32 << 20  # bytes of tiles that wait to be compressed

Read = Callable[[int, int], Image]
"""``read(first, last)`` returns rows of a picture, ``(rows, W, C)``."""


def write_pyramid(
    path: str | os.PathLike[str],
    read: Read,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    *,
    about: Photo | None = None,
    has_alpha: bool = False,
    overwrite: bool = False,
) -> None:
    """Write a picture that is given by rows as a tiled pyramid, whole or not at all.

    The smaller copies, each of half the sides, lie in the file as SubIFDs, where viewers of large pictures look for them. Until
    they are written they are kept in a temporary file beside the target, of a third of the size of the samples.

    Parameters
    ----------
    path : path
        The target; its folder must exist.
    read : function
        Returns rows of the picture, `TILE` at a time, in order and each once.
    shape : (int, int, int)
        Rows, columns and samples (the alpha included).
    dtype : dtype
        uint8, uint16, float32 or float64.
    about : Photo, optional
        Whose metadata go along.
    has_alpha : bool
        Whether the last sample is the alpha.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    PhotoExistsError
        If the file exists and `overwrite` is False.
    PhotoError
        If the file cannot be written.

    Examples
    --------
    >>> path = os.path.join(tempfile.mkdtemp(), "grey.tif")
    >>> write_pyramid(path, lambda first, last: np.zeros((last - first, 60, 1), np.uint8), (40, 60, 1), np.dtype("uint8"))
    """
    folder = os.path.dirname(os.path.realpath(path))

    def fill(stream: BinaryIO) -> None:
        _write(stream, read, shape, dtype, about, has_alpha, folder)

    atomic_write(path, fill, overwrite=overwrite)


def _write(
    stream: BinaryIO,
    read: Read,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    about: Photo | None,
    has_alpha: bool,
    folder: str,
) -> None:
    import tifffile

    shapes = smaller(shape)
    colours = 3 if shape[2] - has_alpha >= 3 else 1
    extra = ["unspecified"] * (shape[2] - has_alpha - colours) + ["unassalpha"] * has_alpha
    options: dict[str, Any] = {
        "tile": (TILE, TILE),
        "photometric": "rgb" if colours == 3 else "minisblack",
        "planarconfig": "contig" if shape[2] > 1 else None,
        "extrasamples": extra or None,
        "compression": "zlib",
        "compressionargs": {"level": _LEVEL},
        "predictor": True,
        "software": False,
        "metadata": None,
        "buffersize": _BUFFER,
        "dtype": dtype,
    }
    with ExitStack() as closing:
        big = 1.4 * float(np.prod(shape)) * dtype.itemsize > CLASSIC_LIMIT
        order = _byte_order(about)
        writer = closing.enter_context(tifffile.TiffWriter(cast(Any, _Nameless(stream)), bigtiff=big, byteorder=order))
        for index, size in enumerate(shapes):
            spool = Spool(folder, shapes[index + 1], dtype) if index + 1 < len(shapes) else None
            first = {"subifds": len(shapes) - 1, **_facts(about)} if index == 0 else {"subfiletype": 1}
            writer.write(_tiles(read, size, spool), shape=size if size[2] > 1 else size[:2], **first, **options)
            if spool:
                closing.callback(spool.close)
                read = spool.read
    add_fields(stream, about or Photo(np.zeros((1, 1), np.uint8)))


class _Nameless:
    """A stream without its name, which for an open file may be a number: tifffile takes every name for a path."""

    def __init__(self, stream: BinaryIO) -> None:
        self.seek, self.tell, self.read, self.write = stream.seek, stream.tell, stream.read, stream.write
        self.flush, self.mode = stream.flush, "r+b"


def _byte_order(about: Photo | None) -> Any:
    known = exif.directory(about.exif) if about and about.exif else None
    return known[1] if known else "<"


def _facts(about: Photo | None) -> dict[str, Any]:
    if about is None:
        return {}
    return {
        "iccprofile": about.icc_profile,
        "resolution": about.dpi,
        "resolutionunit": "INCH" if about.dpi else None,
    }


def smaller(shape: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    """Return the shapes of a pyramid, the picture's own first.

    >>> smaller((1500, 3000, 3))
    [(1500, 3000, 3), (750, 1500, 3), (375, 750, 3), (188, 375, 3)]
    """
    shapes = [shape]
    while max(shapes[-1][:2]) > _SMALLEST:
        height, width, channels = shapes[-1]
        shapes.append((-(-height // 2), -(-width // 2), channels))
    return shapes


def halved(rows: Image) -> Image:
    """Return the means of 2 x 2 px; a last odd row or column counts twice."""
    height, width = rows.shape[:2]
    even = np.pad(rows, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge") if height % 2 or width % 2 else rows
    if rows.dtype.kind == "f":
        return np.asarray((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4, rows.dtype)
    total = even[::2, ::2].astype(np.uint32)
    for part in (even[1::2, ::2], even[::2, 1::2], even[1::2, 1::2]):
        total += part
    return ((total + 2) >> 2).astype(rows.dtype)


def _tiles(read: Read, shape: tuple[int, int, int], spool: Spool | None) -> Iterator[Image]:
    height, width, channels = shape
    for top in range(0, height, TILE):
        rows = read(top, min(top + TILE, height))
        if spool:
            spool.append(halved(rows))
        for left in range(0, width, TILE):
            tile = np.zeros((TILE, TILE, channels), rows.dtype)
            part = rows[:, left : left + TILE]
            tile[: part.shape[0], : part.shape[1]] = part
            yield tile if channels > 1 else tile[:, :, 0]


class Spool:
    """Rows in a temporary file: appended, and then read. It has no name where the system allows it, so that nothing is left."""

    def __init__(self, folder: str, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, prefix=".diptych-")  # noqa: SIM115
        self.shape, self.dtype = shape, dtype

    def append(self, rows: Image) -> None:
        """Add rows below those that are there."""
        self._file.write(np.ascontiguousarray(rows).data)

    def read(self, first: int, last: int) -> Image:
        """Return rows first to last."""
        _, width, channels = self.shape
        of_a_row = width * channels * self.dtype.itemsize
        self._file.seek(first * of_a_row)
        content = self._file.read((last - first) * of_a_row)
        return np.frombuffer(content, self.dtype).reshape(last - first, width, channels)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
