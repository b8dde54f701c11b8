"""Noise by frequency: the power of the DCT coefficients of those blocks of an image in which there is only noise."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import FloatImage, Image, to_float

SIDE = 32  # px of a region: two blocks of a JPEG, of chroma at half resolution, each way
_MOST = 1200  # regions of a large picture
_ENOUGH = 400  # regions of a small one: below, they overlap
_SHARE, _FEWEST = (
    0.02,
    16,
)  # of the blocks, by activity: the flattest, where the search for those without texture begins
_GROWTH, _ROUNDS, _LARGEST = (
    1.5,
    3,
    0.5,
)  # blocks of up to so many times the mean activity join, until half of them have
_NEARLY_WHITE, _SMOOTHED = 3.0, 6.0  # power of the low frequencies over that of the high ones
_BEYOND = 1.2  # power of the frequencies that shading hides, over that of the next ones


@dataclass(frozen=True, eq=False)
class BlockPower:
    """Noise of planes in some blocks of like brightness.

    Attributes
    ----------
    powers : ndarray, shape (n, n)
        Variance of each DCT coefficient (orthonormal), hence its mean is the variance of the noise.
    count : int
        Blocks that were found to be without texture.
    """

    powers: FloatImage
    count: int

    @property
    def variance(self) -> float:
        """Variance of the noise."""
        return float(self.powers.mean())


def places(height: int, width: int) -> list[tuple[int, int]]:
    """Return the top and left of squares of 32 px from all over an image, ordered; at most 1200.

    They begin at multiples of 16 px (in a small image, of 8 or 4), where blocks of a JPEG begin.
    """
    stride = SIDE
    while stride > 4 and ((height - SIDE) // stride + 1) * ((width - SIDE) // stride + 1) < _ENOUGH:
        stride //= 2
    found = [(top, left) for top in range(0, height - SIDE + 1, stride) for left in range(0, width - SIDE + 1, stride)]
    if len(found) <= _MOST:
        return found
    return [found[k] for k in np.sort(np.random.default_rng(0).permutation(len(found))[:_MOST])]


def regions_of(image: Image) -> FloatImage:
    """Return the squares ``(N, 32, 32, C)`` of an image ``(H, W, C)``, as floats."""
    squares = [image[top : top + SIDE, left : left + SIDE] for top, left in places(*image.shape[:2])]
    return to_float(np.stack(squares)) if squares else np.empty((0, SIDE, SIDE, image.shape[2]), np.float32)


def split(regions: FloatImage, side: int) -> FloatImage:
    """Return regions ``(N, 32, 32, ...)`` as blocks ``(M, side, side, ...)``."""
    per = SIDE // side
    shape = (len(regions), per, side, per, side, *regions.shape[3:])
    return regions.reshape(shape).swapaxes(2, 3).reshape(-1, side, side, *regions.shape[3:])


def coefficients(blocks: FloatImage) -> FloatImage:
    """Return the orthonormal DCT of blocks ``(N, n, n)``."""
    matrix = dct_matrix(blocks.shape[1])
    return np.asarray(matrix @ blocks @ matrix.T)


def block_power(powers: FloatImage) -> BlockPower:
    """Measure the noise in blocks, given as the squares of their coefficients ``(N, n, n)``.

    The coefficients are two interleaved halves. By the activity in the one it is decided which blocks are without texture,
    and in these the other is averaged: so what is measured has no part in the choice, and is not found too low.
    """
    side = powers.shape[1]
    even, shading = _halves(side)
    found, counts = np.empty((side, side)), []
    for chosen, measured in ((even, ~even), (~even, even)):
        flat = _without_texture(powers[:, chosen & ~shading].sum(axis=1))
        found[measured] = powers[flat][:, measured].mean(axis=0)
        counts.append(len(flat))
    beyond = _BEYOND * float(found[[1, 0, 2], [1, 2, 0]].mean())
    found[0, 0] = beyond
    found[[0, 1], [1, 0]] = np.minimum(found[[0, 1], [1, 0]], beyond)
    return BlockPower(found, sum(counts) // 2)


def without_shading(found: BlockPower) -> BlockPower:
    """Return noise that is nearly white as white noise: what there is more of it at low frequencies is the picture's.

    Noise that demosaicing, scaling or JPEG has smoothed is several times stronger there, and stays as it is.
    """
    half = len(found.powers) // 2
    low = float(found.powers[:half, :half].mean())
    high = (4 * found.variance - low) / 3
    if high <= 0 or low <= high:
        return found
    smooth = float(np.clip(np.log(low / high / _NEARLY_WHITE) / np.log(_SMOOTHED / _NEARLY_WHITE), 0, 1))
    powers = found.powers.copy()
    powers[:half, :half] *= (high + smooth * (low - high)) / low
    return BlockPower(powers, found.count)


def _without_texture(activity: FloatImage) -> NDArray[np.intp]:
    """Return the blocks that differ in their activity no more than noise does: those that are near the flattest ones."""
    order = np.argsort(activity)
    means = np.cumsum(activity[order]) / np.arange(1, len(order) + 1)
    count = least = min(len(order), max(_FEWEST, int(_SHARE * len(order))))
    for _ in range(_ROUNDS):
        near = int(np.searchsorted(activity[order], _GROWTH * means[count - 1], "right"))
        count = max(count, min(near, int(_LARGEST * len(order))), least)
    return order[:count]


@functools.cache
def dct_matrix(side: int) -> FloatImage:
    """Return the orthonormal DCT-II as a matrix ``(side, side)``."""
    k = np.arange(side)
    matrix = np.sqrt(2 / side) * np.cos(np.pi * (2 * k + 1) * k[:, np.newaxis] / (2 * side))
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


@functools.cache
def _halves(side: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    down, across = np.indices((side, side))
    return (down + across) % 2 == 0, down + across <= 1
