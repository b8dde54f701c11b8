"""Lightness order error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.core.metric import metric

SIDE = 50


@metric(unit="px", direction="lower", highest=float(SIDE**2), identity=0.0, symmetric=True, smallest_side=SIDE)
def loe(image: Image, reference: Image) -> float:
    """Lightness order error: between how many places the order of lightness has changed.

    The lightness of a pixel is its largest channel; it is averaged to 50 x 50 places. For each place, the error is the
    number of places for which "this one is at least as light as that one" is true in one image and false in the
    other; the metric is its mean over the 2500 places.

    Parameters
    ----------
    reference : ndarray
        What the order should be, of the same size and channels: the published measure takes the picture before
        enhancement. Another depth is compared as intensities.

    Returns
    -------
    float
        0 to 2500 places; 0 if the order is the same, so also for two constant images.

    Notes
    -----
    The published measure takes single pixels on a grid of about 50 along the shorter side; averaging over areas makes
    the value less noisy. Values from different implementations do not compare.

    References
    ----------
    Wang, Zheng, Hu and Li, "Naturalness preserved enhancement algorithm for non-uniform illumination images", IEEE
    Transactions on Image Processing 22 (2013), section V.

    Examples
    --------
    >>> image = np.linspace(0, 1, 6400, dtype=np.float32).reshape(80, 80)
    >>> loe(image**2, image)
    0.0
    >>> loe(1 - image, image)
    2499.0
    """
    orders = []
    for one in (image, reference):
        lightness = _averaged(one.max(axis=2), white_level(image.dtype)).ravel()
        orders.append(np.greater_equal.outer(lightness, lightness))
    return float(np.count_nonzero(orders[0] != orders[1])) / SIDE**2


def _averaged(lightness: Image, white: float) -> NDArray[np.float64]:
    height, width = lightness.shape
    down, across = _shares(height), _shares(width)
    bands = np.empty((SIDE, width))
    for place, row in enumerate(down):
        first, last = np.flatnonzero(row)[[0, -1]]
        bands[place] = row[first : last + 1] @ lightness[first : last + 1].astype(np.float64)
    # What is equal but for rounding stays equal.
    return np.asarray(np.round(bands @ across.T / white, 6))


def _shares(length: int) -> NDArray[np.float64]:
    # How much of each pixel lies in each of the places, by area.
    edges = np.linspace(0, length, SIDE + 1)[:, np.newaxis]
    covered = np.clip(edges - np.arange(length), 0, 1)
    return np.asarray(np.diff(covered, axis=0) * SIDE / length)
