"""Numba kernel of thumbnails: the averages of equal areas."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(nogil=True, cache=True, fastmath={"contract", "nsz"})
def average(pixels, white, cells, first, last, above=0, height=0):  # type: ignore[no-untyped-def]
    """Write the averages of equal areas of an image ``(H, W, C)`` to rows first to last of `cells` ``(C, S, S)``.

    `pixels` may be the rows of a picture of this height that follow the first `above`, if they are all that those cells need.
    """
    have, width, channels = pixels.shape
    height = height or have
    side = cells.shape[1]
    rows = pixels.reshape(have, width * channels)
    sums = np.empty(width * channels, np.float32)
    for down in range(first, last):
        top, bottom = down * height / side, (down + 1) * height / side
        sums[:] = 0
        for y in range(int(top), min(int(np.ceil(bottom)), height)):
            share = np.float32(min(y + 1, bottom) - max(y, top))
            row = rows[y - above]
            for i in range(sums.size):
                sums[i] += share * np.float32(row[i])
        scale = side / height * side / width / white
        for across in range(side):
            left, right = across * width / side, (across + 1) * width / side
            for c in range(channels):
                total = 0.0
                for x in range(int(left), min(int(np.ceil(right)), width)):
                    total += (min(x + 1, right) - max(x, left)) * sums[x * channels + c]
                cells[c, down, across] = total * scale
