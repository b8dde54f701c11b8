"""Median filter."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from scipy import ndimage

from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.core.parameters import Auto, Range
from diptych.operators._borders import Border, halo_of, pad


@operator(group="filter", halo=lambda size, border: halo_of(size // 2, border))
def median(
    image: Image, *, size: Annotated[int, Range(1, 255, "px", step=2), Auto(1, 11)] = 3, border: Border = "reflect"
) -> Image:
    """Replace every value by the median of the square window around it, channel by channel.

    Removes specks and salt-and-pepper noise and keeps edges.

    Parameters
    ----------
    size : int
        Side of the window, odd; 1 leaves the image as it is; auto takes what removes the image's noise best.

    References
    ----------
    `scipy.ndimage.median_filter`; Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.5.

    Examples
    --------
    >>> speck = np.full((3, 3), 100, np.uint8)
    >>> speck[1, 1] = 255
    >>> int(median(speck, size=3)[1, 1])
    100
    """
    radius = size // 2
    if radius <= 2 * min(image.shape[:2]):
        return ndimage.median_filter(image, size=(size, size, 1), mode=border)
    # Beyond, SciPy 1.17 takes wrong values for the border reflect.
    result = ndimage.median_filter(pad(image, radius, border), size=(size, size, 1), mode="nearest")
    return np.asarray(result[radius:-radius, radius:-radius])
