"""Bilateral denoising."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.core.parameters import Auto, Range


@operator(group="denoising", kernels="nlm", halo=lambda size, **other: size // 2)
def denoise_bilateral(
    image: Image,
    *,
    sigma_color: Annotated[float, Range(0, 1), Auto(0.002, 1)] = 0.1,
    sigma_spatial: Annotated[float, Range(0.1, 1000, "px")] = 2.0,
    size: Annotated[int, Range(1, 63, "px", step=2)] = 9,
) -> Image:
    """Average every pixel with nearby pixels of a similar colour.

    ``out(p) = sum of w(p, q) in(q) / sum of w(p, q)`` over the square window of side `size` around p,
    ``w = exp(-|p - q|² / (2 sigma_spatial²)) exp(-d² / (2 sigma_color²))`` with d² the mean over the channels of
    ``(in(p) - in(q))²``. Outside, the image is mirrored: d c b a | a b c d.

    Parameters
    ----------
    sigma_color : float
        Standard deviation for the difference of colours, as an intensity in [0, 1]; two to three times that of the noise.
        0 leaves the image as it is; auto measures the noise and finds the value with the least expected error.
    sigma_spatial : float
        Standard deviation for the distance of pixels.
    size : int
        Side of the window, odd; about five times `sigma_spatial` leaves nothing out.

    Notes
    -----
    `skimage.restoration.denoise_bilateral` divides the Euclidean distance of two colours by the number of channels C: its
    ``sigma_color`` times the square root of C is this one's. Its table of spatial weights is out of step with its window
    (version 0.26), so that the two agree only where `sigma_spatial` is large. OpenCV's ``bilateralFilter`` adds up the
    absolute differences of the channels and has a round window.

    References
    ----------
    Tomasi and Manduchi, "Bilateral filtering for gray and color images", ICCV 1998.

    Examples
    --------
    >>> noisy = np.full((32, 32), 0.5) + np.random.default_rng(0).normal(0, 0.03, (32, 32))
    >>> bool(denoise_bilateral(noisy).std() < noisy.std() / 3)
    True
    """
    if sigma_color < 1e-6:
        return image
    height, width = image.shape[:2]
    radius = size // 2
    padded = np.pad(image, ((radius, radius), (radius, radius), (0, 0)), mode="symmetric")
    total, weights = np.zeros_like(image), np.zeros((height, width, 1), image.dtype)
    for y in range(size):
        for x in range(size):
            other = padded[y : y + height, x : x + width]
            spatial = ((y - radius) ** 2 + (x - radius) ** 2) / (2 * sigma_spatial**2)
            weight = _weight(image, other, spatial, sigma_color)
            total += weight * (other - image)
            weights += weight
    return image + total / weights


def _weight(image: FloatImage, other: FloatImage, spatial: float, sigma: float) -> FloatImage:
    difference = np.mean((image - other) ** 2, axis=2, keepdims=True)
    return np.exp(-(difference / (2 * sigma**2) + spatial))
