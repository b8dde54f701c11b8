"""Pieces of rows as floats, from pictures of 8, 16 and 32 bits and back: see `diptych.core.kernels.rows_in`."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import PART


@njit(**PART)
def load(rows, y, first, count, line):
    """Write `count` values of row `y` to the beginning of a line."""
    if rows[0].size > 0:
        of_bytes = rows[0][y][first:]
        for i in range(count):
            line[i] = np.float32(of_bytes[i])
    elif rows[1].size > 0:
        of_words = rows[1][y][first:]
        for i in range(count):
            line[i] = np.float32(of_words[i])
    else:
        of_floats = rows[2][y][first:]
        for i in range(count):
            line[i] = of_floats[i]


@njit(**PART)
def store(line, y, first, count, rows):
    """Write the beginning of a line over `count` values of row `y`; a half that rounds is in it where they are integers."""
    if rows[0].size > 0:
        of_bytes = rows[0][y][first:]
        for i in range(count):
            of_bytes[i] = line[i]
    elif rows[1].size > 0:
        of_words = rows[1][y][first:]
        for i in range(count):
            of_words[i] = line[i]
    else:
        of_floats = rows[2][y][first:]
        for i in range(count):
            of_floats[i] = line[i]
