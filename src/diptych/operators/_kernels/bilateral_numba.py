"""Bilateral filter, a row of one neighbour after the other: distance, weight and sums are plain loops along the row."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.operators._kernels._lines_numba import OPTIONS, PARTS, store

_LARGEST = np.float32(60)  # exp(-60) is nothing beside the weight 1 of the centre


@njit(**PARTS)
def _weight(t):
    """Return exp(-t) to 1e-6: the Taylor series of exp(-t / 64), squared six times; unlike exp, a few vector operations."""
    u = min(t, _LARGEST) * np.float32(-1 / 64)
    w = np.float32(1 / 120) + u * np.float32(1 / 720)
    w = np.float32(1 / 6) + u * (np.float32(1 / 24) + u * w)
    w = np.float32(1) + u * (np.float32(1) + u * (np.float32(0.5) + u * w))
    w *= w
    w *= w
    w *= w
    w *= w
    w *= w
    return w * w


@njit(**PARTS)
def _three(r0, g0, b0, r1, g1, b1, space, factor, total, red, green, blue):
    for i in range(len(total)):
        distance = abs(r1[i] - r0[i]) + abs(g1[i] - g0[i]) + abs(b1[i] - b0[i])
        w = _weight(space + factor * (distance * distance))
        total[i] += w
        red[i] += w * r1[i]
        green[i] += w * g1[i]
        blue[i] += w * b1[i]


@njit(**PARTS)
def _copy(row, out):
    for i in range(len(out)):
        out[i] = row[i]


@njit(**PARTS)
def _divide(row, total):
    for i in range(len(row)):
        row[i] /= total[i]


@njit(**PARTS)
def _distance(middle, other, distance):
    for i in range(len(distance)):
        distance[i] += abs(other[i] - middle[i])


@njit(**PARTS)
def _weights(distance, space, factor, total):
    """Turn distances into weights and add them up."""
    for i in range(len(distance)):
        w = _weight(space + factor * (distance[i] * distance[i]))
        distance[i] = w
        total[i] += w


@njit(**PARTS)
def _add(weight, other, out):
    for i in range(len(out)):
        out[i] += weight[i] * other[i]


@njit(**PARTS)
def _any(planes, y, dy, dx, radius, space, factor, total, sums, distance):
    n = len(total)
    distance[:] = 0
    for c in range(len(planes)):
        _distance(planes[c, y, radius:][:n], planes[c, y + dy, radius + dx :][:n], distance)
    _weights(distance, space, factor, total)
    for c in range(len(planes)):
        _add(distance, planes[c, y + dy, radius + dx :][:n], sums[c])


@njit(**OPTIONS)
def bilateral_rows(planes, out, radius, taps, space, factor, white):
    """Filter the rows and columns of a padded block that have all their neighbours.

    `planes` are the channels as float32 ``(C, h, w)``, `out` is ``(h, w, C)``; `taps` are the offsets of the disc without
    its centre, `space` their part of the exponent.
    """
    channels, height, width = planes.shape
    n = width - 2 * radius
    total, distance = np.empty(n, np.float32), np.empty(n, np.float32)
    sums = np.empty((channels, n), np.float32)
    for y in range(radius, height - radius):
        total[:] = 1
        for c in range(channels):
            _copy(planes[c, y, radius:], sums[c])
        for k in range(len(taps)):
            dy, x = taps[k, 0], radius + taps[k, 1]
            if channels == 3:
                r0, g0, b0 = planes[0, y, radius:][:n], planes[1, y, radius:][:n], planes[2, y, radius:][:n]
                r1, g1, b1 = planes[0, y + dy, x:][:n], planes[1, y + dy, x:][:n], planes[2, y + dy, x:][:n]
                _three(r0, g0, b0, r1, g1, b1, space[k], factor, total, sums[0], sums[1], sums[2])
            else:
                _any(planes, y, dy, taps[k, 1], radius, space[k], factor, total, sums, distance)
        for c in range(channels):
            _divide(sums[c], total)
            store(sums[c], white, out[y, radius : radius + n, c])
