"""Writing tiled TIFF pyramids by rows, with lossless compression."""

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
from diptych.photo.photo import Photo
from diptych.photo.tiff import CLASSIC_LIMIT, add_fields, samples_of

TILE = 512
"""Side of a tile in px, and the number of rows requested at a time."""

_SMALLEST = 512  # px; longest side of the smallest level
_COMPRESSION_LEVEL = 6  # of deflate
_BUFFER = 32 << 20  # bytes of tiles waiting for compression

Read = Callable[[int, int], Image]
"""``read(first, last)`` returns rows of a picture, ``(rows, W, C)``."""


def write_pyramid(
    path: str | os.PathLike[str],
    read: Read,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    *,
    metadata: Photo | None = None,
    has_alpha: bool = False,
    overwrite: bool = False,
) -> None:
    """Write a picture that is given by rows as a tiled pyramid, atomically.

    Each level has half the sides of the one before. Reduced levels are stored as SubIFDs, where viewers of large images
    look for them; until they are written, they are kept in a temporary file beside the target, a third of the size of the
    samples.

    Parameters
    ----------
    path : path
        The target; its folder must exist.
    read : function
        Returns rows of the picture. It is called in order, for `TILE` rows at a time.
    shape : (int, int, int)
        Rows, columns and samples per pixel, alpha included.
    dtype : dtype
        uint8, uint16, float32 or float64.
    metadata : Photo, optional
        Metadata to write; its pixels are not used.
    has_alpha : bool
        Whether the last sample is alpha.
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
        _write(stream, read, shape, dtype, metadata, has_alpha, folder)

    atomic_write(path, fill, overwrite=overwrite)


def _write(
    stream: BinaryIO,
    read: Read,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    metadata: Photo | None,
    has_alpha: bool,
    folder: str,
) -> None:
    import tifffile

    shapes = pyramid_shapes(shape)
    colours, extra = samples_of(metadata or Photo(np.zeros((1, 1), np.uint8)), shape[2] - has_alpha, has_alpha)
    options: dict[str, Any] = {
        "tile": (TILE, TILE),
        "photometric": "rgb" if colours == 3 else "minisblack",
        "planarconfig": "contig" if shape[2] > 1 else None,
        "extrasamples": extra or None,
        "compression": "zlib",
        "compressionargs": {"level": _COMPRESSION_LEVEL},
        "predictor": True,
        "software": False,
        "metadata": None,
        "buffersize": _BUFFER,
        "dtype": dtype,
    }
    with ExitStack() as closing:
        big = 1.4 * float(np.prod(shape)) * dtype.itemsize > CLASSIC_LIMIT
        order = _byte_order(metadata)
        writer = closing.enter_context(tifffile.TiffWriter(cast(Any, _Nameless(stream)), bigtiff=big, byteorder=order))
        for index, size in enumerate(shapes):
            spool = Spool(folder, shapes[index + 1], dtype) if index + 1 < len(shapes) else None
            first = {"subifds": len(shapes) - 1, **_tags(metadata)} if index == 0 else {"subfiletype": 1}
            writer.write(_tiles(read, size, spool), shape=size if size[2] > 1 else size[:2], **first, **options)
            if spool:
                closing.callback(spool.close)
                read = spool.read
    add_fields(stream, (metadata or Photo(np.zeros((1, 1), np.uint8)),))


class _Nameless:
    """A stream without `name`, which may be a file descriptor: tifffile takes every name for a path."""

    def __init__(self, stream: BinaryIO) -> None:
        self.seek, self.tell, self.read, self.write = stream.seek, stream.tell, stream.read, stream.write
        self.flush, self.mode = stream.flush, "r+b"


def _byte_order(metadata: Photo | None) -> Any:
    known = exif.directory(metadata.exif) if metadata and metadata.exif else None
    return known[1] if known else "<"


def _tags(metadata: Photo | None) -> dict[str, Any]:
    if metadata is None:
        return {}
    return {
        "iccprofile": metadata.icc_profile,
        "resolution": metadata.dpi,
        "resolutionunit": "INCH" if metadata.dpi else None,
    }


def pyramid_shapes(shape: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    """Return the shapes of the levels of a pyramid, full size first.

    >>> pyramid_shapes((1500, 3000, 3))
    [(1500, 3000, 3), (750, 1500, 3), (375, 750, 3), (188, 375, 3)]
    """
    shapes = [shape]
    while max(shapes[-1][:2]) > _SMALLEST:
        height, width, channels = shapes[-1]
        shapes.append((-(-height // 2), -(-width // 2), channels))
    return shapes


def halve(rows: Image) -> Image:
    """Return the means of 2 x 2 px; an odd last row or column counts twice."""
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
            spool.append(halve(rows))
        for left in range(0, width, TILE):
            tile = np.zeros((TILE, TILE, channels), rows.dtype)
            part = rows[:, left : left + TILE]
            tile[: part.shape[0], : part.shape[1]] = part
            yield tile if channels > 1 else tile[:, :, 0]


class Spool:
    """Rows in a temporary file: appended, then read. It has no name where the system allows, so that nothing is left behind."""

    def __init__(self, folder: str, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, prefix=".diptych-")  # noqa: SIM115
        self.shape, self.dtype = shape, dtype

    def append(self, rows: Image) -> None:
        """Append rows."""
        self._file.write(np.ascontiguousarray(rows).data)

    def read(self, first: int, last: int) -> Image:
        """Return rows `first` to ``last - 1``."""
        _, width, channels = self.shape
        row_bytes = width * channels * self.dtype.itemsize
        self._file.seek(first * row_bytes)
        content = self._file.read((last - first) * row_bytes)
        return np.frombuffer(content, self.dtype).reshape(last - first, width, channels)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
