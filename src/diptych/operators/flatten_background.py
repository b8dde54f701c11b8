"""Flat-field correction by the image's own smooth background."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from scipy import ndimage

from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.core.parameters import Range

_FLOOR = 1 / 255


@operator(group="illumination")
def flatten_background(
    image: Image,
    *,
    sigma: Annotated[float, Range(1, 1000, "px")] = 50.0,
    mode: Literal["divide", "subtract"] = "divide",
) -> Image:
    """Correct shading: divide by, or subtract, a large blur of the image, channel by channel, and keep the mean.

    With the background ``b = gaussian(in, sigma)``, ``divide`` is ``out = k in / (b + 1/255)``, k such that the channel
    keeps its mean, and ``subtract`` is ``out = in - b + mean(b)``. Values that leave [0, 1] are clipped.

    Parameters
    ----------
    sigma : float
        Standard deviation of the blur; take it larger than the objects that should stay, smaller than the shading.
    mode : str
        ``divide`` where light falls unevenly (vignetting, lamps, line cameras); ``subtract`` where light is added
        (stray light, fluorescence of the background).

    References
    ----------
    Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.5 (shading correction by a low-pass filter).

    Examples
    --------
    >>> page = np.full((64, 64), 0.8, np.float32)
    >>> shaded = page * np.linspace(0.4, 1, 64, dtype=np.float32)
    >>> flat = flatten_background(shaded, sigma=8)
    >>> float(np.ptp(flat)) < 0.3 * float(np.ptp(shaded))
    True
    """
    background = ndimage.gaussian_filter(image, (sigma, sigma, 0), mode="reflect")
    if mode == "subtract":
        return image - background + _mean(background).astype(image.dtype)
    ratio = image / (background + _FLOOR)
    return ratio * (_mean(image) / np.maximum(_mean(ratio), 1e-6)).astype(image.dtype)


def _mean(image: Image) -> Image:
    return np.asarray(image.mean(axis=(0, 1), dtype=np.float64))
