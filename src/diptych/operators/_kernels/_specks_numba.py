"""Area opening by union-find: from the brightest pixel down, specks grow and merge until they are large enough."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from diptych.core.kernels import options

_KERNEL, _PART = options()


@njit(**_PART)
def _sorted(keys: Any, rows: int, stride: int, bits: int) -> Any:
    # Indices of the pixels inside the frame, by increasing key: counting sort, 8 bits or twice 16 bits at a time.
    digit = min(bits, 16)
    columns = stride - 2
    now = np.empty((rows - 2) * columns, np.int32)
    for y in range(rows - 2):
        for x in range(columns):
            now[y * columns + x] = (y + 1) * stride + x + 1
    other = np.empty_like(now)
    starts = np.empty((1 << digit) + 1, np.int64)
    for shift in range(0, bits, digit):
        starts[:] = 0
        for i in range(now.size):
            starts[((keys[now[i]] >> shift) & ((1 << digit) - 1)) + 1] += 1
        for i in range(1, starts.size):
            starts[i] += starts[i - 1]
        for i in range(now.size):
            value = (keys[now[i]] >> shift) & ((1 << digit) - 1)
            other[starts[value]] = now[i]
            starts[value] += 1
        now, other = other, now
    return now


@njit(**_PART)
def _root(parent: Any, p: int) -> int:
    while parent[p] > 0:
        if parent[parent[p]] > 0:
            parent[p] = parent[parent[p]]
        p = parent[p]
    return p


@njit(**_KERNEL)
def open_area(image: Any, area: int, bits: int, diagonal: bool) -> None:
    """Replace the keys of an image in a frame of zeros by their area opening; what is smaller even at the end becomes 0.

    `parent` is 0 for what has not come up yet, the index of the parent, or minus the area of a root, as far as it
    matters. Index 0 is in the frame, which never comes up.
    """
    rows, stride = image.shape
    keys = image.reshape(rows * stride)
    order = _sorted(keys, rows, stride, bits)
    parent = np.zeros(keys.size, np.int32)
    steps = np.array([-stride, -1, 1, stride, -stride - 1, -stride + 1, stride - 1, stride + 1])
    for i in range(order.size - 1, -1, -1):
        p = order[i]
        parent[p] = -1
        for k in range(8 if diagonal else 4):
            q = p + steps[k]
            if parent[q] == 0:
                continue
            r = _root(parent, q)
            if r == p:
                continue
            if keys[r] == keys[p] or -parent[r] < area:
                parent[p] = max(parent[p] + parent[r], -area)  # no more than enough, so that it cannot overflow
                parent[r] = p
            else:
                parent[p] = -area  # it touches what is large enough, and so is large enough itself
    for i in range(order.size):
        p = order[i]
        if parent[p] > 0:
            keys[p] = keys[parent[p]]
        elif -parent[p] < area:
            keys[p] = 0
