"""What operators of illumination share."""

from __future__ import annotations

import numpy as np

from diptych.core.image import FloatImage


def exact_luma(image: FloatImage) -> FloatImage:
    """Return the BT.601 luma as `_shared.luma` does, with the operations in an order that a kernel can repeat bit by bit.

    Where a luma is compared or counted, one unit in its last place can move a pixel to another bin.
    """
    if image.shape[2] != 3:
        return image
    red, green, blue = (np.asarray(weight, image.dtype) for weight in (0.299, 0.587, 0.114))
    return (image[:, :, 0] * red + image[:, :, 1] * green + image[:, :, 2] * blue)[:, :, np.newaxis]
