"""Sobel gradient."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import ndimage

from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.operators._borders import Border, halo_of


@operator(group="filter", kernels="convolution", halo=lambda output, border: halo_of(1, border))
def sobel(
    image: Image, *, output: Literal["magnitude", "horizontal", "vertical"] = "magnitude", border: Border = "reflect"
) -> Image:
    """Show edges: the magnitude of the gradient, or one of its components.

    With ``gx`` the difference of the columns on the right and left, each weighted ``(1, 2, 1) / 4``, and ``gy`` that of the
    rows below and above: the magnitude is ``sqrt((gx² + gy²) / 2)``, a component is ``0.5 + gx / 2`` or ``0.5 + gy / 2``.

    Parameters
    ----------
    output : str
        ``magnitude``; or the change along a row (``horizontal``) or a column (``vertical``), where 0.5 is no change and
        brighter means rising to the right or downwards.

    Notes
    -----
    The magnitude is that of `skimage.filters.sobel`: a straight step from 0 to 1 gives 0.71, and no image gives more than
    0.8. The sum of weights is 4 times smaller than in `scipy.ndimage.sobel`.

    References
    ----------
    `scipy.ndimage.sobel`, `skimage.filters.sobel`; Gonzalez and Woods, Digital Image Processing, 4th ed., section 10.2.

    Examples
    --------
    >>> step = np.array([[0, 0, 200, 200]] * 3, np.uint8)
    >>> sobel(step)[1].tolist()
    [0, 141, 141, 0]
    >>> sobel(step, output="horizontal")[1].tolist()
    [128, 228, 228, 128]
    """
    if output == "magnitude":
        return np.sqrt((_difference(image, 0, border) ** 2 + _difference(image, 1, border) ** 2) / 2)
    return 0.5 + _difference(image, 1 if output == "horizontal" else 0, border) / 2


def _difference(image: FloatImage, axis: int, border: Border) -> FloatImage:
    # Not ndimage.sobel, which would also smooth over the channels.
    change = ndimage.correlate1d(image, [-1, 0, 1], axis=axis, mode=border)
    return np.asarray(ndimage.correlate1d(change, [0.25, 0.5, 0.25], axis=1 - axis, mode=border))
