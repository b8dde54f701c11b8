"""The eight ways a camera may have been held. Source: EXIF 2.32, tag 0x0112."""

from __future__ import annotations

import numpy as np

from diptych.core.image import Image


def turn_upright(image: Image, orientation: int) -> Image:
    """Return an image (H, W) or (H, W, C) as it is to be looked at, given its EXIF orientation.

    >>> turn_upright(np.array([[1, 2]]), 6).tolist()   # the camera's right side was up
    [[1], [2]]
    """
    if orientation in (5, 6, 7, 8):
        image = image.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return np.ascontiguousarray(image)
