"""Deblocking of some rows of a plane. Blocks lie in lanes, ``(8, 8, blocks)``, so that loops run over many blocks at once.

All memory is the caller's, and reshaped there: Numba takes seconds to compile what NumPy does for nothing.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import KERNEL, PART

_SIDE = 8


@njit(**PART)
def _along(values, matrix, out):
    # out = matrix @ values, of (8, n)
    for i in range(matrix.shape[0]):
        a, b, c, d = matrix[i, 0], matrix[i, 1], matrix[i, 2], matrix[i, 3]
        e, f, g, h = matrix[i, 4], matrix[i, 5], matrix[i, 6], matrix[i, 7]
        for n in range(values.shape[1]):
            first = a * values[0, n] + b * values[1, n] + c * values[2, n] + d * values[3, n]
            out[i, n] = first + (e * values[4, n] + f * values[5, n] + g * values[6, n] + h * values[7, n])


@njit(**PART)
def _transform(blocks, flat, matrix, between, flat_between):
    # Both ways, in place; memory is given as (8, 8, n) and as (8, 8 n).
    _along(flat, matrix, flat_between)
    for j in range(matrix.shape[0]):
        _along(between[j], matrix, blocks[j])


@njit(**PART)
def _load(plane, top, left, blocks):
    for y in range(blocks.shape[0]):
        row = plane[top + y]
        for n in range(blocks.shape[2]):
            for x in range(_SIDE):
                blocks[y, x, n] = row[left + _SIDE * n + x]


@njit(**PART)
def _threshold(blocks, least, weight):
    # Small coefficients to 0, the others times one over how many there are.
    zero, one = np.float32(0), np.float32(1)
    for n in range(weight.size):
        weight[n] = one
    for u in range(blocks.shape[0]):
        for v in range(blocks.shape[1]):
            if u + v == 0:
                continue
            limit, lane = least[u, v], blocks[u, v]
            for n in range(weight.size):
                kept = abs(lane[n]) >= limit
                lane[n] = lane[n] if kept else zero
                weight[n] += one if kept else zero
    for n in range(weight.size):
        weight[n] = one / weight[n]
    for u in range(blocks.shape[0]):
        for v in range(blocks.shape[1]):
            lane = blocks[u, v]
            for n in range(weight.size):
                lane[n] *= weight[n]


@njit(**PART)
def _collect(blocks, weight, top, left, total, weights):
    for y in range(max(0, -top), min(_SIDE, total.shape[0] - top)):
        row, own = total[top + y], weights[top + y]
        for n in range(weight.size):
            for x in range(_SIDE):
                row[left + _SIDE * n + x] += blocks[y, x, n]
                own[left + _SIDE * n + x] += weight[n]


@njit(**PART)
def _limit(blocks, given, room):
    for u in range(room.shape[0]):
        for v in range(room.shape[1]):
            most, lane, own = room[u, v], blocks[u, v], given[u, v]
            for n in range(lane.size):
                lane[n] = min(max(lane[n], own[n] - most), own[n] + most)


@njit(**PART)
def _store(blocks, out, top):
    for y in range(blocks.shape[0]):
        row, line = out[top + y], blocks[y]
        for n in range(row.size // _SIDE):
            for x in range(_SIDE):
                row[_SIDE * n + x] = line[x, n]


@njit(**KERNEL)
def deblock_rows(around, shifts, tables, total, weights, scratch, flat, out, start):
    """Write the rows of a deblocked plane from `start`, which like their number is a multiple of 8.

    Parameters
    ----------
    around : ndarray, shape (H + 16, W + 16)
        The plane with 8 px around it, float32 as all arrays but `shifts`.
    shifts : ndarray, shape (N, 2)
        Where blocks begin, down and across.
    tables : ndarray, shape (4, 8, 8)
        What a coefficient is 0 below; how far one may move; the DCT and its inverse.
    total, weights : ndarray, shape (h, W + 16)
        The rows themselves, and ones.
    scratch, flat : ndarray, shape (4, 8, 8, W / 8 + 1) and (4, 8, W + 8)
        Memory, in two shapes.
    out : ndarray, shape (H, W)
        The result.
    """
    least, half, matrix, inverse = tables[0], tables[1], tables[2], tables[3]
    blocks, between, given, weight = scratch[0], scratch[1], scratch[2], scratch[3, 0, 0]
    for k in range(shifts.shape[0]):
        down, across = shifts[k, 0], shifts[k, 1]
        for top in range(start + down, start + total.shape[0] + _SIDE, _SIDE):
            _load(around, top, across, blocks)
            _transform(blocks, flat[0], matrix, between, flat[1])
            _threshold(blocks, least, weight)
            _transform(blocks, flat[0], inverse, between, flat[1])
            _collect(blocks, weight, top - start - _SIDE, across, total, weights)
    left = start - start + _SIDE  # no literal: for each of those a function is compiled anew
    for y in range(total.shape[0]):
        row, own = total[y], weights[y]
        for x in range(row.size):
            row[x] /= own[x]
    for top in range(0, total.shape[0], _SIDE):
        _load(total, top, left, blocks)
        _load(around, start + _SIDE + top, left, given)
        _transform(blocks, flat[0], matrix, between, flat[1])
        _transform(given, flat[2], matrix, between, flat[1])
        _limit(blocks, given, half)
        _transform(blocks, flat[0], inverse, between, flat[1])
        _store(blocks, out, start + top)
