"""What a few images allow to say: the bootstrap interval of a mean, and the verdict between two enhancers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
FEWEST_FOR_A_VERDICT = 6

# So many values are drawn at a time, to bound the memory.
_AT_ONCE = 2_000_000


def interval(values: Sequence[float], seed: int = 0) -> tuple[float, float] | None:
    """Return the bootstrap 95 % interval of the mean.

    The images are drawn anew, with replacement, 10,000 times; the interval holds the middle 95 % of the means.

    Parameters
    ----------
    values : sequence of float
        One finite value for each image. For a comparison: the differences of two enhancers, image by image.
    seed : int
        Of the random generator; the same seed gives the same interval.

    Returns
    -------
    (float, float) or None
        None for less than two values.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.

    Examples
    --------
    >>> low, high = interval([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    >>> low < 3.5 < high
    True
    >>> interval([1.0]) is None
    True
    """
    if len(values) < 2:
        return None
    low, high = np.percentile(_means_of_resamples(np.asarray(values, np.float64), seed), [2.5, 97.5])
    return float(low), float(high)


def _means_of_resamples(values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    generator = np.random.default_rng(seed)
    means = np.empty(RESAMPLES)
    step = max(1, _AT_ONCE // len(values))
    for start in range(0, RESAMPLES, step):
        part = means[start : start + step]
        part[:] = values[generator.integers(0, len(values), (len(part), len(values)))].mean(axis=1)
    return means


def decide(differences: Sequence[float], seed: int = 0) -> tuple[str, tuple[float, float] | None]:
    """Say what the differences of two enhancers, image by image, allow to say.

    Parameters
    ----------
    differences : sequence of float
        First minus second, counted so that more is better.
    seed : int
        Of the random generator.

    Returns
    -------
    str
        ``first`` or ``second`` if the 95 % interval of the mean difference leaves out zero, ``noise`` if not, ``few``
        for less than 6 images (with 5 even five wins out of five happen by chance once in 16 times), ``same`` if all
        differences are zero.
    (float, float) or None
        The interval.

    Examples
    --------
    >>> decide([1.0, 0.5, 0.8, 1.2, 0.9, 0.7])[0]
    'first'
    >>> decide([1.0, -0.5, 0.8, -1.2, 0.1, -0.7])[0]
    'noise'
    """
    bounds = interval(differences, seed)
    if len(differences) > 0 and not any(differences):
        return "same", bounds
    if bounds is None or len(differences) < FEWEST_FOR_A_VERDICT:
        return "few", bounds
    if bounds[0] > 0:
        return "first", bounds
    return ("second" if bounds[1] < 0 else "noise"), bounds
