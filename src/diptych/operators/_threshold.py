"""What both ways of `threshold` share: everything is whole numbers, so that they cannot differ."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.color import LUMA

LEVELS = 65535
"""White, on the scale on which intensities are compared."""

LUMA_65536THS = tuple(round(65536 * weight) for weight in LUMA)
"""BT.601 luma in 65536ths."""


def luma_levels(levels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the luma of RGB levels as ``(H, W, 1)``; any other image as it is."""
    if levels.shape[2] != 3:
        return levels
    return ((levels @ np.array(LUMA_65536THS) + 32768) >> 16)[:, :, np.newaxis]


def otsu_level(counts: NDArray[np.int64]) -> int:
    """Return the level that parts a histogram with the largest variance between the classes; of a flat one, the level.

    Parameters
    ----------
    counts : ndarray
        How many pixels each level has.

    Returns
    -------
    int
        The highest level of the dark class, the lowest such level if several are equal.
    """
    level = np.flatnonzero(counts)
    if level.size == 1:
        return int(level[0])
    dark = np.cumsum(counts[level])[:-1].astype(np.float64)
    total = float(counts.sum())
    mass = np.cumsum(counts[level] * level).astype(np.float64)
    difference = mass[:-1] / dark - (mass[-1] - mass[:-1]) / (total - dark)
    return int(level[np.argmax(dark * (total - dark) * difference**2)])


@functools.lru_cache(maxsize=16)
def weights_of(size: int) -> NDArray[np.int64]:
    """Return a Gaussian of this many taps, a standard deviation of ``(size - 1) / 6``, in 65536ths."""
    offset: Any = np.arange(size) - size // 2
    curve = np.exp(-0.5 * (offset / ((size - 1) / 6)) ** 2)
    weights = np.rint(65536 * curve / curve.sum()).astype(np.int64)
    weights[size // 2] += 65536 - weights.sum()
    weights.flags.writeable = False
    return weights
