"""Tone operators: a curve for each channel, found from the distribution of the values and applied to every pixel.

A tone operator is declared by one function, its curve: ``curve(tones, **parameters)`` looks at the distribution (`Tones`)
and returns a function of values. On integers that function becomes a look-up table; in a recipe, consecutive tone operators
become one table, because the distribution after a table is known without looking at the image again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diptych.core.image import FloatImage, white_level
from diptych.core.operator import operator
from diptych.core.parameters import Value

LEVELS = 65536
"""Levels of a stored distribution: the finest integer depth; coarser depths use a subset of them."""

Curve = Callable[[FloatImage], FloatImage]
"""Takes values of shape ``(..., C)`` in [0, 1] to new values; channels do not mix."""

CurveMaker = Callable[..., Curve]
"""``curve(tones, **parameters)``, as a tone operator declares it."""

Channels: TypeAlias = Literal["together", "each"]
"""One curve from the statistics of all channels, which keeps the hue, or one curve for each channel."""

F = TypeVar("F", bound=Callable[..., Any])


class Tones(Protocol):
    """The distribution of the values of an image, of each channel or of all channels together."""

    def percentiles(self, q: list[float], *, each: bool) -> NDArray[np.float64]:
        """Return percentiles as `numpy.percentile` defines them: shape ``(len(q), C)``, or ``(len(q), 1)`` over all."""
        ...

    def counts(self) -> NDArray[np.int64]:
        """Return how often each of L evenly spaced levels from 0 to 1 occurs, ``(C, L)``.

        L is 65,536, and a value counts for the nearest level; for an 8-bit image L is 256.
        """
        ...

    def power_means(self, norm: float) -> NDArray[np.float64]:
        """Return ``(mean of v ** norm) ** (1 / norm)`` of every channel."""
        ...


def cumulative(tones: Tones, *, each: bool) -> NDArray[np.int64]:
    """Return how many values lie at or below each level: ``(C, L)``, or ``(1, L)`` over all channels."""
    counts = tones.counts()
    return np.cumsum(counts if each else counts.sum(axis=0, keepdims=True), axis=1)


class TableCurve:
    """A curve given by its values at L evenly spaced levels from 0 to 1: ``(C, L)``, or ``(1, L)`` for all channels.

    Between two levels it is straight, or with `nearest` takes the nearer level's value, as curves with jumps need it.
    """

    def __init__(self, tables: NDArray[Any], *, nearest: bool = False) -> None:
        self.tables = np.ascontiguousarray(tables, np.float32)
        self.nearest = nearest

    def __call__(self, values: FloatImage) -> FloatImage:
        """Return the new values; the channels are the last axis."""
        last = self.tables.shape[1] - 1
        position = values * np.float32(last)
        position = np.rint(position) if self.nearest else position
        below = np.minimum(position.astype(np.intp), last - 1)
        share = position - below
        channel = np.arange(values.shape[-1]) if len(self.tables) > 1 else 0
        low, high = self.tables[channel, below], self.tables[channel, below + 1]
        return np.asarray(low + share * (high - low), values.dtype)


class SmoothCurve:
    """A curve without corners or jumps, the same for all channels, given by its formula.

    On floats it may be taken from a table with 1,024 points an octave and straight lines between them: for curves as smooth as
    ``v ** g``, g up to 20, that is within 1e-4.
    """

    def __init__(self, formula: Curve) -> None:
        self._formula = formula
        self._table: NDArray[np.float32] | None = None

    def __call__(self, values: FloatImage) -> FloatImage:
        """Return the new values."""
        return self._formula(values)

    def table(self) -> NDArray[np.float32]:
        """Return the values at the floats whose lower 13 bits are 0, from 0 to 1, and once more at 1."""
        if self._table is None:
            bits = np.arange((0x3F800000 >> 13) + 1, dtype=np.int32) << 13
            values = np.clip(self._formula(bits.view(np.float32)), 0, 1).astype(np.float32)
            self._table = np.append(values, values[-1])
        return self._table


class StraightCurve:
    """The curve ``(v - offset) * scale``, one offset and scale for each channel or for all."""

    def __init__(self, offset: ArrayLike, scale: ArrayLike) -> None:
        self.offset = np.atleast_1d(np.asarray(offset, np.float32))
        self.scale = np.atleast_1d(np.asarray(scale, np.float32))

    def __call__(self, values: FloatImage) -> FloatImage:
        """Return the new values; the channels are the last axis."""
        return (values - self.offset) * self.scale


class ImageTones:
    """The distribution of a float image ``(H, W, C)``."""

    def __init__(self, image: FloatImage) -> None:
        self._image = image

    def percentiles(self, q: list[float], *, each: bool) -> NDArray[np.float64]:
        """See `Tones`."""
        found = np.percentile(self._image, q, axis=(0, 1) if each else None)
        return np.asarray(found, np.float64).reshape(len(q), -1)

    def counts(self) -> NDArray[np.int64]:
        """See `Tones`."""
        levels = np.rint(self._image * np.float32(LEVELS - 1)).astype(np.intp)
        return np.stack([np.bincount(levels[:, :, c].ravel(), minlength=LEVELS) for c in range(levels.shape[2])])

    def power_means(self, norm: float) -> NDArray[np.float64]:
        """See `Tones`."""
        return np.asarray(np.mean(self._image.astype(np.float64) ** norm, axis=(0, 1))) ** (1 / norm)


class LevelTones:
    """The distribution of an integer image, after any tables: `counts` ``(C, L)`` pixels have the value `table` ``(L, C)``.

    The counts are asked for only if a curve needs them.
    """

    def __init__(self, table: FloatImage, counts: Callable[[], NDArray[np.int64]]) -> None:
        self._table = table
        self._counts = counts

    def percentiles(self, q: list[float], *, each: bool) -> NDArray[np.float64]:
        """See `Tones`."""
        counts = self._counts()
        same = np.array_equal(self._table, np.broadcast_to(self._table[:, :1], self._table.shape))
        if each:
            parts = [(self._table[:, c], counts[c]) for c in range(len(counts))]
        elif same:
            parts = [(self._table[:, 0], counts.sum(axis=0))]
        else:
            parts = [(self._table.T.ravel(), counts.ravel())]
        return np.stack([_weighted_percentiles(values, number, q) for values, number in parts], axis=1)

    def counts(self) -> NDArray[np.int64]:
        """See `Tones`."""
        counts = self._counts()
        even = np.linspace(0, 1, counts.shape[1], dtype=np.float32)[:, np.newaxis]
        if np.abs(self._table - even).max() < 1e-7:  # no table yet
            return counts
        levels = np.rint(self._table * np.float32(LEVELS - 1)).astype(np.intp)
        found = [np.bincount(levels[:, c], counts[c], LEVELS) for c in range(len(counts))]
        return np.stack(found).astype(np.int64)

    def power_means(self, norm: float) -> NDArray[np.float64]:
        """See `Tones`."""
        counts = self._counts().T
        return np.asarray((self._table.astype(np.float64) ** norm * counts).sum(0) / counts.sum(0)) ** (1 / norm)


def _weighted_percentiles(values: NDArray[Any], counts: NDArray[np.int64], q: list[float]) -> NDArray[np.float64]:
    if np.any(values[1:] < values[:-1]):
        order = np.argsort(values, kind="stable")
        values, counts = values[order], counts[order]
    cumulative = np.cumsum(counts)
    position = (cumulative[-1] - 1) * np.asarray(q) / 100
    below = np.floor(position).astype(np.int64)
    low = values[np.searchsorted(cumulative, below, side="right")].astype(np.float64)
    above = np.minimum(below + 1, cumulative[-1] - 1)
    high = values[np.searchsorted(cumulative, above, side="right")].astype(np.float64)
    return low + (position - below) * (high - low)


def apply_curve(curve: CurveMaker, image: FloatImage, **parameters: Value) -> FloatImage:
    """Return the image after its curve: the plain version of every tone operator."""
    return curve(ImageTones(image), **parameters)(image)


def identity_table(dtype: np.dtype[Any], channels: int) -> FloatImage:
    """Return the values of all levels of an integer dtype, ``(L, C)`` float32 in [0, 1]."""
    levels = np.arange(np.iinfo(dtype).max + 1, dtype=np.float32) / np.float32(white_level(dtype))
    return np.repeat(levels[:, np.newaxis], channels, axis=1)


def next_table(
    curve: CurveMaker, table: FloatImage, counts: Callable[[], NDArray[np.int64]], **given: Value
) -> FloatImage:
    """Return the table after one more curve; the channels of the table are those of the image."""
    values = curve(LevelTones(table, counts), **given)(table[:, np.newaxis, :])
    return np.clip(values[:, 0, :], 0, 1).astype(np.float32)


def tone_operator(curve: CurveMaker, **options: Any) -> Callable[[F], F]:
    """Make a tone operator: an operator whose body is ``apply_curve(curve, image, ...)``, with tables for integers."""
    return operator(group="tone", curve=curve, kernels="tones", **options)
