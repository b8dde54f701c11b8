"""Colour difference."""

from __future__ import annotations

import math

import numpy as np

from diptych.core.color import rgb_of
from diptych.core.image import Image, white_level
from diptych.core.metric import metric

_STRIP = 1 << 17  # pixels at a time


@metric(unit="ΔE00", direction="lower", identity=0.0, symmetric=True)
def delta_e(image: Image, reference: Image) -> float:
    """Mean colour difference CIEDE2000: how different the colours look; about 1 is just noticeable.

    sRGB is taken to CIE L*a*b* under D65 (2 degrees), and the CIEDE2000 difference (kL = kC = kH = 1) is averaged over
    the pixels.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any RGB or grey image of the contract; grey is three equal channels.

    Returns
    -------
    float
        0 or more; 0 for identical images.

    Raises
    ------
    ImageError
        If an image breaks the contract or is neither RGB nor grey, or the two differ in size or channels.

    Notes
    -----
    Same as the mean of `skimage.color.deltaE_ciede2000` on `skimage.color.rgb2lab`, in float64.

    References
    ----------
    Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula: implementation notes, supplementary test data, and
    mathematical observations", Color Research and Application 30 (2005).

    Examples
    --------
    >>> black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    >>> round(delta_e(black, white), 3)
    100.0
    """
    white = white_level(image.dtype)
    rows = max(_STRIP // image.shape[1], 1)
    sums = []
    for start in range(0, image.shape[0], rows):
        pair = [rgb_of(one[start : start + rows], "delta_e").astype(np.float64) / white for one in (image, reference)]
        sums.append(_total(*pair))
    return math.fsum(sums) / (image.shape[0] * image.shape[1])


def _total(image: Image, reference: Image) -> float:
    from skimage.color import deltaE_ciede2000, rgb2lab

    return float(np.sum(deltaE_ciede2000(rgb2lab(image), rgb2lab(reference))))  # type: ignore[no-untyped-call]
