"""Low-light enhancement by an illumination map."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from scipy import ndimage

from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.core.parameters import Range

EPSILON = 1e-3
"""Keeps the weights finite, and is the darkest illumination."""

SIGMA = 2.0
"""Standard deviation of the window in which gradients are averaged."""

ROUNDS = 3
"""How often the map is smoothed along rows and along columns."""


@operator(group="illumination")
def lime(
    image: Image,
    *,
    gamma: Annotated[float, Range(0, 1)] = 0.8,
    smoothness: Annotated[float, Range(0, 10)] = 0.15,
) -> Image:
    """Brighten a dark image: divide it by the illumination, a map that is smooth but keeps the edges of the scene.

    ``out = in / T^gamma``. The first estimate is ``T0 = max over the channels``; T minimises
    ``sum (T - T0)² + smoothness sum (w_x (dT/dx)² + w_y (dT/dy)²)`` with ``w = 1 / ((|g * dT0| + e) (|dT0| + e))``, g a
    Gaussian of sigma 2, e = 0.001, and is not below e.

    Parameters
    ----------
    gamma : float
        How much of the illumination is taken away; 0 leaves the image as it is, 1 makes the illumination even.
    smoothness : float
        Weight of the smoothness of the map; 0 takes the largest channel as it is, which flattens everything.

    Notes
    -----
    The objective is that of the paper's sped-up solver with its third weighting. It is minimised along rows and columns
    in turns, three times with 24/63, 6/63 and 1.5/63 of the smoothness, after Min et al.: the
    cost is linear in the number of pixels, and the map is close to the joint minimum, a little less smooth. Because rows
    come first, a rotation by 90° does not quite commute. The paper's denoising step (BM3D) is left out: noise that was dark
    is now bright, and a denoiser should follow.

    References
    ----------
    Guo, Li and Ling, "LIME: low-light image enhancement via illumination map estimation", IEEE Transactions on Image
    Processing 26 (2017), sections II and III; Min et al., "Fast global image smoothing based on weighted least squares",
    IEEE Transactions on Image Processing 23 (2014), section III.

    Examples
    --------
    >>> lime(np.array([[0, 16, 32]], np.uint8), smoothness=0).tolist()
    [[0, 147, 168]]
    """
    first = image.max(axis=2)
    illumination = first if smoothness == 0 else _smoothed(first.astype(np.float64), smoothness)
    return image / (np.maximum(illumination, EPSILON) ** gamma)[:, :, np.newaxis]


def _smoothed(first: FloatImage, smoothness: float) -> FloatImage:
    across, down = _weights(first, axis=1).T, _weights(first, axis=0)
    result = first
    for round_ in range(1, ROUNDS + 1):
        weight = 1.5 * 4 ** (ROUNDS - round_) / (4**ROUNDS - 1) * smoothness
        result = _solve(result.T, weight * across).T
        result = _solve(result, weight * down)
    return result


def _weights(first: FloatImage, axis: int) -> FloatImage:
    # Between a pixel and the next one; the last entry leads outside the image and is 0.
    step = np.diff(first, axis=axis)
    if step.size == 0:
        return np.zeros_like(first)
    around = ndimage.gaussian_filter(step, SIGMA, mode="reflect")
    weights = 1 / ((np.abs(around) + EPSILON) * (np.abs(step) + EPSILON))
    return np.pad(weights, [(0, int(axis == 0)), (0, int(axis == 1))])


def _solve(right: FloatImage, weights: FloatImage) -> FloatImage:
    """Solve ``(1 + D' w D) x = right`` down the columns, D the difference of neighbours.

    Gaussian elimination, written so that only positive numbers are added: the pivot of row i is ``excess + w_i``.
    """
    length = right.shape[0]
    share, result = np.empty_like(right), np.empty_like(right)
    excess, carried = np.ones_like(right[0]), np.zeros_like(right[0])
    for i in range(length):
        pivot = excess + weights[i]
        share[i] = weights[i] / pivot
        result[i] = (right[i] + carried) / pivot
        carried, excess = weights[i] * result[i], 1 + share[i] * excess
    for i in range(length - 2, -1, -1):
        result[i] += share[i] * result[i + 1]
    return result
