"""Chambolle's iterations over a strip of rows, several in one pass: each follows the one before it a row behind."""

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import options

OPTIONS, PARTS = options("contract", "nsz")


@njit(**OPTIONS)
def load(image, channel, top, scale, out):  # type: ignore[no-untyped-def]
    """Copy rows of one channel, from top on, times scale, which makes them floats in [0, 1]."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            out[y, x] = image[top + y, x, channel] * scale


@njit(**PARTS)
def _divergence(image, down, right, y, out):  # type: ignore[no-untyped-def]
    # out = image + div p in one row; the fields are 0 outside.
    here, across, row = down[y], right[y], image[y]
    n = len(row)
    if y > 0:
        above = down[y - 1]
        for x in range(n):
            out[x] = row[x] + (above[x] - here[x])
    else:
        for x in range(n):
            out[x] = row[x] - here[x]
    out[0] -= across[0]
    before, inner = across[:-1], across[1:]
    rest = out[1:]
    for x in range(n - 1):
        rest[x] += before[x] - inner[x]


@njit(**PARTS)
def _ascend(now, below, down, right, tau, ratio):  # type: ignore[no-untyped-def]
    # One step of both fields in one row.
    n = len(now) - 1
    following = now[1:]
    for x in range(n):
        dy, dx = below[x] - now[x], following[x] - now[x]
        norm = np.float32(1) / (np.float32(1) + ratio * np.sqrt(dy * dy + dx * dx))
        down[x] = (down[x] - tau * dy) * norm
        right[x] = (right[x] - tau * dx) * norm
    dy = below[n] - now[n]
    norm = np.float32(1) / (np.float32(1) + ratio * abs(dy))
    down[n] = (down[n] - tau * dy) * norm
    right[n] *= norm


@njit(**OPTIONS)
def iterate(image, down, right, count, weight):  # type: ignore[no-untyped-def]
    """Do `count` iterations in place on the fields ``(h, w)`` of an image ``(h, w)``.

    The rows at the top and bottom are treated as the border of the image.
    """
    high, wide = image.shape
    tau = np.float32(0.25)
    ratio = np.float32(0.25 / weight)
    # What iteration k has in the row it stands at, and in the one below it, by turns.
    rows = np.empty((count, 2, wide), np.float32)
    for step in range(high + count - 1):
        for k in range(max(0, step - high + 1), min(count, step + 1)):
            y = step - k
            if y == 0:
                _divergence(image, down, right, 0, rows[k, 0])
            now, below = rows[k, y % 2], rows[k, (y + 1) % 2]
            if y + 1 < high:
                _divergence(image, down, right, y + 1, below)
            else:
                for x in range(wide):
                    below[x] = now[x]
            _ascend(now, below, down[y], right[y], tau, ratio)


@njit(**OPTIONS)
def finish(image, down, right, limit, whole, channel, start, out):  # type: ignore[no-untyped-def]
    """Write image + div p, from row `start` on, into one channel of the result."""
    row = np.empty(image.shape[1], np.float32)
    for y in range(out.shape[0]):
        _divergence(image, down, right, y + start, row)
        for x in range(len(row)):
            value = min(max(row[x], np.float32(0)), np.float32(1)) * limit
            out[y, x, channel] = np.rint(value) if whole else value
