"""Content: what a picture shows, whatever its exposure, colour and noise, as features and as a perceptual hash."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, stats

from diptych import operators
from diptych.core.image import FloatImage
from diptych.quality.structure import block_means

_SIDE = 64
_CELLS = 4
_ORIENTATIONS = 6
_SCALES = (1.5, 3.0)
_LAYOUT = 8
_LAYOUT_WEIGHT = 0.3
_HASH_SIDE = 32

# Means over 4 x 4 pixels keep 1 / 16 of the variance of noise, some 3 / 16 of that of a page of text, and most of a scene's.
_FEWEST_LEVELS = 0.5 / 255
_STRUCTURE_OVER_NOISE = 2.0


class Content(NamedTuple):
    """What one picture shows.

    Attributes
    ----------
    blank : bool
        True if it is black, flat or nothing but noise; the rest means nothing then.
    features : ndarray, shape (256,), float32
        Orientations of its edges on two scales in 4 x 4 cells, and its layout of light and dark in 8 x 8.
    layout : ndarray, shape (256,), float32
        Its equalised luma in 16 x 16, of mean 0 and length 1: the product of two of them is their correlation.
    bits : ndarray, shape (64,), int8
        The perceptual hash, as -1 and 1.
    """

    blank: bool
    features: NDArray[np.float32]
    layout: NDArray[np.float32]
    bits: NDArray[np.int8]


def content_of(luma: FloatImage) -> Content:
    """Describe a picture by the luma (H, W) of its small copy.

    The middle square is reduced to 64 x 64, smoothed and replaced by its ranks, so that no monotone tone curve shows in
    the features; what noise is left after averaging is under the scales of the edges.

    Parameters
    ----------
    luma : ndarray, shape (H, W)
        Floats in [0, 1], of a small copy.

    Returns
    -------
    Content
        The features by which `separate` tells folders apart.

    Examples
    --------
    ``content_of(luma(small))``
    """
    square = _resized(_middle_square(luma), _SIDE)
    equalised = _ranks(ndimage.gaussian_filter(square, 1.0))
    layout = block_means(equalised, _SIDE // 16).ravel() - equalised.mean()
    return Content(
        blank=_is_blank(square),
        features=_features(equalised),
        layout=layout / max(float(np.linalg.norm(layout)), 1e-6),
        bits=_hash(luma),
    )


def _middle_square(luma: FloatImage) -> FloatImage:
    side = min(luma.shape)
    top, left = ((length - side) // 2 for length in luma.shape)
    return luma[top : top + side, left : left + side]


def _resized(luma: FloatImage, side: int) -> FloatImage:
    image = np.ascontiguousarray(luma, np.float32)
    return operators.zoom(image, height=side, width=side, interpolation="area")


def _ranks(luma: FloatImage) -> FloatImage:
    return ((stats.rankdata(luma).reshape(luma.shape) - 0.5) / luma.size).astype(np.float32)


def _is_blank(square: FloatImage) -> bool:
    coarse = float(block_means(square, _SIDE // 16).var())
    noise = float(square.var()) / 16
    return coarse < max(_FEWEST_LEVELS**2, _STRUCTURE_OVER_NOISE * noise)


def _features(equalised: FloatImage) -> NDArray[np.float32]:
    layout = _LAYOUT_WEIGHT * (block_means(equalised, _SIDE // _LAYOUT) - 0.5)
    parts = [*(_orientations(equalised, scale) for scale in _SCALES), layout.ravel()]
    return np.concatenate(parts).astype(np.float32)


def _orientations(equalised: FloatImage, scale: float) -> FloatImage:
    """Return the square roots of the shares of gradient strength by cell and orientation: a histogram of unit length."""
    across = ndimage.gaussian_filter(equalised, scale, order=(0, 1))
    down = ndimage.gaussian_filter(equalised, scale, order=(1, 0))
    strength = np.hypot(across, down)
    angle = np.arctan2(down, across) % np.pi / np.pi * _ORIENTATIONS
    first = np.floor(angle).astype(int)
    share = angle - first
    cell = np.arange(_SIDE) * _CELLS // _SIDE
    base = (cell[:, np.newaxis] * _CELLS + cell) * _ORIENTATIONS
    size = _CELLS * _CELLS * _ORIENTATIONS
    sums = np.bincount((base + first % _ORIENTATIONS).ravel(), (strength * (1 - share)).ravel(), size)
    sums += np.bincount((base + (first + 1) % _ORIENTATIONS).ravel(), (strength * share).ravel(), size)
    return np.sqrt(sums / max(float(sums.sum()), 1e-6))


def _hash(luma: FloatImage) -> NDArray[np.int8]:
    """Return the signs of the 64 lowest frequencies but the mean, against their median.

    The discrete cosine transform of the luma in 32 x 32: recompression, resizing and brightness leave the signs alone.
    """
    low = fft.dctn(_resized(luma, _HASH_SIDE), norm="ortho")[:9, :9].ravel()[1:65]
    return np.where(low > np.median(low), 1, -1).astype(np.int8)
