"""Non-local means for the noise of a camera: luma and chroma apart, at several sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np

from diptych.core.color import from_ycbcr, to_ycbcr
from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.core.parameters import Auto, Range

EXPECTED = 1.2  # patches that differ by less than this many noise variances are the same
LEAST = 1e-6  # noise of luma under which nothing is done
OWN = 0.5  # weight of a pixel for itself: of others that are the same one in two is missed
FINER = ((1.0, 1.2), (0.7, 1.0), (0.5, 0.8))
"""At each size, of the noise of luma and chroma there: less where what is found at the smaller sizes is taken away already."""


class AtSize(NamedTuple):
    """How non-local means works at one of the sizes: noise levels, and the window."""

    luma: float
    chroma: float
    search: int


def at_sizes(luma: float, chroma: float, coarse: float, search: int, scales: int) -> list[AtSize]:
    """Return how it works at full size, at half of it, and so on."""
    found = []
    for scale, (of_luma, of_chroma) in enumerate(FINER[:scales]):
        left = coarse**scale
        pair = luma * left * of_luma, chroma * left * of_chroma
        if pair[0] < LEAST:
            break
        found.append(AtSize(pair[0], max(pair[1], pair[0] / 2), search + 2 * (scale > 0)))
    return found


def _halo(*, search: int, patch: int, scales: int, **_: float) -> int:
    radius = search // 2 + patch // 2
    return radius + sum((radius + 2) * 2**scale for scale in range(1, scales))


@operator(group="denoising", kernels="nlm", halo=_halo)
def denoise_photo(
    image: Image,
    *,
    luma: Annotated[float, Range(0, 0.5), Auto(0, 0.5, "luma_level")] = 0.01,
    chroma: Annotated[float, Range(0, 0.5), Auto(0, 0.5, "chroma_level")] = 0.01,
    coarse: Annotated[float, Range(0, 1), Auto(0.25, 1, "coarseness")] = 0.5,
    strength: Annotated[float, Range(0.05, 5)] = 0.75,
    patch: Annotated[int, Range(3, 15, "px", step=2)] = 5,
    search: Annotated[int, Range(3, 63, "px", step=2)] = 5,
    scales: Annotated[int, Range(1, len(FINER))] = len(FINER),
) -> Image:
    """Remove camera noise by non-local means at several sizes, with noise levels of their own for luma and chroma.

    The image is taken to Y'CbCr. ``D`` is the mean, over patch and channels, of the squared difference over the
    channel's noise variance (2 where only noise differs); a pixel in the search window has the weight
    ``w = exp(-max(D - 1.2, 0) / strength²)`` for luma and ``w^(1/4)`` for chroma, which the eye sees less
    sharply; the pixel itself has 1/2 and its fourth root. An image that is not RGB is treated as luma, all channels
    together. With ``luma`` 0 it is returned as it is.

    Before that the same is done to the picture at half the size, and before that at a quarter of it, and the differences
    are added to the larger one: noise that JPEG, demosaicing or scaling has smeared over several pixels is found there.

    Parameters
    ----------
    luma : float
        Standard deviation of the noise in luma, as an intensity; auto measures it.
    chroma : float
        Standard deviation of the noise in the colour differences; at least half of luma is assumed; auto measures it.
    coarse : float
        Share of the noise that is left where 2 x 2 px are averaged: 0.5 for white noise, up to 1 for what has been smeared;
        auto measures it.
    strength : float
        How readily patches count as equal; 0.65 to 0.8 is best for white noise.
    patch : int
        Side of the patches that are compared, odd.
    search : int
        Side of the window in which similar patches are looked for, odd; at smaller sizes two more.
    scales : int
        At how many sizes: 1 for the full one only.

    References
    ----------
    Buades, Coll and Morel, "A non-local algorithm for image denoising", CVPR 2005; patch distances by moving averages
    as in Froment, "Parameter-free fast pixelwise non-local means denoising", IPOL 2014; several sizes as in Lebrun, Colom
    and Morel, "The noise clinic", IPOL 2015.

    Examples
    --------
    >>> noisy = 0.5 + np.random.default_rng(0).normal(0, 0.02, (32, 32, 3))
    >>> bool(denoise_photo(noisy, luma=0.013, chroma=0.016).std() < noisy.std() / 3)
    True
    """
    if luma < LEAST:
        return image
    return _denoised(image, at_sizes(luma, chroma, coarse, search, scales), strength, patch)


def _denoised(image: FloatImage, sizes: Sequence[AtSize], strength: float, patch: int) -> FloatImage:
    now, *smaller = sizes
    if smaller:
        half = _halved(image)
        image = image + _doubled(_denoised(half, smaller, strength, patch) - half, image.shape[:2])
    color = image.shape[2] == 3
    values = to_ycbcr(image) if color else image
    sigmas = np.array([now.luma, now.chroma, now.chroma] if color else [now.luma] * image.shape[2])
    found = _means(values, sigmas, strength, patch, now.search)
    return np.clip(from_ycbcr(found) if color else found, 0, 1)


def _halved(image: FloatImage) -> FloatImage:
    """Return the means of 2 x 2 px; an odd last row or column is repeated."""
    padded = np.pad(image, ((0, image.shape[0] % 2), (0, image.shape[1] % 2), (0, 0)), mode="edge")
    return np.asarray((padded[::2, ::2] + padded[::2, 1::2] + padded[1::2, ::2] + padded[1::2, 1::2]) / 4)


def _doubled(image: FloatImage, shape: tuple[int, ...]) -> FloatImage:
    """Return an image of twice the size, linear between the centres of the pixels, cut to a shape."""
    for axis in (0, 1):
        padded = np.pad(image, [(1, 1) if k == axis else (0, 0) for k in range(3)], mode="edge")
        before, here, after = (np.take(padded, range(k, k + image.shape[axis]), axis) for k in range(3))
        pair = np.stack([0.75 * here + 0.25 * before, 0.75 * here + 0.25 * after], axis + 1)
        image = np.take(pair.reshape(*pair.shape[:axis], -1, *pair.shape[axis + 2 :]), range(shape[axis]), axis)
    return image


def _means(values: FloatImage, sigmas: FloatImage, strength: float, patch: int, search: int) -> FloatImage:
    from scipy import ndimage

    height, width = values.shape[:2]
    radius, edge = search // 2, search // 2 + patch // 2
    padded = np.pad(values, ((edge, edge), (edge, edge), (0, 0)), mode="symmetric")
    scaled = (padded / sigmas).astype(values.dtype)
    own = np.array([OWN, OWN**0.25, OWN**0.25] if len(sigmas) == 3 else OWN, values.dtype)
    total, weights = own * values, np.broadcast_to(own, values.shape).copy()
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
