"""Numba kernel of linear interpolation for three channels of 16 bits, whose pixels are fetched as words of 64 bits.

First the words around all places of a piece of a row are fetched, then they are mixed: only the second loop does arithmetic,
and LLVM makes vectors of it, because it reads and writes in order.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from diptych.core.kernels import PART
from diptych.operators._kernels._geometry_numba import EXACT_KERNEL, EXACT_PART, TILE_ROWS, frame_linear

_COLUMNS = 256
_WORD = np.uint64


@njit(**EXACT_KERNEL)
def affine_linear_words(words: Any, image: Any, out: Any, mapping: Any, border: int, start: int, stop: int) -> None:
    """Do what ``affine_linear`` does; ``words[n]`` is the values n to n + 3 of the flat image, the first one lowest."""
    columns, target = out.shape[1], out.reshape(-1)
    ends = np.empty((TILE_ROWS, 2), np.int64)
    corners, shares = np.empty((4, _COLUMNS), np.uint64), np.empty((2, _COLUMNS), np.float32)
    for top in range(start, stop, TILE_ROWS):
        rows = min(TILE_ROWS, stop - top)
        for n in range(rows):
            ends[n, 0], ends[n, 1] = frame_linear(image, out, mapping, border, 0.5, top + n)
        for left in range(0, columns, _COLUMNS):
            for n in range(rows):
                y, first, last = top + n, max(ends[n, 0], left), min(ends[n, 1], left + _COLUMNS)
                if first < last:
                    _fetch(words, mapping, (y, first, last - first, image.shape[1]), corners, shares[0], shares[1])
                    begin = (y * columns + first) * 3
                    _mix(corners, shares[0], shares[1], target[begin : begin + 3 * (last - first)])


@njit(**EXACT_PART)
def _fetch(words: Any, mapping: Any, part: Any, corners: Any, v: Any, u: Any) -> None:
    """Fetch the four pixels around each place: the lower two with the value before them, because none may follow."""
    y, first, count, width = part
    r, c = mapping[0, 2] + y * mapping[0, 0], mapping[1, 2] + y * mapping[1, 0]
    places = np.empty(_COLUMNS, np.uint32)
    for k in range(count):
        row, column = r + (first + k) * mapping[0, 1], c + (first + k) * mapping[1, 1]
        i, j = np.int32(row), np.int32(column)
        v[k], u[k] = np.float32(row - i), np.float32(column - j)
        places[k] = np.uint32((i * np.int32(width) + j) * np.int32(3))
    down, side = _WORD(3 * width - 1), _WORD(3)
    for k in range(count):
        at = _WORD(places[k])
        corners[0, k], corners[1, k] = words[at], words[at + side]
        corners[2, k], corners[3, k] = words[at + down], words[at + down + side]


@njit(**PART)
def _mix(corners: Any, v: Any, u: Any, row: Any) -> None:
    a, b, c, d = corners[0], corners[1], corners[2], corners[3]
    for x in range(row.size // 3):
        both = v[x] * u[x]
        w = np.float32(1) - v[x] - u[x] + both, u[x] - both, v[x] - both, both
        p, q, r, s = a[x], b[x], c[x] >> _WORD(16), d[x] >> _WORD(16)
        n = _WORD(3) * _WORD(x)
        row[n] = _rounded(p, q, r, s, w)
        row[n + _WORD(1)] = _rounded(p >> _WORD(16), q >> _WORD(16), r >> _WORD(16), s >> _WORD(16), w)
        row[n + _WORD(2)] = _rounded(p >> _WORD(32), q >> _WORD(32), r >> _WORD(32), s >> _WORD(32), w)


@njit(**PART)
def _rounded(p: Any, q: Any, r: Any, s: Any, w: Any) -> Any:
    top = w[0] * _lowest(p) + w[1] * _lowest(q)
    return np.uint16(np.int32(top + (w[2] * _lowest(r) + w[3] * _lowest(s)) + np.float32(0.5)))


@njit(**PART)
def _lowest(word: Any) -> Any:
    return np.float32(np.int32(word & _WORD(0xFFFF)))
