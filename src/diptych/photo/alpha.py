"""Colours under transparent pixels, which must not decide anything."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image


def fill_hidden(pixels: Image, alpha: Image) -> Image:
    """Replace the colours of pixels whose alpha is 0 by means of visible pixels around them.

    So statistics, models and filters see only what can be seen, and the result does not depend on hidden colours.

    Parameters
    ----------
    pixels : ndarray, shape (H, W) or (H, W, C)
        An image.
    alpha : ndarray, shape (H, W)
        Its opacity.

    Returns
    -------
    ndarray
        Same shape and dtype; `pixels` itself if no pixel is hidden or all are.

    References
    ----------
    The pull and push of Gortler et al., "The lumigraph", SIGGRAPH 1996, section 3.4.

    Examples
    --------
    >>> fill_hidden(np.array([[9, 100, 102]], np.uint8), np.array([[0, 255, 255]], np.uint8)).tolist()
    [[100, 100, 102]]
    """
    hidden = alpha == 0
    if not hidden.any() or hidden.all():
        return pixels
    colours = pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
    sums, weights = _pull(colours, ~hidden)
    levels = [(sums, weights)]
    while max(weights.shape) > 1:
        sums, weights = _pull(sums, weights)
        levels.append((sums, weights))
    means = _means(*levels.pop())
    while levels:
        sums, weights = levels.pop()
        means = np.where(weights[..., np.newaxis] > 0, _means(sums, weights), _push(means, weights.shape))
    rows, columns = np.nonzero(hidden)
    values = means[rows // 2, columns // 2]
    filled = colours.copy()
    filled[rows, columns] = np.rint(values) if pixels.dtype.kind == "u" else values
    return filled.reshape(pixels.shape)


def _pull(values: NDArray[Any], weights: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sums over blocks of 2 x 2 pixels of values and of weights; values count only where the weight is above 0."""
    height, width = (-(-length // 2) for length in weights.shape)
    sums, totals = np.zeros((height, width, values.shape[2])), np.zeros((height, width))
    for top in (0, 1):
        for left in (0, 1):
            part, weight = values[top::2, left::2], weights[top::2, left::2]
            rows, columns = weight.shape
            sums[:rows, :columns] += np.where(weight[..., np.newaxis] > 0, part, 0)
            totals[:rows, :columns] += weight
    return sums, totals


def _means(sums: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return sums / np.maximum(weights, 1)[..., np.newaxis]


def _push(means: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    return means.repeat(2, axis=0).repeat(2, axis=1)[: shape[0], : shape[1]]
