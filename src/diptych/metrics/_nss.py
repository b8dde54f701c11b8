"""Natural scene statistics of patches: the features of NIQE and of the distance between two domains.

For each patch of 96 x 96 pixels, 18 numbers at the full and 18 at half the size describe how the luma, after its local
mean and contrast are taken out, is distributed, and how the products of neighbouring pixels are: see `features_of`.
Where there are kernels for it (``_kernels/_nss.py``), `patches_of` takes them; its body is the specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.color import LUMA
from diptych.core.errors import ImageError
from diptych.core.image import Image, white_level
from diptych.core.metric import accelerated

Floats = NDArray[np.float64]

PATCH = 96
FEATURES = 36
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""By how many rows and columns a patch is shifted, around its own ends, before it is multiplied with itself."""

FLAT = 1e-4
"""A luma closer than this to its local mean counts as equal to it, so that flat stays exactly flat."""

TIE = 1e-4
"""Half a level goes up, also where another depth brings it with a rounding error: so all depths agree."""

HALVE = np.array([-3, -9, 29, 111, 111, 29, -9, -3]) / 256
"""Cubic convolution (a = -1/2) stretched to twice its width: the reduction to one half that MATLAB's imresize does."""


def gaussian_window() -> Floats:
    """Return the 7 weights of a Gaussian of standard deviation 7 / 6, whose sum is 1."""
    weights = np.exp(-0.5 * (np.arange(-3, 4) * 6 / 7) ** 2)
    return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class Patches:
    """What is measured of the patches of an image, row by row of patches.

    Attributes
    ----------
    moments : ndarray, shape (patches, 2, 5, 5)
        For each size (full, half) and each map (the normalised luma, its products with the four neighbours): how many values
        are negative, how many positive, the sums of the squares of either, and the sum of the magnitudes.
    sharpness : ndarray, shape (patches,)
        Mean local contrast at the full size.
    """

    moments: Floats
    sharpness: Floats


@accelerated
def patches_of(image: Image, patch: int = PATCH) -> Patches:
    """Measure the patches of an image ``(H, W, C)``, C = 1 or 3; what is left over at the right and below is ignored."""
    check_patches(image, patch)
    full = luma(image[: image.shape[0] // patch * patch, : image.shape[1] // patch * patch])
    half = halved(full)
    (mscn, contrast), (mscn_half, _) = normalised(full), normalised(half)
    both = [_moments(_cut(mscn, patch)), _moments(_cut(mscn_half, patch // 2))]
    return Patches(np.stack(both, axis=1), _cut(contrast, patch).mean(axis=(1, 2)))


def check_patches(image: Image, patch: int) -> None:
    """Raise `ImageError` if an image ``(H, W, C)`` has no patches of this side, or is neither grey nor RGB."""
    height, width, channels = image.shape
    if channels not in (1, 3):
        raise ImageError(f"niqe: the image has {channels} channels; give a grey or an RGB image")
    if min(height, width) < patch:
        raise ImageError(f"niqe: the image is {width} x {height} pixels; its patches need {patch} on each side")


def luma(image: Image) -> Floats:
    """Return the BT.601 luma on 16 ... 235, rounded to whole levels; a grey image is one of three equal channels."""
    scaled = image.astype(np.float64) / white_level(image.dtype)
    if image.shape[2] == 3:
        return np.asarray(np.rint(16 + TIE + scaled @ (219 * np.array(LUMA))))
    return np.asarray(np.rint(16 + TIE + 219 * scaled[:, :, 0]))


def halved(values: Floats) -> Floats:
    """Return the picture reduced to one half with antialiased cubic convolution; the borders are mirrored."""
    from scipy.ndimage import correlate1d

    # The filter has 8 taps: row i of the half comes from the rows 2i - 3 ... 2i + 4.
    for axis in (0, 1):
        values = correlate1d(values, HALVE, axis=axis, mode="reflect", origin=-1)
        values = values[::2] if axis == 0 else values[:, ::2]
    return values


def normalised(values: Floats) -> tuple[Floats, Floats]:
    """Return the luma without its local mean and contrast, and the local contrast (a standard deviation)."""
    from scipy.ndimage import correlate1d

    def mean(of: Floats) -> Floats:
        return np.asarray(correlate1d(correlate1d(of, window, axis=0, mode="nearest"), window, axis=1, mode="nearest"))

    window = gaussian_window()
    centre = mean(values)
    contrast = np.sqrt(np.abs(mean(values * values) - centre * centre))
    difference = values - centre
    difference[np.abs(difference) < FLAT] = 0
    return difference / (contrast + 1), contrast


def _cut(values: Floats, side: int) -> Floats:
    down, across = values.shape[0] // side, values.shape[1] // side
    return values.reshape(down, side, across, side).swapaxes(1, 2).reshape(-1, side, side)


def _moments(patches: Floats) -> Floats:
    products = [patches * np.roll(patches, shift, axis=(1, 2)) for shift in NEIGHBOURS]
    return np.stack([_moments_of_map(values) for values in (patches, *products)], axis=1)


def _moments_of_map(values: Floats) -> Floats:
    squares, negative, positive = values * values, values < 0, values > 0
    rows: list[Any] = [negative, positive, squares * negative, squares * positive, np.abs(values)]
    return np.stack([row.sum(axis=(1, 2)) for row in rows], axis=1)


def features_of(moments: Floats, patch: int = PATCH) -> Floats:
    """Return the features ``(patches, 36)`` of patches by their moments; NaN where a patch has no contrast.

    To each map belongs the asymmetric generalised Gaussian with its moments: shape alpha and the widths of the left and
    the right half. The 18 features of one size are alpha and the mean width of the normalised luma, and alpha, mean,
    left and right width for each of the four products.
    """
    areas = np.array([patch**2, (patch // 2) ** 2], np.float64)[:, np.newaxis]
    alpha, left, right = _asymmetric_gaussian(moments, areas)
    from scipy.special import gamma

    mean = (right - left) * gamma(2 / alpha) / gamma(1 / alpha)
    first = np.stack([alpha[:, :, 0], (left + right)[:, :, 0] / 2], axis=2)
    others = np.stack([alpha, mean, left, right], axis=3)[:, :, 1:]
    return np.concatenate([first, others.reshape(*others.shape[:2], -1)], axis=2).reshape(len(moments), -1)


def _asymmetric_gaussian(moments: Floats, areas: Floats) -> tuple[Floats, Floats, Floats]:
    from scipy.special import gamma

    below, above, squares_below, squares_above, magnitudes = np.moveaxis(moments, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        left, right = np.sqrt(squares_below / below), np.sqrt(squares_above / above)
        ratio = left / right
        spread = (magnitudes / areas) ** 2 / ((squares_below + squares_above) / areas)
        wanted = spread * (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    alpha = _shape(wanted)
    width = np.sqrt(gamma(1 / alpha) / gamma(3 / alpha))
    return alpha, left * width, right * width


def _shape(wanted: Floats) -> Floats:
    # The shapes 0.2, 0.201, ... 10 of the published code; where there is nothing to match it takes the first.
    from scipy.special import gamma

    shapes = np.arange(0.2, 10.001, 0.001)
    table = gamma(2 / shapes) ** 2 / (gamma(1 / shapes) * gamma(3 / shapes))
    after = np.clip(np.searchsorted(table, wanted), 1, len(shapes) - 1)
    nearer = np.where(wanted - table[after - 1] <= table[after] - wanted, after - 1, after)
    return np.asarray(shapes[np.where(np.isnan(wanted), 0, nearer)])
