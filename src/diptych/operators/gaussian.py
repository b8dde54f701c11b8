"""Gaussian blur."""

from __future__ import annotations

from typing import Annotated

from scipy import ndimage

from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.core.parameters import Auto, Range
from diptych.operators._borders import Border, halo_of


@operator(group="filter", kernels="convolution", halo=lambda sigma, border: halo_of(int(4 * sigma + 0.5), border))
def gaussian(
    image: Image, *, sigma: Annotated[float, Range(0, 1000, "px"), Auto(0.125, 8)] = 1.0, border: Border = "reflect"
) -> Image:
    """Blur every channel with a Gaussian.

    ``out = in * g``, ``g(x, y) = exp(-(x² + y²) / (2 sigma²)) / (2 pi sigma²)``, cut off at 4 sigma.

    Parameters
    ----------
    sigma : float
        Standard deviation of the Gaussian; 0 leaves the image as it is; auto takes what removes the image's noise best.

    References
    ----------
    `scipy.ndimage.gaussian_filter` with ``truncate=4``.

    Examples
    --------
    >>> dot = np.zeros((5, 5), np.uint8)
    >>> dot[2, 2] = 255
    >>> gaussian(dot, sigma=1)[2].tolist()
    [6, 25, 41, 25, 6]
    """
    if sigma < 0.125:  # the window is a single pixel
        return image
    return ndimage.gaussian_filter(image, (sigma, sigma, 0), mode=border, truncate=4.0)
