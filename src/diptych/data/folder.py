"""A folder of pictures as training sees it: a list of names, and pixels when they are asked for."""

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
from diptych.data.decoding import decode
from diptych.photo import find_photos, readable_suffixes
from diptych.recipes import Recipe

_TOLERATED = 0.05  # share of a folder that may be unreadable


class PhotoFolder:
    """The pictures of a folder and its subfolders, decoded when they are asked for and kept while there is room.

    Any format that `diptych.photo` reads. Transparency is dropped; grey becomes colour by three copies, colour becomes grey
    by its BT.601 luma. Safe to use from several threads.

    Parameters
    ----------
    path : path
        A folder with at least two pictures.
    before : Recipe, optional
        Applied to every whole picture, so that its statistics are those of the picture and not of a crop. The result is
        kept in 16 bits, as 8 would show steps after a strong stretch. Without it pictures keep their depth.
    channels : int
        Channels of the pictures handed out, 1 or more. 1 and 3 are converted to each other; other numbers must be what
        the files have.
    cache_bytes : int
        Bytes for decoded pictures: those kept and, as far as can be foreseen, those being decoded. 0 keeps none.
    names : sequence of str, optional
        Only these pictures, as `names` lists them.

    Attributes
    ----------
    path : Path
        The folder.
    names : tuple of str
        Paths below the folder, with ``/``, sorted.

    Raises
    ------
    DataError
        If there is no such folder, it has fewer than two pictures, or one of the names is not in it.
    ParameterError
        If `channels` or `cache_bytes` is out of its bounds.

    Notes
    -----
    A file that cannot be read is passed over: it is recorded in `skipped`, once, and the next readable picture in the
    order of the names takes its place from then on. One such file is always tolerated; when more than one, and more than
    5 % of the folder, cannot be read, or nothing is left, `DataError` ends it.

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
        before: Recipe | None = None,
        channels: int = 3,
        cache_bytes: int = 512 * 2**20,
        names: Sequence[str] | None = None,
    ) -> None:
        if channels < 1 or cache_bytes < 0:
            raise ParameterError(
                f"PhotoFolder: channels = {channels} and cache_bytes = {cache_bytes}; give 1 or more, and 0 or more"
            )
        self.path = Path(path)
        self.names = _names_in(self.path)
        if names is not None:
            self.names = self._chosen(names)
        if len(self.names) < 2:
            raise DataError(f"{path}: has 1 picture; training needs at least 2, and about 1,000 to be good: add some")
        self._shelf = _Shelf(self.path, len(self.names), before or Recipe(), channels, cache_bytes)

    def restrict(self, names: Sequence[str]) -> PhotoFolder:
        """Return some of the pictures as a folder of their own, e.g. the held-out part of `diptych.data.split`.

        It shares the cache and the book of unreadable files with this one, whose size remains what their share is judged by.

        Raises
        ------
        DataError
            If there is no name, or one that is not in this folder.
        """
        part = object.__new__(PhotoFolder)
        part.path, part._shelf = self.path, self._shelf
        part.names = self._chosen(names)
        return part

    def _chosen(self, names: Iterable[str]) -> tuple[str, ...]:
        wanted, known = set(names), set(self.names)
        for name in sorted(wanted - known):
            raise DataError(f"{self.path}: has no picture '{name}'; name them as in its list, e.g. '{self.names[0]}'")
        if not wanted:
            raise DataError(f"{self.path}: no name is given; give at least one")
        return tuple(sorted(wanted))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def before(self) -> Recipe:
        """What is applied to every whole picture; without steps, nothing."""
        return self._shelf.before

    @property
    def channels(self) -> int:
        """Channels of the pictures handed out."""
        return self._shelf.channels

    @property
    def skipped(self) -> dict[str, str]:
        """The pictures that could not be read so far: name and reason."""
        return self._own(self._shelf.skipped)

    @property
    def smaller(self) -> tuple[str, ...]:
        """The names of the pictures that were smaller than a crop so far."""
        return tuple(self._own(self._shelf.smaller))

    def _own(self, book: dict[str, str]) -> dict[str, str]:
        found = book.copy()  # other threads may write meanwhile
        return {name: found[name] for name in sorted(set(self.names).intersection(found))}

    @property
    def bytes_decoded(self) -> int:
        """Bytes of all pictures decoded so far; far more than the folder has means that the cache is too small for it."""
        return self._shelf.cache.bytes_made

    def picture(self, index: int) -> Image:
        """Return a whole picture, or the next readable one.

        Parameters
        ----------
        index : int
            0 to ``len(folder) - 1``.

        Returns
        -------
        ndarray, shape (H, W, C)
            C-contiguous and read-only; uint16 if `before` has steps, else uint8, uint16 or float32 as the file.

        Raises
        ------
        DataError
            If too many files cannot be read, or the picture's number of channels cannot become the wanted one.
        """
        return self._find(index)[1]

    def crop(self, index: int, *, size: int, generator: np.random.Generator) -> NDArray[np.float32]:
        """Return a square drawn uniformly from a picture at full resolution.

        A picture smaller than the square is continued by its mirror image (``c b a | a b c | c b a``).

        Parameters
        ----------
        index : int
            0 to ``len(folder) - 1``.
        size : int
            Side in px, 1 or more.
        generator : numpy.random.Generator
            Two numbers are drawn from it: the row and the column.

        Returns
        -------
        ndarray of float32, shape (size, size, C)
            Values in [0, 1].
        """
        if size < 1:
            raise ParameterError(f"crop: size = {size} is not allowed; give 1 px or more")
        name, image = self._find(index)
        if min(image.shape[:2]) < size:
            self._shelf.smaller.setdefault(name, "")
        (top, rows), (left, columns) = (_place(length, size, generator) for length in image.shape[:2])
        part = to_float(image[top : top + size, left : left + size]).astype(np.float32, copy=False)
        return np.pad(part, (rows, columns, (0, 0)), mode="symmetric") if any(rows + columns) else part

    def _find(self, index: int) -> tuple[str, Image]:
        if not 0 <= index < len(self.names):
            raise IndexError(f"picture {index} of {len(self.names)}")
        for name in self.names[index:] + self.names[:index]:
            image = self._shelf.get(name)
            if image is not None:
                return name, image
        raise DataError(f"{self.path}: none of {len(self.names)} pictures can be read; diptych check says why")

    def fingerprint(self) -> str:
        """Return the SHA-256 of the names and file sizes, as 64 hexadecimal digits.

        It tells whether the data is still the same without reading the pictures; neither dates nor the place of the folder
        show in it.
        """
        lines = (f"{name}\0{_size(self.path / name)}\n" for name in self.names)
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


class _Shelf:
    """What a folder and its parts have in common."""

    def __init__(self, path: Path, total: int, before: Recipe, channels: int, cache_bytes: int) -> None:
        self.path = path
        self.total = total
        self.before = before
        self.channels = channels
        self.cache = PictureCache(cache_bytes)
        self.skipped: dict[str, str] = {}
        self.smaller: dict[str, str] = {}
        self._writing = threading.Lock()

    def get(self, name: str) -> Image | None:
        """Return a picture; None, and a line in the book, if it cannot be read."""
        if name in self.skipped:
            return None
        path = self.path / name
        try:
            return self.cache.get(name, lambda: decode(path, before=self.before, channels=self.channels))
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
                    f"{'; ...' if count > 3 else ''}. Find them all with diptych check, and remove or replace them"
                )


def _names_in(path: Path) -> tuple[str, ...]:
    if not path.is_dir():
        problem = "is a file; give the folder it is in" if path.exists() else "no such folder; check the path"
        raise DataError(f"{path}: {problem}")
    names = sorted(found.relative.as_posix() for found in find_photos([path]))
    if not names:
        kinds = ", ".join(sorted(readable_suffixes()))
        raise DataError(f"{path}: has no pictures ({kinds}), nor have its subfolders; give a folder of pictures")
    return tuple(names)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _place(length: int, size: int, generator: np.random.Generator) -> tuple[int, tuple[int, int]]:
    """Return where a crop starts along an axis, and how much is missing before and after."""
    start = int(generator.integers(min(0, length - size), max(0, length - size) + 1))
    return max(0, start), (max(0, -start), max(0, start + size - length))
