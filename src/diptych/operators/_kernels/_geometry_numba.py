"""Numba kernels of the geometric operators: sampling at the places an affine map leads to, rows start to stop.

Every kernel takes the image ``(H, W, C)`` and writes rows ``start`` to ``stop`` of `out`. A map is 2 x 3 in (row, column)
order. `half` is 0.5 where the result is rounded to integers, else 0.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from diptych.core.kernels import KERNEL, PART

# Places are SciPy's digit by digit, so that ties fall its way: no product and sum are joined.
EXACT_KERNEL: dict[str, Any] = {**KERNEL, "fastmath": False}
EXACT_PART: dict[str, Any] = {**PART, "fastmath": False}
REFLECT, MIRROR, NEAREST, CONSTANT, WRAP = range(5)
TILE_ROWS, _TILE_COLUMNS = 16, 128


@njit(**EXACT_PART)
def edge(i: int, n: int, border: int) -> int:
    """Return the pixel that stands for pixel i of a line of n; -1 for black."""
    if 0 <= i < n:
        return i
    if border == CONSTANT:
        return -1
    if border == NEAREST or n == 1:
        return 0 if i < 0 else n - 1
    if border == WRAP:
        return i % n
    period = 2 * n if border == REFLECT else 2 * n - 2
    i %= period
    return i if i < n else 2 * n - 1 - i - (border == MIRROR)


@njit(**EXACT_PART)
def fold(c: float, n: int, border: int) -> float:
    """Return the coordinate inside the image, by SciPy's arithmetic, so that ties of nearest pixels fall its way."""
    if 0 <= c <= n - 1 or border == CONSTANT:
        return c
    if border == NEAREST or n == 1:
        return 0.0 if c < 0 else n - 1.0
    if border == WRAP:
        return c + n * (int((-1 - c) / n) + 1) if c < 0 else c - n * int(c / n)
    return _fold_reflect(c, n) if border == REFLECT else _fold_mirror(c, n)


@njit(**EXACT_PART)
def _fold_mirror(c: float, n: int) -> float:
    period = 2 * n - 2
    if c < 0:
        c += period * int(-c / period)
        return c + period if c <= 1 - n else -c
    c -= period * int(c / period)
    return period - c if c >= n else c


@njit(**EXACT_PART)
def _fold_reflect(c: float, n: int) -> float:
    period = 2 * n
    if c < 0:
        if c < -period:
            c += period * int(-c / period)
        if c < -n:
            return c + period
        return (1e-15 if c > -1e-15 else -c) - 1
    c -= period * int(c / period)
    return period - c - 1 if c >= n else c


@njit(**EXACT_PART)
def span(base: float, slope: float, limit: float, first: int, last: int) -> tuple[int, int]:
    """Return the part of first to last where ``0 <= base + slope * x < limit``."""
    if slope == 0:
        return (first, last) if 0 <= base < limit else (first, first)
    a, b = -base / slope, (limit - base) / slope
    low, high = min(max(min(a, b), first), last), min(max(a, b, first), last)
    first, last = max(first, math.ceil(low)), min(last, int(high) + 1)
    while first < last and not 0 <= base + first * slope < limit:
        first += 1
    while last > first and not 0 <= base + (last - 1) * slope < limit:
        last -= 1
    return first, last


@njit(**EXACT_PART)
def inner(r: float, dr: float, rows: float, c: float, dc: float, columns: float, width: int) -> tuple[int, int]:
    """Return the part of an output row that needs no look at the border."""
    first, last = span(r, dr, rows, 0, width)
    return span(c, dc, columns, first, last)


@njit(**EXACT_PART)
def reach(line: Any, shape: Any, out: Any, border: int, margin: float, y: int) -> tuple[int, int]:
    """Return the part of an output row that is not surely black, after the rest of it was made black."""
    columns = out.shape[1]
    if border != CONSTANT:
        return 0, columns
    r, dr, c, dc = line
    rows, width = shape[0] + 2 * margin - 1, shape[1] + 2 * margin - 1
    low, high = inner(r + margin, dr, rows, c + margin, dc, width, columns)
    out[y, :low] = 0
    out[y, high:] = 0
    return low, high


@njit(**EXACT_KERNEL)
def affine_nearest(image: Any, out: Any, mapping: Any, border: int, start: int, stop: int) -> None:
    """Value of the nearest pixel."""
    height, width, channels = image.shape
    columns = out.shape[1]
    flat, target = image.reshape(-1), out.reshape(-1)
    places = np.empty(columns, np.uint32)
    dr, dc = mapping[0, 1], mapping[1, 1]
    for y in range(start, stop):
        r, c = mapping[0, 2] + y * mapping[0, 0], mapping[1, 2] + y * mapping[1, 0]
        first, last = inner(r, dr, height - 1.0, c, dc, width - 1.0, columns)
        for x in range(first, last):
            row, column = np.int32(r + x * dr + 0.5), np.int32(c + x * dc + 0.5)
            places[x] = np.uint32((row * np.int32(width) + column) * np.int32(channels))
        gather(flat, target, places, channels, y, first, last)
        begin, end = reach((r, dr, c, dc), image.shape, out, border, 1.0, y)
        for low, high in ((begin, first), (last, end)):
            for x in range(low, high):
                i = edge(math.floor(fold(r + x * dr, height, border) + 0.5), height, border)
                j = edge(math.floor(fold(c + x * dc, width, border) + 0.5), width, border)
                for k in range(channels):
                    out[y, x, k] = image[i, j, k] if i >= 0 and j >= 0 else 0


@njit(**EXACT_PART)
def gather(flat: Any, target: Any, places: Any, channels: int, y: int, first: int, last: int) -> None:
    """Copy the pixels that begin at these places of the flat image into part of row y."""
    to, side = np.uint64((y * len(places) + first) * channels), np.uint64(channels)
    if channels == 3:
        for x in range(first, last):
            at = np.uint64(places[x])
            red, green, blue = flat[at], flat[at + np.uint64(1)], flat[at + np.uint64(2)]
            target[to] = red
            target[to + np.uint64(1)] = green
            target[to + np.uint64(2)] = blue
            to += side
    else:
        for x in range(first, last):
            at = np.uint64(places[x])
            for k in range(channels):
                target[to + np.uint64(k)] = flat[at + np.uint64(k)]
            to += side


@njit(**EXACT_KERNEL)
def affine_linear(image: Any, out: Any, mapping: Any, border: int, half: float, start: int, stop: int) -> None:
    """Linear in each direction, tile by tile: what a long turned line touches would not stay in the cache."""
    width, channels = image.shape[1], image.shape[2]
    columns = out.shape[1]
    flat, target = image.reshape(-1), out.reshape(-1)
    places, v, u = np.empty(columns, np.uint32), np.empty(columns, np.float32), np.empty(columns, np.float32)
    ends = np.empty((TILE_ROWS, 2), np.int64)
    dr, dc = mapping[0, 1], mapping[1, 1]
    for top in range(start, stop, TILE_ROWS):
        rows = min(TILE_ROWS, stop - top)
        for n in range(rows):
            ends[n, 0], ends[n, 1] = frame_linear(image, out, mapping, border, half, top + n)
        for left in range(0, columns, _TILE_COLUMNS):
            for n in range(rows):
                y = top + n
                r, c = mapping[0, 2] + y * mapping[0, 0], mapping[1, 2] + y * mapping[1, 0]
                first, last = max(ends[n, 0], left), min(ends[n, 1], left + _TILE_COLUMNS)
                for x in range(first, last):
                    row, column = r + x * dr, c + x * dc
                    i, j = np.int32(row), np.int32(column)
                    v[x], u[x] = np.float32(row - i), np.float32(column - j)
                    places[x] = np.uint32((i * np.int32(width) + j) * np.int32(channels))
                if first < last:
                    _inner_linear(flat, target, places, v, u, (y, first, last, width, channels), np.float32(half))


@njit(**EXACT_PART)
def frame_linear(image: Any, out: Any, mapping: Any, border: int, half: float, y: int) -> tuple[int, int]:
    """Write what is near and beyond the border in row y, and return the part between."""
    height, width, columns = image.shape[0], image.shape[1], out.shape[1]
    line = mapping[0, 2] + y * mapping[0, 0], mapping[0, 1], mapping[1, 2] + y * mapping[1, 0], mapping[1, 1]
    first, last = inner(line[0], line[1], height - 1.0, line[2], line[3], width - 1.0, columns)
    begin, end = reach(line, image.shape, out, border, 1.0, y)
    for low, high in ((begin, first), (last, end)):
        _outer_linear(image, out, line, border, half, y, (low, high))
    return first, last


@njit(**EXACT_PART)
def _inner_linear(flat: Any, target: Any, places: Any, v: Any, u: Any, facts: Any, add: Any) -> None:
    y, first, last, width, channels = facts
    down, side = np.uint64(width * channels), np.uint64(channels)
    to = np.uint64((y * len(places) + first) * channels)
    if channels == 3:
        for x in range(first, last):
            at, w = np.uint64(places[x]), _corners(v[x], u[x])
            red = _mix(flat, at, down, side, w) + add
            green = _mix(flat, at + np.uint64(1), down, side, w) + add
            blue = _mix(flat, at + np.uint64(2), down, side, w) + add
            target[to] = red
            target[to + np.uint64(1)] = green
            target[to + np.uint64(2)] = blue
            to += side
    else:
        for x in range(first, last):
            at, w = np.uint64(places[x]), _corners(v[x], u[x])
            for k in range(channels):
                target[to + np.uint64(k)] = _mix(flat, at + np.uint64(k), down, side, w) + add
            to += side


@njit(**EXACT_PART)
def _corners(v: Any, u: Any) -> tuple[Any, Any, Any, Any]:
    both = v * u
    return np.float32(1) - v - u + both, u - both, v - both, both


@njit(**PART)
def _mix(flat: Any, at: Any, down: Any, side: Any, w: Any) -> Any:
    low = at + down
    top = w[0] * np.float32(flat[at]) + w[1] * np.float32(flat[at + side])
    return top + (w[2] * np.float32(flat[low]) + w[3] * np.float32(flat[low + side]))


@njit(**EXACT_PART)
def _outer_linear(image: Any, out: Any, line: Any, border: int, half: float, y: int, part: Any) -> None:
    # Near and beyond the border.
    height, width, channels = image.shape
    r, dr, c, dc = line
    for x in range(part[0], part[1]):
        row, column = r + x * dr, c + x * dc
        i, j = math.floor(row), math.floor(column)
        v, u = np.float32(row - i), np.float32(column - j)
        i0, i1 = edge(i, height, border), edge(i + 1, height, border)
        j0, j1 = edge(j, width, border), edge(j + 1, width, border)
        for k in range(channels):
            top = _between(_value(image, i0, j0, k), _value(image, i0, j1, k), u)
            low = _between(_value(image, i1, j0, k), _value(image, i1, j1, k), u)
            out[y, x, k] = _between(top, low, v) + np.float32(half)


@njit(**EXACT_PART)
def _value(image: Any, i: int, j: int, k: int) -> Any:
    return np.float32(image[i, j, k]) if i >= 0 and j >= 0 else np.float32(0)


@njit(**EXACT_PART)
def _between(a: Any, b: Any, share: Any) -> Any:
    return (np.float32(1) - share) * a + share * b
