"""What a few images allow to say: the bootstrap interval of a mean, and the verdict between two enhancers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import bootstrap

RESAMPLES = 10_000
FEWEST_FOR_A_VERDICT = 6

_AT_ONCE = 2_000_000  # values that are resampled at a time, to bound the memory


def interval(values: Sequence[float], seed: int = 0) -> tuple[float, float] | None:
    """Return the bootstrap 95 % interval of the mean: bias-corrected and accelerated (BCa), 10,000 resamples.

    Parameters
    ----------
    values : sequence of float
        One finite value for each image. For a comparison: the differences of two enhancers, image by image.
    seed : int
        Of the random generator; the same seed gives the same interval.

    Returns
    -------
    (float, float) or None
        None for fewer than two values; a point if all are equal.

    References
    ----------
    Efron, "Better bootstrap confidence intervals", Journal of the American Statistical Association 82 (1987).

    Examples
    --------
    >>> low, high = interval([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    >>> low < 3.5 < high
    True
    >>> interval([1.0]) is None
    True
    """
    data = np.asarray(values, np.float64)
    if len(data) < 2:
        return None
    mean, width = float(data.mean()), float(np.ptp(data))
    if width <= 1e-12 * abs(mean):  # equal but for rounding: nothing varies
        return mean, mean
    found = bootstrap(
        (
            (data - mean) / width,
        ),  # in their own unit, so that the third powers of the acceleration neither vanish nor overflow
        np.mean,
        n_resamples=RESAMPLES,
        batch=max(1, _AT_ONCE // len(data)),
        method="BCa",
        random_state=np.random.default_rng(seed),
    ).confidence_interval
    return mean + width * float(found.low), mean + width * float(found.high)


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
