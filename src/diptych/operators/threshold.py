"""Threshold: a mask of black and white."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.core.parameters import Range
from diptych.operators._threshold import LEVELS, luma_levels, otsu_level, weights_of


@operator(group="segmentation")
def threshold(
    image: Image,
    *,
    method: Literal["otsu", "local", "value"] = "otsu",
    value: Annotated[float, Range(0, 1)] = 0.5,
    size: Annotated[int, Range(3, 999, "px", step=2)] = 51,
    window: Literal["mean", "gaussian"] = "mean",
    offset: Annotated[float, Range(-1, 1)] = 0.0,
) -> Image:
    """Make everything brighter than a threshold white and the rest black.

    ``out = 1 where in > t, else 0``. ``otsu``: one t that makes the variance between the two classes largest; ``local``: t is
    the average of the window around each pixel minus `offset`; ``value``: t is given. The luma of an RGB image decides for all
    three channels; other channels are treated one by one.

    Parameters
    ----------
    method : str
        Where the threshold comes from: ``otsu``, ``local`` or ``value``.
    value : float
        The threshold of the method ``value``, in [0, 1].
    size : int
        Side of the window of the method ``local``, odd. The image is reflected at its border.
    window : str
        ``mean`` weighs the window evenly, ``gaussian`` with a standard deviation of ``(size - 1) / 6``.
    offset : float
        What the method ``local`` takes off the average: positive values make more pixels white.

    Returns
    -------
    ndarray
        Same shape and dtype, black and white only.

    Notes
    -----
    Intensities are compared on the 65,536 levels of 16 bits in whole numbers, so that an image gives the same mask in every
    depth, and a flat image a flat one (black, if no value or offset says otherwise). Where several thresholds part the
    pixels equally, Otsu's is the lowest.

    References
    ----------
    Otsu, "A threshold selection method from gray-level histograms" (1979), `skimage.filters.threshold_otsu`;
    `skimage.filters.threshold_local`.

    Examples
    --------
    >>> threshold(np.array([[10, 12, 200, 210]], np.uint8)).tolist()
    [[0, 0, 255, 255]]
    """
    levels = luma_levels(np.rint(image * image.dtype.type(LEVELS)).astype(np.int64))
    masks = [_mask(levels[:, :, c], method, value, size, window, offset) for c in range(levels.shape[2])]
    return np.stack(masks * (image.shape[2] // len(masks)), axis=2).astype(image.dtype)


def _mask(channel: NDArray[np.int64], method: str, value: float, size: int, window: str, offset: float) -> Any:
    if method == "otsu":
        return channel > otsu_level(np.bincount(channel.ravel(), minlength=LEVELS + 1))
    if method == "value":
        return channel > np.rint(value * LEVELS)
    below = np.rint(offset * LEVELS)
    if window == "gaussian":
        return channel * 65536**2 > _gaussian(channel, size) - below * 65536**2
    return channel * size**2 > _sums(channel, size) - below * size**2


def _sums(channel: NDArray[np.int64], size: int) -> FloatImage:
    # Sums of whole numbers below 2^53 are exact in float64, in any order.
    ones = np.ones(size)
    rows = ndimage.correlate1d(channel.astype(np.float64), ones, axis=0, mode="reflect")
    return ndimage.correlate1d(rows, ones, axis=1, mode="reflect")


def _gaussian(channel: NDArray[np.int64], size: int) -> FloatImage:
    # Not rounded between the two directions: the order of them would show.
    weights = weights_of(size).astype(np.float64)
    rows = ndimage.correlate1d(channel.astype(np.float64), weights, axis=0, mode="reflect")
    return ndimage.correlate1d(rows, weights, axis=1, mode="reflect")
