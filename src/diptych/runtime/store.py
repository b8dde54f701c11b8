"""Where maps are kept between the stages: in memory as long as there is room, then in temporary files.

A file is read and written, not mapped, so that it does not count as memory of the process; the system keeps as much of it
in its cache as it likes.
"""

from __future__ import annotations

import errno
import tempfile
from typing import Any, BinaryIO, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import DiptychError


class Store(Protocol):
    """A map ``(channels, rows, columns)`` that is written and read in strips of rows."""

    def write(self, first: int, strip: NDArray[Any]) -> None:
        """Put rows from `first` on in their place."""
        ...

    def read(self, first: int, last: int) -> NDArray[Any]:
        """Return rows first to last, last not included, as ``(1, channels, rows, columns)``."""
        ...

    def close(self) -> None:
        """Give the memory or the disk back."""
        ...


class InMemory:
    """A map in an array."""

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        self._map = np.empty(shape, dtype)

    def write(self, first: int, strip: NDArray[Any]) -> None:
        """Put rows from `first` on in their place."""
        self._map[:, first : first + strip.shape[1]] = strip

    def read(self, first: int, last: int) -> NDArray[Any]:
        """Return rows first to last."""
        return np.ascontiguousarray(self._map[np.newaxis, :, first:last])

    def close(self) -> None:
        """Give the memory back."""
        self._map = np.empty((0, 0, 0), self._map.dtype)


class OnDisk:
    """A map in a temporary file, row by row, so that a strip is one piece of it."""

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        self._channels, _, self._columns = shape
        self._dtype = dtype
        # Without a buffer: a strip is megabytes. The file has no name, so that nothing is left if the process is killed.
        try:
            file = tempfile.TemporaryFile(prefix="diptych-", buffering=0)  # noqa: SIM115 (closed by close)
        except OSError as error:
            raise _explain(error) from error
        self._file = cast(BinaryIO, file)

    def write(self, first: int, strip: NDArray[Any]) -> None:
        """Put rows from `first` on in their place."""
        rows = np.ascontiguousarray(strip.transpose(1, 0, 2))
        self._seek(first)
        left = rows.data.cast("B")
        try:
            while len(left):
                left = left[self._file.write(left) :]
        except OSError as error:
            raise _explain(error) from error

    def read(self, first: int, last: int) -> NDArray[Any]:
        """Return rows first to last."""
        self._seek(first)
        rows = np.fromfile(self._file, self._dtype, (last - first) * self._channels * self._columns)
        strip = rows.reshape(last - first, self._channels, self._columns)
        return np.ascontiguousarray(strip.transpose(1, 0, 2)[np.newaxis])

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()

    def _seek(self, first: int) -> None:
        self._file.seek(first * self._channels * self._columns * self._dtype.itemsize)


def _explain(error: OSError) -> DiptychError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return DiptychError(
        f"{_folder()}: maps cannot be kept there ({'the disk is full' if full else error.strerror}); free some space, name "
        f"another folder in TMPDIR, or give more memory"
    )


def _folder() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:  # there is none that can be written to
        return "the folder for temporary files"
