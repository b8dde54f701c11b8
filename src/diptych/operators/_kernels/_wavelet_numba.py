"""The discrete wavelet transform of PyWavelets, both directions fused: down the columns, then along the row, in one pass.

``out[i]`` is the sum over j of ``filter[j] in[2 i + 1 - j]``; the way back gives ``out[2 m + k]`` as the sum over t of
``filter[L - 2 + k - 2 t] in[m + t]``, L being the length of the filters (even).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import options

_SUM_PART = options("contract", "nsz", "reassoc")[1]

OPTIONS, PARTS = options("contract", "nsz")
_ZERO = np.float32(0)


@njit(**OPTIONS)
def separate(image, matrix, planes):  # type: ignore[no-untyped-def]
    """Copy the channels of ``(h, w, C)`` into planes ``(C, h, w)``, times a 3 x 3 matrix or a 1 x 1 one."""
    for y in range(image.shape[0]):
        row = image[y]
        if matrix.shape[0] == 3:
            first, second, third = planes[0, y], planes[1, y], planes[2, y]
            for x in range(len(row)):
                a, b, c = np.float32(row[x, 0]), np.float32(row[x, 1]), np.float32(row[x, 2])
                first[x] = matrix[0, 0] * a + matrix[0, 1] * b + matrix[0, 2] * c
                second[x] = matrix[1, 0] * a + matrix[1, 1] * b + matrix[1, 2] * c
                third[x] = matrix[2, 0] * a + matrix[2, 1] * b + matrix[2, 2] * c
        else:
            for k in range(planes.shape[0]):
                plane = planes[k, y]
                for x in range(len(row)):
                    plane[x] = row[x, k] * matrix[0, 0]


@njit(**PARTS)
def _mix(first, second, third, numbers):  # type: ignore[no-untyped-def]
    for x in range(len(first)):
        a, b, c = first[x], second[x], third[x]
        first[x] = numbers[0, 0] * a + numbers[0, 1] * b + numbers[0, 2] * c
        second[x] = numbers[1, 0] * a + numbers[1, 1] * b + numbers[1, 2] * c
        third[x] = numbers[2, 0] * a + numbers[2, 1] * b + numbers[2, 2] * c


@njit(**PARTS)
def _finish(row, limit, whole):  # type: ignore[no-untyped-def]
    for x in range(len(row)):
        value = min(max(row[x], _ZERO), np.float32(1)) * limit
        row[x] = np.rint(value) if whole else value


@njit(**OPTIONS)
def merge(planes, matrix, limit, whole, out):  # type: ignore[no-untyped-def]
    """Write planes ``(C, h, w)`` in [0, 1], times a 3 x 3 matrix if it is one, into ``(h, w, C)``; they are used up."""
    for y in range(out.shape[0]):
        row = out[y]
        if matrix.shape[0] == 3:
            _mix(planes[0, y], planes[1, y], planes[2, y], matrix)
        for k in range(out.shape[2]):
            _finish(planes[k, y], limit, whole)
        if out.shape[2] == 3:
            first, second, third = planes[0, y], planes[1, y], planes[2, y]
            for x in range(len(row)):
                row[x, 0], row[x, 1], row[x, 2] = first[x], second[x], third[x]
        else:
            for k in range(out.shape[2]):
                plane = planes[k, y]
                for x in range(len(row)):
                    row[x, k] = plane[x]


@njit(**OPTIONS)
def count(values, least, histogram):  # type: ignore[no-untyped-def]
    """Count the upper 16 of the 31 bits of the magnitudes above least, given as the bits of floats."""
    for y in range(values.shape[0]):
        row = values[y]
        for x in range(len(row)):
            bits = row[x] & np.int32(0x7FFFFFFF)
            if bits > least:
                histogram[bits >> 15] += 1


@njit(**OPTIONS)
def pick(values, least, first, last, out):  # type: ignore[no-untyped-def]
    """Copy the magnitudes above least whose upper 16 bits are from first to last."""
    n = 0
    for y in range(values.shape[0]):
        row = values[y]
        for x in range(len(row)):
            bits = row[x] & np.int32(0x7FFFFFFF)
            upper = bits >> 15
            if bits > least and upper >= first and upper <= last:
                out[n] = bits
                n += 1


@njit(**PARTS)
def _add_twice(low, high, row, a, b):  # type: ignore[no-untyped-def]
    for x in range(len(row)):
        low[x] += a * row[x]
        high[x] += b * row[x]


@njit(**PARTS)
def _split(row, columns, before, even, odd):  # type: ignore[no-untyped-def]
    # Every other value of the row with `before` (even) mirrored values before it; the inner ones without the table.
    half, start = len(even), min(before // 2, len(even))
    stop = max(start, min(half, start + len(row) // 2))
    for k in range(start):
        even[k], odd[k] = row[columns[2 * k]], row[columns[2 * k + 1]]
    first, second = even[start:stop], odd[start:stop]
    for k in range(stop - start):
        first[k] = row[2 * k]
        second[k] = row[2 * k + 1]
    for k in range(stop, half):
        even[k], odd[k] = row[columns[2 * k]], row[columns[2 * k + 1]]


@njit(**PARTS)
def _filter(even, odd, taps, out):  # type: ignore[no-untyped-def]
    n, half = len(out), len(taps) // 2
    out[:] = 0
    for t in range(half):
        a, b = odd[half - 1 - t :], even[half - 1 - t :]
        p, q = taps[2 * t], taps[2 * t + 1]
        for i in range(n):
            out[i] += p * a[i] + q * b[i]


@njit(**_SUM_PART)
def _energy(row):  # type: ignore[no-untyped-def]
    total = _ZERO
    for x in range(len(row)):
        total += row[x] * row[x]
    return total


@njit(**OPTIONS)
def forward(image, rows, columns, filters, start, stop, bands, energy):  # type: ignore[no-untyped-def]
    """Transform an image ``(h, w)`` into rows start ... stop of four bands ``(4, h', w')``, and sum up their squares.

    Parameters
    ----------
    image : ndarray, float32, shape (h, w)
        What is transformed.
    rows, columns : ndarray of int
        Where the values of the mirrored image lie, from L - 2 before the first.
    filters : ndarray, float32, shape (2, L)
        Low and high.
    start, stop : int
        Rows of the bands.
    bands : ndarray, float32, shape (4, h', w')
        Result: low and low, high down the columns, high along the rows, high and high.
    energy : ndarray, float32, shape (4, h')
        Result: sum of squares of each row.
    """
    length, width = filters.shape[1], image.shape[1]
    down = np.empty((2, width), np.float32)
    half = bands.shape[2] + length // 2 - 1
    even, odd = np.empty(half, np.float32), np.empty(half, np.float32)
    for i in range(start, stop):
        down[:] = 0
        for j in range(length):
            _add_twice(down[0], down[1], image[rows[2 * i + length - 1 - j]], filters[0, j], filters[1, j])
        for k in range(2):
            _split(down[k], columns, length - 2, even, odd)
            _filter(even, odd, filters[0], bands[k, i])
            _filter(even, odd, filters[1], bands[k + 2, i])
        for k in range(4):
            energy[k, i] = _energy(bands[k, i])


@njit(**OPTIONS)
def shrink(bands, limits):  # type: ignore[no-untyped-def]
    """Move the values of all bands but the first towards 0 by the band's limit, in place."""
    for k in range(1, 4):
        limit = limits[k]
        for y in range(bands.shape[1]):
            row = bands[k, y]
            for x in range(len(row)):
                row[x] -= min(max(row[x], -limit), limit)


@njit(**PARTS)
def _both(low, high, p, q, out):  # type: ignore[no-untyped-def]
    for x in range(len(out)):
        out[x] += p * low[x] + q * high[x]


@njit(**PARTS)
def _interleave(even, odd, out):  # type: ignore[no-untyped-def]
    for k in range(len(out) // 2):
        out[2 * k] = even[k]
        out[2 * k + 1] = odd[k]
    if len(out) % 2:
        out[len(out) - 1] = even[len(out) // 2]


@njit(**OPTIONS)
def backward(base, bands, filters, start, stop, out):  # type: ignore[no-untyped-def]
    """Put pairs of rows start ... stop of an image together from its bands, base standing for the first of them.

    `filters` are the inverse ones; the result may be a row and a column shorter than the bands allow.
    """
    length, width = filters.shape[1], base.shape[1]
    half = (out.shape[1] + 1) // 2
    across = np.empty((2, width), np.float32)
    pairs = np.empty((2, half), np.float32)
    for y in range(2 * start, min(2 * stop, out.shape[0])):
        m, odd = y // 2, y % 2
        across[:] = 0
        for t in range(length // 2):
            p, q = filters[0, length - 2 + odd - 2 * t], filters[1, length - 2 + odd - 2 * t]
            _both(base[m + t], bands[1, m + t], p, q, across[0])
            _both(bands[2, m + t], bands[3, m + t], p, q, across[1])
        pairs[:] = 0
        for k in range(2):
            for t in range(length // 2):
                p, q = filters[0, length - 2 + k - 2 * t], filters[1, length - 2 + k - 2 * t]
                _both(across[0, t : t + half], across[1, t : t + half], p, q, pairs[k])
        _interleave(pairs[0], pairs[1], out[y])
