"""From file to file: a picture larger than memory through an enhancer."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from diptych.core.enhancer import Enhancer
from diptych.core.errors import ParameterError, PhotoExistsError, PhotoTooLargeError
from diptych.core.image import Image
from diptych.large.enhancers import enhanced
from diptych.large.ome import ZarrRows, is_zarr, write_zarr
from diptych.large.rows import Rows
from diptych.photo import Photo, TiffRows, write_pyramid
from diptych.photo.formats import by_suffix

_LONGEST_ROW = 32 << 20  # bytes

Progress = Callable[[int, int], object]
"""Called with the rows that are done and all rows."""


def enhance_large(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    enhancer: Enhancer,
    *,
    overwrite: bool = False,
    progress: Progress = lambda done, rows: None,
) -> None:
    """Enhance a picture by rows, so that it never lies in memory.

    Parameters
    ----------
    source : path
        A TIFF or BigTIFF in tiles or strips, or an OME-Zarr (a folder ``NAME.zarr``).
    target : path
        A TIFF, which becomes a tiled pyramid, or an OME-Zarr. Metadata and alpha go from TIFF to TIFF.
    enhancer : Enhancer
        A recipe whose steps are curves or have a halo, `auto`, or another planner.
    overwrite : bool
        Replace a target that is there.
    progress : function
        Called as rows get done.

    Raises
    ------
    ParameterError
        If the enhancer needs the whole picture, or the files are of other formats.
    PhotoError
        If a file cannot be read or written. What was there before is still there.
    MissingExtraError
        If a Zarr is read or written and the extra ``cluster`` is not installed.

    Notes
    -----
    Whatever is asked about the whole picture, such as percentiles or a thumbnail, is found in a pass of its own. Memory grows
    with the width of the picture, and not with its height.

    Examples
    --------
    >>> import tempfile
    >>> from diptych.photo import write
    >>> from diptych.recipes import Recipe, step
    >>> folder = tempfile.mkdtemp()
    >>> write(folder + "/in.tif", np.full((40, 60), 64, np.uint8))
    >>> enhance_large(folder + "/in.tif", folder + "/out.tif", Recipe(step("gamma", gamma=0.5)))
    >>> from diptych.photo import read
    >>> read(folder + "/out.tif").pixels.max()
    np.uint8(128)
    """
    with contextlib.ExitStack() as closing:
        rows = closing.enter_context(_opened(source))
        _check_rows(source, rows)
        if os.path.exists(target) and not overwrite:
            raise PhotoExistsError(f"{os.fspath(target)}: exists already; use `overwrite=True`, or choose another name")
        made: Rows = _Reported(enhanced(enhancer, rows), progress)
        if is_zarr(target):
            write_zarr(target, made, overwrite=overwrite)
            return
        if by_suffix(target).name != "tiff":
            raise ParameterError(f"{os.fspath(target)}: large pictures are written as TIFF (.tif) or OME-Zarr (.zarr)")
        about = rows.metadata if isinstance(rows, TiffRows) else None
        _write_tiff(target, rows, made, about, overwrite)


def _write_tiff(target: str | os.PathLike[str], rows: Rows, made: Rows, about: Photo | None, overwrite: bool) -> None:
    alpha = rows if isinstance(rows, TiffRows) and rows.has_alpha else None
    height, width, channels = made.shape

    def read(first: int, last: int) -> Image:
        pixels = made.read(first, last)
        return pixels if alpha is None else np.dstack([pixels, alpha.read_alpha(first, last)])

    write_pyramid(
        target,
        read,
        (height, width, channels + (alpha is not None)),
        made.dtype,
        metadata=about,
        has_alpha=alpha is not None,
        overwrite=overwrite,
    )


def _check_rows(source: str | os.PathLike[str], rows: Rows) -> None:
    """Refuse a picture of which not even a few rows fit into memory."""
    _, width, channels = rows.shape
    row = width * channels * rows.dtype.itemsize
    if row > _LONGEST_ROW:
        raise PhotoTooLargeError(
            f"{os.fspath(source)}: has rows of {row >> 20} MiB, more than {_LONGEST_ROW >> 20} MiB; cut it into pieces"
        )


@contextlib.contextmanager
def _opened(source: str | os.PathLike[str]) -> Iterator[Rows]:
    if is_zarr(source):
        yield ZarrRows(source)
        return
    with TiffRows(source) as rows:
        yield rows


class _Reported:
    """Rows that say how far they have been read."""

    def __init__(self, rows: Rows, progress: Progress) -> None:
        self._rows, self._progress = rows, progress
        self.shape: tuple[int, int, int] = rows.shape
        self.dtype: np.dtype[Any] = rows.dtype

    def read(self, first: int, last: int) -> Image:
        """Return rows first to last."""
        made = self._rows.read(first, last)
        self._progress(last, self.shape[0])
        return made
