"""Erosion and dilation by large elements, in vectors of a whole row: the cost of a box does not grow with its window.

Rows are flat, ``W * C`` values; `channels` is the distance between neighbours. `fill` is what never wins.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from diptych.core.kernels import options

_KERNEL, _PART = options()

_TILE = 8192  # bytes of a row that are worked on at a time, so that a few of them fit the first cache


@njit(**_PART)
def _into(out: Any, other: Any, largest: bool) -> None:
    if largest:
        for i in range(out.size):
            out[i] = other[i] if other[i] > out[i] else out[i]
    else:
        for i in range(out.size):
            out[i] = other[i] if other[i] < out[i] else out[i]


@njit(**_PART)
def _of(out: Any, one: Any, other: Any, largest: bool) -> None:
    # Not for out = one: the compiler would not use vectors.
    if largest:
        for i in range(out.size):
            out[i] = other[i] if other[i] > one[i] else one[i]
    else:
        for i in range(out.size):
            out[i] = other[i] if other[i] < one[i] else one[i]


@njit(**_PART)
def _copy(out: Any, one: Any) -> None:
    for i in range(out.size):
        out[i] = one[i]


@njit(**_PART)
def _window(out: Any, line: Any, spare: Any, size: int, channels: int, largest: bool) -> None:
    # Windows of 1, 2, 4, ... pixels from two half as long; the last two overlap.
    span, length, turn = 1, line.size, 0
    now = line
    while 2 * span < size:
        length -= span * channels
        _of(spare[turn, :length], now[:length], now[span * channels : span * channels + length], largest)
        now = spare[turn]
        span, turn = 2 * span, 1 - turn
    shift = (size - span) * channels
    _of(out, now[: out.size], now[shift : shift + out.size], largest)


@njit(**_KERNEL)
def box(image: Any, out: Any, top: int, bottom: int, size: Any, channels: int, largest: bool, fill: Any) -> None:
    """Write rows top to bottom of the erosion or dilation by a box (or a cross) of odd height and width.

    Vertically by van Herk's and Gil and Werman's algorithm: three comparisons a pixel, whatever the height.
    """
    height, width, cross = size
    length, margin, tile = image.shape[1], width // 2 * channels, _TILE // image.itemsize
    line = np.empty(min(tile, length) + 4 * margin, image.dtype)
    spare = np.empty((2, line.size), image.dtype)
    ends = np.empty((min(height, bottom - top) + 1, line.size), image.dtype)
    for left in range(0, length, tile):
        right = min(left + tile, length)
        first, last = max(left - margin, 0), min(right + margin, length)
        line[:] = fill
        inner, whole = line[margin : margin + last - first], line[left - first : right - first + 2 * margin]
        for base in range(top, bottom, height):
            stop = min(base + height, bottom)
            _columns(image, ends, base, stop, height, (first, last), largest, fill)
            for y in range(base, stop):
                to, column = out[y, left:right], ends[y - base]
                if cross:
                    _copy(inner, image[y, first:last])
                else:
                    _copy(inner, column[: last - first])
                _window(to, whole, spare, width, channels, largest)
                if cross:
                    _into(to, column[left - first : right - first], largest)


@njit(**_PART)
def _columns(image: Any, ends: Any, base: int, stop: int, height: int, span: Any, largest: bool, fill: Any) -> None:
    # Windows of `height` rows for rows base to stop, at most `height`: each is the end of one block and the beginning of
    # the next. The last row of `ends` is scratch. Rows are sliced here, so that the compiler knows them to be contiguous.
    first, last = span
    rows, count, reach = image.shape[0], last - first, height // 2
    running = ends[ends.shape[0] - 1, :count]
    running[:] = fill
    for j in range(height - 1, -1, -1):
        y = base - reach + j
        if 0 <= y < rows:
            _into(running, image[y, first:last], largest)
        if j < stop - base:
            _copy(ends[j, :count], running)
    running[:] = fill
    for j in range(1, stop - base):
        if base + reach + j < rows:
            _into(running, image[base + reach + j, first:last], largest)
        _into(ends[j, :count], running, largest)


@njit(**_PART)
def _widen(out: Any, line: Any, margin: int, channels: int, largest: bool) -> None:
    length = out.size - 2 * margin
    to = out[margin : margin + length]
    here, left = line[margin : margin + length], line[margin - channels : margin - channels + length]
    right = line[margin + channels : margin + channels + length]
    if largest:
        for i in range(length):
            side = left[i] if left[i] > right[i] else right[i]
            to[i] = side if side > here[i] else here[i]
    else:
        for i in range(length):
            side = left[i] if left[i] < right[i] else right[i]
            to[i] = side if side < here[i] else here[i]


@njit(**_KERNEL)
def stack(image: Any, out: Any, top: int, bottom: int, reaches: Any, channels: int, largest: bool, fill: Any) -> None:
    """Write rows top to bottom of the erosion or dilation by a symmetric stack of centred chords, such as a disk.

    The row at distance d reaches ``reaches[d]`` pixels to both sides, never more than the row before it. So the rows are
    taken up from the middle outwards, and what has been taken up is widened each time by what the next row is shorter.
    """
    rows, length = image.shape
    margin, tile = channels, _TILE // image.itemsize
    halo = reaches[0] * channels
    lines = np.empty((2, min(tile, length) + 2 * halo + 2 * margin), image.dtype)
    for left in range(0, length, tile):
        right = min(left + tile, length)
        first, last = max(left - halo, 0), min(right + halo, length)
        count = last - first
        lines[:] = fill
        for y in range(top, bottom):
            turn = 0
            _copy(lines[turn, margin : margin + count], image[y, first:last])
            for d in range(1, reaches.size + 1):
                for _ in range(reaches[d - 1] - (reaches[d] if d < reaches.size else 0)):
                    _widen(lines[1 - turn, : count + 2 * margin], lines[turn], margin, channels, largest)
                    turn = 1 - turn
                if d < reaches.size:
                    inner = lines[turn, margin : margin + count]
                    if y - d >= 0:
                        _into(inner, image[y - d, first:last], largest)
                    if y + d < rows:
                        _into(inner, image[y + d, first:last], largest)
            start = margin + left - first
            _copy(out[y, left:right], lines[turn, start : start + right - left])
