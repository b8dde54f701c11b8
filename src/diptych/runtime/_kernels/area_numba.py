"""Numba kernel of thumbnails: the averages of equal areas."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import KERNEL, PART


@njit(**PART)
def _add(row, share, sums):
    for i in range(sums.size):
        sums[i] += share * np.float32(row[i])


@njit(**KERNEL)
def average(rows, sums, white, cells, first, last, above, height):
    """Write the averages of equal areas of an image ``(H, W, C)`` to rows first to last of `cells` ``(C, S, S)``.

    `rows` are those of the image, see `diptych.core.kernels.rows_in`, that follow the first `above`, if they are all that those
    cells need. `sums` is memory for a row, float32.
    """
    channels, side = cells.shape[0], cells.shape[1]
    width = sums.size // channels
    for down in range(first, last):
        top, bottom = down * height / side, (down + 1) * height / side
        sums[:] = 0
        for y in range(int(top), min(int(np.ceil(bottom)), height)):
            share = np.float32(min(y + 1, bottom) - max(y, top))
            if rows[0].size > 0:
                _add(rows[0][y - above], share, sums)
            elif rows[1].size > 0:
                _add(rows[1][y - above], share, sums)
            else:
                _add(rows[2][y - above], share, sums)
        scale = side / height * side / width / white
        for across in range(side):
            left, right = across * width / side, (across + 1) * width / side
            for c in range(channels):
                total = 0.0
                for x in range(int(left), min(int(np.ceil(right)), width)):
                    total += (min(x + 1, right) - max(x, left)) * sums[x * channels + c]
                cells[c, down, across] = total * scale
