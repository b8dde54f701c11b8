"""The averages of equal areas, from the overlaps with each pixel."""

from __future__ import annotations

import numpy as np


def plain_area(image, side):
    """Return the averages of ``side x side`` equal areas of an image ``(H, W, C)``, from the overlaps with each pixel."""

    def weights(length):
        made = np.zeros((side, length))
        for cell in range(side):
            for pixel in range(length):
                first, last = max(pixel, cell * length / side), min(pixel + 1, (cell + 1) * length / side)
                made[cell, pixel] = max(0.0, last - first) * side / length
        return made

    return np.einsum("ah,bw,hwc->abc", weights(image.shape[0]), weights(image.shape[1]), image.astype(np.float64))
