"""Deblocking of some rows of a plane. Blocks lie in lanes, ``(8, 8, blocks)``, so that loops run over many blocks at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

OPTIONS: Any = {"nogil": True, "cache": True, "fastmath": {"contract", "nsz"}, "error_model": "numpy"}
_SIDE = 8


@njit(**OPTIONS)
def _along(values, matrix, out):  # type: ignore[no-untyped-def]
    # out = matrix @ values, of (8, n)
    for i in range(8):
        a, b, c, d = matrix[i, 0], matrix[i, 1], matrix[i, 2], matrix[i, 3]
        e, f, g, h = matrix[i, 4], matrix[i, 5], matrix[i, 6], matrix[i, 7]
        for n in range(values.shape[1]):
            first = a * values[0, n] + b * values[1, n] + c * values[2, n] + d * values[3, n]
            out[i, n] = first + (e * values[4, n] + f * values[5, n] + g * values[6, n] + h * values[7, n])


@njit(**OPTIONS)
def _transform(blocks, matrix, between):  # type: ignore[no-untyped-def]
    # Both ways, in place.
    lanes = blocks.shape[2]
    _along(blocks.reshape(8, 8 * lanes), matrix, between.reshape(8, 8 * lanes))
    for j in range(8):
        _along(between[j], matrix, blocks[j])


@njit(**OPTIONS)
def _load(plane, top, left, blocks):  # type: ignore[no-untyped-def]
    for y in range(_SIDE):
        row = plane[top + y]
        for n in range(blocks.shape[2]):
            for x in range(_SIDE):
                blocks[y, x, n] = row[left + _SIDE * n + x]


@njit(**OPTIONS)
def _threshold(blocks, least, weight):  # type: ignore[no-untyped-def]
    # Small coefficients to 0, the others times one over how many there are.
    zero, one = np.float32(0), np.float32(1)
    for n in range(len(weight)):
        weight[n] = one
    for u in range(_SIDE):
        for v in range(_SIDE):
            if u + v == 0:
                continue
            limit, lane = least[u, v], blocks[u, v]
            for n in range(len(weight)):
                kept = abs(lane[n]) >= limit
                lane[n] = lane[n] if kept else zero
                weight[n] += one if kept else zero
    for n in range(len(weight)):
        weight[n] = one / weight[n]
    for u in range(_SIDE):
        for v in range(_SIDE):
            lane = blocks[u, v]
            for n in range(len(weight)):
                lane[n] *= weight[n]


@njit(**OPTIONS)
def _collect(blocks, weight, top, left, total, weights):  # type: ignore[no-untyped-def]
    for y in range(max(0, -top), min(_SIDE, total.shape[0] - top)):
        row, own = total[top + y], weights[top + y]
        for n in range(len(weight)):
            for x in range(_SIDE):
                row[left + _SIDE * n + x] += blocks[y, x, n]
                own[left + _SIDE * n + x] += weight[n]


@njit(**OPTIONS)
def deblock_rows(around, shifts, table, strength, matrix, inverse, start, stop, out):  # type: ignore[no-untyped-def]
    """Write rows start to stop, multiples of 8, of a deblocked plane; `around` is the plane with 8 px around it."""
    width = out.shape[1]
    least, half = (table * strength).astype(np.float32), (table * np.float32(0.5)).astype(np.float32)
    total = around[start + _SIDE : stop + _SIDE].copy()
    weights = np.ones_like(total)
    lanes = width // _SIDE
    blocks, between = np.empty((_SIDE, _SIDE, lanes + 1), np.float32), np.empty((_SIDE, _SIDE, lanes + 1), np.float32)
    weight = np.empty(lanes + 1, np.float32)
    for k in range(len(shifts)):
        down, across = shifts[k]
        for top in range(start + down, stop + _SIDE, _SIDE):
            _load(around, top, across, blocks)
            _transform(blocks, matrix, between)
            _threshold(blocks, least, weight)
            _transform(blocks, inverse, between)
            _collect(blocks, weight, top - start - _SIDE, across, total, weights)
    _within_steps(around, total, weights, half, matrix, inverse, start, out)


@njit(**OPTIONS)
def _within_steps(around, total, weights, half, matrix, inverse, start, out):  # type: ignore[no-untyped-def]
    lanes = out.shape[1] // _SIDE
    wanted, given = np.empty((_SIDE, _SIDE, lanes), np.float32), np.empty((_SIDE, _SIDE, lanes), np.float32)
    between = np.empty_like(wanted)
    total /= weights
    for top in range(0, total.shape[0], _SIDE):
        _load(total, top, _SIDE, wanted)
        _load(around, start + _SIDE + top, _SIDE, given)
        _transform(wanted, matrix, between)
        _transform(given, matrix, between)
        for u in range(_SIDE):
            for v in range(_SIDE):
                room, lane, own = half[u, v], wanted[u, v], given[u, v]
                for n in range(lanes):
                    lane[n] = min(max(lane[n], own[n] - room), own[n] + room)
        _transform(wanted, inverse, between)
        for y in range(_SIDE):
            row = out[start + top + y]
            for n in range(lanes):
                for x in range(_SIDE):
                    row[_SIDE * n + x] = wanted[y, x, n]
