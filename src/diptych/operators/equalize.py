"""Histogram equalisation."""

from __future__ import annotations

import numpy as np

from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.operators._shared import Channels

_LEVELS = 65536  # the finest integer depth; coarser depths use a subset of these levels


@operator(group="tone")
def equalize(image: Image, *, channels: Channels = "together") -> Image:
    """Spread the values so that every brightness is as frequent as any other.

    ``out = (F(in) - F(min)) / (1 - F(min))`` with F the cumulative distribution of the values over 65,536 levels, so
    that the darkest value becomes black and the brightest white. A flat image is returned as it is.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any image of the contract.
    channels : str
        ``together`` uses one distribution over all channels and keeps the hue; ``each`` equalises every channel.

    Returns
    -------
    ndarray
        Same shape and dtype.

    Raises
    ------
    ImageError
        If the image breaks the contract.
    ParameterError
        If a parameter is out of its bounds.

    Notes
    -----
    Equal to OpenCV's ``equalizeHist`` on one ``uint8`` channel. `skimage.exposure.equalize_hist` leaves out the two
    ``F(min)``, so that it never reaches black.

    References
    ----------
    Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.3.

    Examples
    --------
    >>> equalize(np.array([[10, 10, 11, 12]], np.uint8)).tolist()
    [[0, 0, 128, 255]]
    """
    levels = np.rint(image * np.float32(_LEVELS - 1)).astype(np.intp)
    if channels == "together":
        return _equalize(image, levels)
    parts = [_equalize(image[:, :, c], levels[:, :, c]) for c in range(image.shape[2])]
    return np.stack(parts, axis=2)


def _equalize(image: FloatImage, levels: np.ndarray) -> FloatImage:
    counts = np.bincount(levels.ravel(), minlength=_LEVELS)
    cumulative = np.cumsum(counts)
    first = counts[np.flatnonzero(counts)[0]]
    if first == levels.size:
        return image
    return np.asarray(((cumulative - first) / (levels.size - first))[levels], image.dtype)
