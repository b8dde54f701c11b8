"""A folder of training pictures: a list of names, decoded on demand."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import DataError, ParameterError, PhotoError
from diptych.core.image import Image, to_float
from diptych.data.cache import PictureCache
from diptych.data.decode import decode
from diptych.photo import readable_suffixes, search, unreadable_reason
from diptych.recipes import Recipe

_TOLERATED = 0.05  # share of unreadable files


class PhotoFolder:
    """The pictures of a folder and its subfolders, decoded on demand and cached.

    Any format that `diptych.photo` reads. Alpha is dropped; grey pictures are repeated into three channels, colour pictures
    are reduced to their BT.601 luma. Safe to use from several threads.

    Parameters
    ----------
    path : path
        A folder with at least two pictures.
    preprocess : Recipe, optional
        Applied to every whole picture before it is cropped, so that it sees the statistics of the picture. The result is
        kept in 16 bits, as 8 bits would show banding after a strong stretch. Without it pictures keep their depth.
    channels : int
        Number of channels, 1 or more. 1 and 3 are converted to each other; files must have any other number
        themselves.
    cache_bytes : int
        Memory for decoded pictures: those kept, and an estimate for those being decoded. 0 keeps none.
    names : sequence of str, optional
        Use only these pictures, named as in the attribute `names`.

    Attributes
    ----------
    path : Path
        The folder.
    names : tuple of str
        Paths relative to the folder, with ``/``, sorted.
    other_kinds : dict of str to str
        Pictures and videos in the folder that are of kinds that cannot be read, with the reason. They take no part.

    Raises
    ------
    DataError
        If the folder does not exist or has fewer than two pictures, or if a name is not in it.
    ParameterError
        If `channels` or `cache_bytes` is out of its bounds.

    Notes
    -----
    A file that cannot be read is recorded in `skipped`, and the next readable picture in the order of the names is used
    instead. One such file is always tolerated; `DataError` is raised when more than one file and more than 5 % of the folder
    cannot be read, or when no readable picture is left.

    Examples
    --------
    >>> import tempfile
    >>> from diptych.photo import write
    >>> path = Path(tempfile.mkdtemp())
    >>> write(path / "dark.png", np.full((40, 60), 20, np.uint8))
    >>> write(path / "light.png", np.full((40, 60), 200, np.uint8))
    >>> folder = PhotoFolder(path)
    >>> folder.names, folder.picture(0).shape
    (('dark.png', 'light.png'), (40, 60, 3))
    >>> folder.crop(1, size=16, generator=np.random.default_rng(0)).dtype
    dtype('float32')
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        preprocess: Recipe | None = None,
        channels: int = 3,
        cache_bytes: int = 512 * 2**20,
        names: Sequence[str] | None = None,
    ) -> None:
        if channels < 1 or cache_bytes < 0:
            raise ParameterError(
                f"PhotoFolder: channels = {channels} and cache_bytes = {cache_bytes}; give 1 or more, and 0 or more"
            )
        self.path = Path(path)
        self.names, self.other_kinds = _names_in(self.path)
        if names is not None:
            self.names = self._chosen(names)
        if len(self.names) < 2:
            raise DataError(f"{path}: has 1 picture; training needs at least 2, and about 1,000 to do well: add some")
        self._store = _PictureStore(self.path, len(self.names), preprocess or Recipe(), channels, cache_bytes)

    def subset(self, names: Sequence[str]) -> PhotoFolder:
        """Return some of the pictures as a `PhotoFolder`, e.g. the held-out part of `diptych.data.split`.

        It shares the cache and the record of unreadable files; their share is still taken of the whole folder.

        Raises
        ------
        DataError
            If no name is given, or one that is not in this folder.
        """
        part = object.__new__(PhotoFolder)
        part.path, part._store, part.other_kinds = self.path, self._store, self.other_kinds
        part.names = self._chosen(names)
        return part

    def _chosen(self, names: Iterable[str]) -> tuple[str, ...]:
        wanted, known = set(names), set(self.names)
        for name in sorted(wanted - known):
            raise DataError(f"{self.path}: has no picture '{name}'; give relative paths such as '{self.names[0]}'")
        if not wanted:
            raise DataError(f"{self.path}: no names given; give at least one")
        return tuple(sorted(wanted))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def preprocess(self) -> Recipe:
        """The recipe applied to every whole picture; it may have no steps."""
        return self._store.preprocess

    @property
    def channels(self) -> int:
        """Number of channels of the pictures."""
        return self._store.channels

    @property
    def skipped(self) -> dict[str, str]:
        """The pictures that could not be read so far, with the reason by name."""
        return self._of_mine(self._store.skipped)

    @property
    def undersized(self) -> tuple[str, ...]:
        """The names of the pictures found to be smaller than a crop so far."""
        return tuple(self._of_mine(self._store.undersized))

    def _of_mine(self, record: dict[str, str]) -> dict[str, str]:
        current = record.copy()  # other threads may be writing
        return {name: current[name] for name in sorted(set(self.names).intersection(current))}

    @property
    def bytes_decoded(self) -> int:
        """Bytes of all pictures decoded so far; if they far exceed those of the folder, the cache is too small for it."""
        return self._store.cache.bytes_decoded

    def picture(self, index: int) -> Image:
        """Return a whole picture, or the next readable one.

        Parameters
        ----------
        index : int
            0 to ``len(folder) - 1``.

        Returns
        -------
        ndarray, shape (H, W, C)
            C-contiguous and read-only; uint16 if `preprocess` has steps, otherwise uint8, uint16 or float32 as in the file.

        Raises
        ------
        DataError
            If too many files cannot be read, or if the picture's channels cannot be converted.
        """
        return self._find(index)[1]

    def crop(self, index: int, *, size: int, generator: np.random.Generator) -> NDArray[np.float32]:
        """Return a random square crop of a picture at full resolution, float32.

        A picture smaller than the crop is padded by reflection (``c b a | a b c | c b a``).

        Parameters
        ----------
        index : int
            0 to ``len(folder) - 1``.
        size : int
            Side in px, 1 or more.
        generator : numpy.random.Generator
            Two numbers are drawn from it: top and left.

        Returns
        -------
        ndarray of float32, shape (size, size, C)
            Values in [0, 1].
        """
        if size < 1:
            raise ParameterError(f"crop: size = {size} is not allowed; give 1 px or more")
        name, image = self._find(index)
        if min(image.shape[:2]) < size:
            self._store.undersized.setdefault(name, "")
        (top, rows), (left, columns) = (_offset(length, size, generator) for length in image.shape[:2])
        part = to_float(image[top : top + size, left : left + size]).astype(np.float32, copy=False)
        return np.pad(part, (rows, columns, (0, 0)), mode="symmetric") if any(rows + columns) else part

    def _find(self, index: int) -> tuple[str, Image]:
        if not 0 <= index < len(self.names):
            raise IndexError(f"picture {index} of {len(self.names)}")
        for name in self.names[index:] + self.names[:index]:
            image = self._store.get(name)
            if image is not None:
                return name, image
        raise DataError(f"{self.path}: none of {len(self.names)} pictures can be read; run diptych check to see why")

    def fingerprint(self) -> str:
        """Return the SHA-256 of the names and file sizes, as 64 hexadecimal digits.

        It tells whether the data have changed without reading the pictures; dates and the location of the folder do not
        matter.
        """
        lines = (f"{name}\0{_size(self.path / name)}\n" for name in self.names)
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


class _PictureStore:
    """The state that a folder shares with its subsets."""

    def __init__(self, path: Path, total: int, preprocess: Recipe, channels: int, cache_bytes: int) -> None:
        self.path = path
        self.total = total
        self.preprocess = preprocess
        self.channels = channels
        self.cache = PictureCache(cache_bytes)
        self.skipped: dict[str, str] = {}
        self.undersized: dict[str, str] = {}
        self._writing = threading.Lock()

    def get(self, name: str) -> Image | None:
        """Return a picture; if it cannot be read, record it and return None."""
        if name in self.skipped:
            return None
        path = self.path / name
        try:
            return self.cache.get(name, lambda: decode(path, preprocess=self.preprocess, channels=self.channels))
        except PhotoError as error:
            self._skip(name, str(error).removeprefix(f"{path}: "))
            return None

    def _skip(self, name: str, reason: str) -> None:
        with self._writing:
            self.skipped.setdefault(name, reason)
            count = len(self.skipped)
            if count > max(1, int(_TOLERATED * self.total)):
                first = "; ".join(f"{one} {self.skipped[one]}" for one in sorted(self.skipped)[:3])
                raise DataError(
                    f"{self.path}: {count} of {self.total} pictures cannot be read: {first}"
                    f"{'; ...' if count > 3 else ''}. Run diptych check to find them all, then remove or replace them"
                )


def check_apart(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Raise `ParameterError` if two folders are the same, or one lies in the other, whose pictures are then in both."""
    first, second = Path(source).resolve(), Path(target).resolve()
    if first == second:
        raise ParameterError(f"A and B are the same folder, {source}; give two")
    if first in second.parents or second in first.parents:
        raise ParameterError(f"of A, {source}, and B, {target}, one lies in the other; give two separate folders")


def check_there(path: str | os.PathLike[str]) -> None:
    """Raise `DataError` if there is no folder of this name."""
    if not Path(path).is_dir():
        problem = "is a file; give the folder it is in" if Path(path).exists() else "no such folder; check the path"
        raise DataError(f"{path}: {problem}")


def _names_in(path: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    check_there(path)
    found = search([path])
    names = sorted(one.relative.as_posix() for one in found.photos)
    if not names:
        kinds = ", ".join(sorted(readable_suffixes()))
        raise DataError(f"{path}: has no pictures ({kinds}), nor have its subfolders; give a folder of pictures")
    return tuple(names), {one.relative_to(path).as_posix(): unreadable_reason(one) or "" for one in found.unreadable}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _offset(length: int, size: int, generator: np.random.Generator) -> tuple[int, tuple[int, int]]:
    """Return the start of a crop along an axis, and the padding before and after."""
    start = int(generator.integers(min(0, length - size), max(0, length - size) + 1))
    return max(0, start), (max(0, -start), max(0, start + size - length))
