"""Traits: exposure, contrast, colour, noise and flatness of a picture, in numbers that a person can read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diptych.core.color import luma
from diptych.core.image import FloatImage, Image, to_float
from diptych.core.noise import noise_level

_NOISE_CROP = 512
_SAMPLED_PIXELS = 1 << 18
_BLACK = 8 / 255
_FLAT, _STEEP = 0.5, 0.12
_STEP = 16 / 255


class Traits(NamedTuple):
    """What an enhancer is expected to change in a picture, and whether it is a photograph.

    Attributes
    ----------
    luma : float
        Mean of the luma, 0 to 1.
    contrast : float
        Luma between the 1st and the 99th percentile.
    red, blue : float
        Red and blue against green, as the logarithm of base 2; 0 is neutral, and always 0 for a grey picture.
    saturation : float
        Mean of (max - min) / max over the channels; 0 for a grey picture.
    noise : float
        Standard deviation of the noise, as an intensity.
    flat, steep : float
        Share of neighbours that are exactly equal, among what is not black; and share of those that differ by more than
        16 levels of 255, among the unequal ones. Drawings have much of both; smooth photographs are flat, too, but not steep.
    """

    luma: float
    contrast: float
    red: float
    blue: float
    saturation: float
    noise: float
    flat: float
    steep: float

    @property
    def relative_noise(self) -> float:
        """The noise in units of the mean luma: what it will be like once the picture has been brightened."""
        return self.noise / max(self.luma, 1 / 255)

    @property
    def drawn(self) -> bool:
        """True if it looks like a flat graphic, a screenshot or a page of text."""
        return self.flat > _FLAT and self.steep > _STEEP


def traits_of(pixels: Image, small: FloatImage) -> Traits:
    """Measure a picture.

    Parameters
    ----------
    pixels : ndarray, shape (H, W) or (H, W, C)
        The picture, on which noise and flatness are measured.
    small : ndarray, shape (h, w) or (h, w, C)
        A reduced copy in floats, on which the rest is.

    Returns
    -------
    Traits
        What `diptych check` compares.

    Examples
    --------
    >>> grey = np.full((64, 64, 3), 51, np.uint8)
    >>> found = traits_of(grey, to_float(grey))
    >>> round(found.luma, 3), found.red, found.noise
    (0.2, 0.0, 0.0)
    """
    light = luma(small)
    low, high = np.percentile(light, [1, 99])
    red, blue, saturation = _colour(small)
    flat, steep = _neighbours(pixels)
    return Traits(
        luma=float(light.mean()),
        contrast=float(high - low),
        red=red,
        blue=blue,
        saturation=saturation,
        noise=noise_level(luma(to_float(_centre(pixels)))),
        flat=flat,
        steep=steep,
    )


def _colour(small: FloatImage) -> tuple[float, float, float]:
    if small.ndim == 2 or small.shape[2] != 3:
        return 0.0, 0.0, 0.0
    # A thousandth keeps black pictures finite.
    red, green, blue = (float(mean) + 1e-3 for mean in small.mean(axis=(0, 1)))
    largest = small.max(axis=2)
    saturation = (largest - small.min(axis=2)) / (largest + 1e-3)
    return float(np.log2(red / green)), float(np.log2(blue / green)), float(saturation.mean())


def _centre(pixels: Image) -> Image:
    top, left = (max(side - _NOISE_CROP, 0) // 2 for side in pixels.shape[:2])
    return pixels[top : top + _NOISE_CROP, left : left + _NOISE_CROP]


def _neighbours(pixels: Image) -> tuple[float, float]:
    height, width = pixels.shape[:2]
    some = pixels[:: 1 + height * width // _SAMPLED_PIXELS].reshape(
        -1, width, pixels.shape[2] if pixels.ndim == 3 else 1
    )
    rows = to_float(some)
    lit = rows.max(axis=2)[:, 1:] > _BLACK
    steps = np.abs(np.diff(rows, axis=1)).max(axis=2)[lit]
    if 10 * steps.size <= lit.size:
        return 0.0, 0.0
    unequal = steps[steps > 0]
    return 1 - unequal.size / steps.size, float(np.mean(unequal > _STEP)) if unequal.size else 0.0
