"""The guided filter by running sums in double precision: one pass for the local lines, one for their means."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from diptych.core.kernels import options
from diptych.core.parallel import in_strips

_KERNEL, _PART = options()

Plane = NDArray[np.float32]


def guided_filter(guide: Plane, source: Plane, size: int, epsilon: float) -> Plane:
    """Return `diptych.operators.guided.guided_filter` of two planes."""
    border = tuple(np.pad(np.arange(length), size // 2, mode="reflect") for length in guide.shape)
    lines, out = (np.empty_like(guide), np.empty_like(guide)), np.empty_like(guide)

    def fit(start: int, stop: int) -> None:
        if source is guide:
            _fit_itself(guide, border, epsilon, start, stop, lines)
        else:
            _fit((guide, source), border, epsilon, start, stop, lines)

    def apply(start: int, stop: int) -> None:
        _apply(lines, guide, border, start, stop, out)

    _in_blocks(fit, guide.shape[0], size)
    _in_blocks(apply, guide.shape[0], size)
    return out


def _in_blocks(work: Any, rows: int, size: int) -> None:
    # Running sums begin anew with each block; the blocks do not depend on the threads, so neither does the rounding.
    count = max(1, min(rows // max(64, size), 64))
    edges = [rows * index // count for index in range(count + 1)]

    def blocks(start: int, stop: int) -> None:
        for index in range(start, stop):
            work(edges[index], edges[index + 1])

    in_strips(blocks, count, smallest=1)


@njit(**_PART)
def _slide(sums, columns, padded, out):
    # Sums over windows of columns, for two rows of sums over windows of rows.
    width = out.shape[1]
    size = columns.size - width + 1
    for k in range(2):
        row, wide = sums[k], padded[k]
        for x in range(size // 2):
            wide[x], wide[width + size - 2 - x] = row[columns[x]], row[columns[width + size - 2 - x]]
        for x in range(width):
            wide[size // 2 + x] = row[x]
    first, second, first_out, second_out = padded[0], padded[1], out[0], out[1]
    one, other = 0.0, 0.0
    for x in range(size):
        one, other = one + first[x], other + second[x]
    first_out[0], second_out[0] = one, other
    for x in range(1, width):
        one += first[x + size - 1] - first[x - 1]
        other += second[x + size - 1] - second[x - 1]
        first_out[x], second_out[x] = one, other


@njit(**_PART)
def _move(new, old, sums):
    # One row more in the window, one row less.
    for x in range(new.size):
        sums[x] += np.float64(new[x]) - np.float64(old[x])


@njit(**_PART)
def _move_product(new, new_too, old, old_too, sums):
    for x in range(new.size):
        sums[x] += np.float64(new[x]) * np.float64(new_too[x]) - np.float64(old[x]) * np.float64(old_too[x])


@njit(**_KERNEL)
def _fit(planes, border, epsilon, start, stop, lines):
    guide, source = planes
    (rows, columns), (slope, offset) = border, lines
    width, size, nothing = guide.shape[1], rows.size - guide.shape[0] + 1, np.zeros(guide.shape[1], np.float32)
    sums, means, area = np.zeros((4, width)), np.empty((4, width)), 1.0 / (size * size)
    padded = np.empty((2, width + size - 1))
    for y in range(start - size + 1, stop):
        new, new_source, old, old_source = guide[rows[y + size - 1]], source[rows[y + size - 1]], nothing, nothing
        if y > start:
            old, old_source = guide[rows[y - 1]], source[rows[y - 1]]
        _move(new, old, sums[0])
        _move(new_source, old_source, sums[1])
        _move_product(new, new, old, old, sums[2])
        _move_product(new, new_source, old, old_source, sums[3])
        if y >= start:
            _slide(sums[:2], columns, padded, means[:2])
            _slide(sums[2:], columns, padded, means[2:])
            _line(means, area, epsilon, slope[y], offset[y])


@njit(**_PART)
def _line(means, area, epsilon, slope, offset):
    guide, source, square, product = means[0], means[1], means[2], means[3]
    for x in range(slope.size):
        average, level = guide[x] * area, source[x] * area
        variance = max(square[x] * area - average * average, 0.0)
        line = (product[x] * area - average * level) / (variance + epsilon)
        slope[x], offset[x] = line, level - line * average


@njit(**_KERNEL)
def _fit_itself(guide, border, epsilon, start, stop, lines):
    (rows, columns), (slope, offset) = border, lines
    width, size, nothing = guide.shape[1], rows.size - guide.shape[0] + 1, np.zeros(guide.shape[1], np.float32)
    sums, means, area = np.zeros((2, width)), np.empty((2, width)), 1.0 / (size * size)
    padded = np.empty((2, width + size - 1))
    for y in range(start - size + 1, stop):
        new, old = guide[rows[y + size - 1]], nothing
        if y > start:
            old = guide[rows[y - 1]]
        _move(new, old, sums[0])
        _move_product(new, new, old, old, sums[1])
        if y >= start:
            _slide(sums, columns, padded, means)
            _line_itself(means, area, epsilon, slope[y], offset[y])


@njit(**_PART)
def _line_itself(means, area, epsilon, slope, offset):
    guide, square = means[0], means[1]
    for x in range(slope.size):
        average = guide[x] * area
        variance = max(square[x] * area - average * average, 0.0)
        line = variance / (variance + epsilon)
        slope[x], offset[x] = line, average - line * average


@njit(**_KERNEL)
def _apply(lines, guide, border, start, stop, out):
    (rows, columns), (slope, offset) = border, lines
    width, size, nothing = guide.shape[1], rows.size - guide.shape[0] + 1, np.zeros(guide.shape[1], np.float32)
    sums, means, area = np.zeros((2, width)), np.empty((2, width)), 1.0 / (size * size)
    padded = np.empty((2, width + size - 1))
    for y in range(start - size + 1, stop):
        row, old, old_offset = rows[y + size - 1], nothing, nothing
        if y > start:
            old, old_offset = slope[rows[y - 1]], offset[rows[y - 1]]
        _move(slope[row], old, sums[0])
        _move(offset[row], old_offset, sums[1])
        if y >= start:
            _slide(sums, columns, padded, means)
            first, second, here, result = means[0], means[1], guide[y], out[y]
            for x in range(width):
                result[x] = (first[x] * here[x] + second[x]) * area
