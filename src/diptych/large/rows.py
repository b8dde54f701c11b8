"""Pictures that are read by rows, and what can be known and made of them without having them whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diptych.core import tones
from diptych.core.image import FloatImage, Image, to_float
from diptych.core.operator import GRID
from diptych.operators.tones import histograms, map_curves

_VALUES = 8_000_000  # of a piece that is worked on at a time
_FINE = 1 << 20  # levels in which floats are counted
_FAR = 64  # rows apart that are read one by one; the halos of nearer ones would overlap


class Rows(Protocol):
    """A picture ``(H, W, C)`` of which rows can be read, as often as needed."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns, channels."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of what `read` returns, a type of the image contract."""

    def read(self, first: int, last: int) -> Image:
        """Return rows first to last, last not included."""


class ArrayRows:
    """An array as `Rows`."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.shape: tuple[int, int, int] = image.shape
        self.dtype: np.dtype[Any] = image.dtype

    def read(self, first: int, last: int) -> Image:
        """Return rows first to last."""
        return self._image[first:last]


@dataclass(frozen=True)
class LazyRows:
    """What a function makes of another picture's rows, computed whenever rows are read.

    Attributes
    ----------
    source : Rows
        The other picture.
    work : function
        ``work(strip, first)`` returns as many rows as it gets, the first of which is row `first` of the picture.
    dtype : dtype
        Of its result.
    halo : int
        Rows above and below a row that its result depends on.
    """

    source: Rows
    work: Callable[[Image, int], Image]
    dtype: np.dtype[Any]
    halo: int = 0

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns, channels."""
        return self.source.shape

    def read(self, first: int, last: int) -> Image:
        """Return rows first to last, computed in pieces, so that what lies between has the size of a piece."""
        step = max(_piece(self), 2 * self.halo)
        parts = [self._piece(row, min(row + step, last)) for row in range(first, last, step)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _piece(self, first: int, last: int) -> Image:
        top, bottom = max(0, first - self.halo) // GRID * GRID, min(self.shape[0], last + self.halo)
        return self.work(self.source.read(top, bottom), top)[first - top : last - top]


def in_floats(rows: Rows) -> Rows:
    """Return the picture in float32 (or float64, if it is)."""
    if rows.dtype.kind == "f":
        return rows
    return LazyRows(rows, lambda strip, _: to_float(strip), np.dtype(np.float32))


def strips(rows: Rows) -> Iterator[tuple[int, int]]:
    """Yield the first and last rows of strips that cover a picture."""
    height, step = rows.shape[0], _piece(rows)
    for first in range(0, height, step):
        yield first, min(first + step, height)


def _piece(rows: Rows) -> int:
    _, width, channels = rows.shape
    return max(16, _VALUES // (width * channels))


def every(rows: Rows, step: int) -> Image:
    """Return every `step`-th px of every `step`-th row."""
    if step > _FAR:
        found = (rows.read(row, row + 1)[:, ::step] for row in range(0, rows.shape[0], step))
    else:
        found = (rows.read(first, last)[-first % step :: step, ::step] for first, last in strips(rows))
    return np.concatenate([part.copy() for part in found])  # a view would keep the whole strip


class CountedTones:
    """The distribution of a picture read by rows, as a curve asks for it; the picture is read when it first does.

    Values of integers are counted as they are, floats in 2^20 levels: percentiles and means are exact to a millionth.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        levels = 2 ** (8 * rows.dtype.itemsize) if rows.dtype.kind == "u" else _FINE
        even = np.linspace(0, 1, levels, dtype=np.float32)[:, np.newaxis]
        self._levels = tones.LevelTones(np.repeat(even, rows.shape[2], axis=1), self._counted)
        self._counts: NDArray[np.int64] | None = None

    def percentiles(self, q: list[float], *, each: bool) -> NDArray[np.float64]:
        """See `diptych.core.tones.Tones`."""
        return self._levels.percentiles(q, each=each)

    def power_means(self, norm: float) -> NDArray[np.float64]:
        """See `diptych.core.tones.Tones`."""
        return self._levels.power_means(norm)

    def counts(self) -> NDArray[np.int64]:
        """See `diptych.core.tones.Tones`."""
        if self._rows.dtype.kind == "u":
            return self._counted()
        coarse = np.rint(np.arange(_FINE) * ((tones.LEVELS - 1) / (_FINE - 1))).astype(np.intp)
        found = [np.bincount(coarse, fine, tones.LEVELS) for fine in self._counted()]
        return np.stack(found).astype(np.int64)

    def _counted(self) -> NDArray[np.int64]:
        if self._counts is None:
            self._counts = np.asarray(sum(_histograms(self._rows.read(*rows)) for rows in strips(self._rows)))
        return self._counts


def _histograms(strip: Image) -> NDArray[np.int64]:
    if strip.dtype.kind == "u":
        return histograms(np.ascontiguousarray(strip))
    levels = np.rint(to_float(strip) * (_FINE - 1)).astype(np.intp)
    return np.stack([np.bincount(levels[:, :, c].ravel(), minlength=_FINE) for c in range(levels.shape[2])])


def through_curve(rows: Rows, curve: tones.Curve) -> Rows:
    """Return the picture after a curve, in floats."""

    def work(strip: FloatImage, _: int) -> Image:
        return map_curves([curve], np.ascontiguousarray(strip))

    floats = in_floats(rows)
    return LazyRows(floats, work, floats.dtype)
