"""Bilateral filter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.core.parameters import Range
from diptych.operators._borders import Border, halo_of, pad


@operator(group="filter", halo=lambda sigma_space, sigma_color, border: halo_of(disc_radius(sigma_space), border))
def bilateral(
    image: Image,
    *,
    sigma_space: Annotated[float, Range(0, 50, "px")] = 2.0,
    sigma_color: Annotated[float, Range(0, 10)] = 0.1,
    border: Border = "mirror",
) -> Image:
    """Smooth surfaces and keep edges: a mean over neighbours, weighted by distance and similarity.

    ``out(p) = sum of w(p, q) in(q) / sum of w(p, q)`` over the q of a disc around p, with
    ``w = exp(-|p - q|² / (2 sigma_space²) - d² / (2 sigma_color²))`` and ``d = sum over channels of |in(p) - in(q)|``.

    Parameters
    ----------
    sigma_space : float
        How far neighbours count, as a standard deviation; 0 leaves the image as it is.
    sigma_color : float
        How different neighbours may be, as a standard deviation of the distance d; 0 leaves the image as it is.

    Notes
    -----
    This is OpenCV's definition: the distance of two colours is the sum over their channels (at most C), not the Euclidean
    one, and the disc has the radius 1.5 sigma_space, rounded (half to even), but at least 1.

    References
    ----------
    Tomasi and Manduchi, "Bilateral filtering for gray and color images", ICCV 1998; OpenCV's ``bilateralFilter``.

    Examples
    --------
    >>> edge = np.array([[10, 14, 10, 14, 200, 204, 200, 204]] * 5, np.uint8)
    >>> bilateral(edge, sigma_space=2, sigma_color=0.1)[2].tolist()
    [12, 12, 12, 13, 201, 202, 202, 202]
    """
    if sigma_space == 0 or sigma_color == 0:
        return image
    radius = disc_radius(sigma_space)
    height, width = image.shape[:2]
    padded = pad(image, radius, border)
    total = np.zeros((height, width, 1), image.dtype)
    result = np.zeros_like(image)
    for y, x in disc(radius):
        shifted = padded[radius + y : radius + y + height, radius + x : radius + x + width]
        weight = _weight(shifted - image, (y * y + x * x) / max(sigma_space, 0.01) ** 2, max(sigma_color, 1e-6))
        total += weight
        result += weight * shifted
    return result / total


def _weight(difference: FloatImage, space: float, sigma_color: float) -> FloatImage:
    distance = np.abs(difference).sum(axis=2, keepdims=True) / np.float64(sigma_color)
    return np.asarray(np.exp(-0.5 * (space + distance**2)), difference.dtype)


def disc_radius(sigma_space: float) -> int:
    """Return the radius of the disc that OpenCV takes for this sigma.

    >>> [disc_radius(sigma) for sigma in (0.1, 1, 2, 3)]
    [1, 2, 3, 4]
    """
    return max(1, round(1.5 * sigma_space))


def disc(radius: int) -> Iterator[tuple[int, int]]:
    """Yield the offsets (y, x) whose distance is at most the radius.

    >>> list(disc(1))
    [(-1, 0), (0, -1), (0, 0), (0, 1), (1, 0)]
    """
    for y in range(-radius, radius + 1):
        for x in range(-radius, radius + 1):
            if y * y + x * x <= radius * radius:
                yield y, x
