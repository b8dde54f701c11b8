"""Non-local means for the noise of a camera: luma and chroma apart."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from scipy import ndimage

from diptych.core.color import from_ycbcr, to_ycbcr
from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.core.parameters import Auto, Range

EXPECTED = 1.2  # patches that differ by less than this many noise variances are the same


@operator(group="denoising", kernels="nlm", halo=lambda search, patch, **other: search // 2 + patch // 2)
def denoise_photo(
    image: Image,
    *,
    luma: Annotated[float, Range(0, 0.5), Auto(0.001, 0.25)] = 0.01,
    chroma: Annotated[float, Range(0, 0.5), Auto(0.001, 0.25)] = 0.01,
    strength: Annotated[float, Range(0.05, 5)] = 0.75,
    patch: Annotated[int, Range(3, 15, "px", step=2)] = 5,
    search: Annotated[int, Range(3, 63, "px", step=2)] = 11,
) -> Image:
    """Remove camera noise by non-local means with noise levels of their own for luma and chroma.

    The image is taken to Y'CbCr. ``D`` is the mean, over patch and channels, of the squared difference over the
    channel's noise variance (2 where only noise differs); a pixel in the search window has the weight
    ``w = exp(-max(D - 1.2, 0) / strength²)`` for luma and ``w^(1/4)`` for chroma, which the eye sees less sharply. An
    image that is not RGB is treated as luma, all channels together. With ``luma`` 0 it is returned as it is.

    Parameters
    ----------
    luma : float
        Standard deviation of the noise in luma, as an intensity; auto finds the value with the least expected error.
    chroma : float
        Standard deviation of the noise in the colour differences; at least half of luma is assumed;
        auto as for luma.
    strength : float
        How readily patches count as equal; 0.65 to 0.8 is best for white noise.
    patch : int
        Side of the patches that are compared, odd.
    search : int
        Side of the window in which similar patches are looked for, odd.

    References
    ----------
    Buades, Coll and Morel, "A non-local algorithm for image denoising", CVPR 2005; patch distances by moving averages
    as in Froment, "Parameter-free fast pixelwise non-local means denoising", IPOL 2014.

    Examples
    --------
    >>> noisy = 0.5 + np.random.default_rng(0).normal(0, 0.02, (32, 32, 3))
    >>> bool(denoise_photo(noisy, luma=0.013, chroma=0.016).std() < noisy.std() / 3)
    True
    """
    if luma < 1e-6:
        return image
    color = image.shape[2] == 3
    values = to_ycbcr(image) if color else image
    sigmas = np.array([luma, max(chroma, luma / 2), max(chroma, luma / 2)] if color else [luma] * image.shape[2])
    denoised = _denoise(values, sigmas, strength, patch, search)
    return from_ycbcr(denoised) if color else denoised


def _denoise(values: FloatImage, sigmas: FloatImage, strength: float, patch: int, search: int) -> FloatImage:
    height, width = values.shape[:2]
    radius, edge = search // 2, search // 2 + patch // 2
    padded = np.pad(values, ((edge, edge), (edge, edge), (0, 0)), mode="symmetric")
    scaled = (padded / sigmas).astype(values.dtype)
    total, weights = values.copy(), np.ones_like(values)
    inner = (slice(edge, edge + height), slice(edge, edge + width))
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if dy == dx == 0:
                continue
            moved = np.roll(scaled, (-dy, -dx), axis=(0, 1))
            distance = ndimage.uniform_filter(np.mean((scaled - moved) ** 2, axis=2), patch, mode="nearest")[inner]
            weight = np.exp(np.minimum((EXPECTED - distance) / strength**2, 0))[:, :, np.newaxis]
            parts = np.concatenate([weight, *[np.sqrt(np.sqrt(weight))] * 2], axis=2) if len(sigmas) == 3 else weight
            total += parts * padded[edge + dy : edge + dy + height, edge + dx : edge + dx + width]
            weights += parts
    return total / weights
