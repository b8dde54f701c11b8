"""Exact median of any window, for values of any depth: each tile of the image is sorted once, then only ranks are counted.

In a tile no two values share a rank, so the window is a set of ranks: one bit for each. To move the window by a pixel flips
`size` bits out and `size` bits in, and the median is found by stepping from the last one over words of 64 ranks.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import options

OPTIONS, PARTS = options()
_DIGIT = 10  # bits that one pass of the radix sort looks at
_MINUS_ZERO = np.uint32(0x80000000)


@njit(**PARTS)
def _count(word):
    """Return the number of set bits; LLVM knows the pattern and makes one instruction of it."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(**PARTS)
def _flip(bits, rank, word):
    """Put a rank into the set or take it out; return 1 if it lies before this word."""
    place = rank >> 6
    bits[place] ^= np.uint64(1) << np.uint64(rank & 63)
    return 1 if place < word else 0


@njit(**PARTS)
def _nth(word, n):
    """Return the position of the n-th set bit, counted from 0."""
    for _ in range(n):
        word &= word - np.uint64(1)
    lowest = word & (~word + np.uint64(1))
    return _count(lowest - np.uint64(1))


@njit(**PARTS)
def _one_pass(keys, places, shift, sorted_keys, sorted_places):
    starts = np.zeros((1 << _DIGIT) + 1, np.int64)
    mask = (1 << _DIGIT) - 1
    for i in range(len(keys)):
        starts[((np.int64(keys[i]) >> shift) & mask) + 1] += 1
    for digit in range(1, len(starts)):
        starts[digit] += starts[digit - 1]
    for i in range(len(keys)):
        digit = (np.int64(keys[i]) >> shift) & mask
        to = starts[digit]
        starts[digit] = to + 1
        sorted_keys[to] = keys[i]
        sorted_places[to] = places[i]


@njit(**PARTS)
def _sort(keys, bits, ranks):
    """Return the sorted keys and write the rank of each to `ranks`."""
    n = len(keys)
    places, other_keys, other_places = np.arange(n).astype(np.int32), np.empty_like(keys), np.empty(n, np.int32)
    for shift in range(0, bits, _DIGIT):
        _one_pass(keys, places, shift, other_keys, other_places)
        keys, other_keys = other_keys, keys
        places, other_places = other_places, places
    for i in range(n):
        ranks[places[i]] = i
    return keys


@njit(**PARTS)
def _keys(image, channel, rows, columns):
    """Return the values of a tile and its border as one line; the index -1 is black."""
    keys = np.empty(len(rows) * len(columns), image.dtype)
    i = 0
    for y in rows:
        for x in columns:
            value = image[y, x, channel] if y >= 0 and x >= 0 else image.dtype.type(0)
            keys[i] = value if value != _MINUS_ZERO else image.dtype.type(0)
            i += 1
    return keys


@njit(**PARTS)
def _walk(bits, word, below, half):
    """Return the word that holds the rank with `half` others before it, and how many lie before the word."""
    while below > half:
        word -= 1
        below -= _count(bits[word])
    inside = _count(bits[word])
    while below + inside <= half:
        below += inside
        word += 1
        inside = _count(bits[word])
    return word, below


@njit(**PARTS)
def _slide(ranks, keys, size, out):
    """Write the median of every window of the tile; `ranks` is two-dimensional, `keys` are the sorted values."""
    height, width = out.shape
    bits = np.zeros(len(keys) // 64 + 1, np.uint64)
    word, below, half = 0, 0, size * size // 2
    for y in range(size):
        for x in range(size):
            below += _flip(bits, ranks[y, x], word)
    x, step = 0, 1
    for y in range(height):
        if y > 0:  # down by one row, then back the other way
            for i in range(x, x + size):
                below -= _flip(bits, ranks[y - 1, i], word)
                below += _flip(bits, ranks[y - 1 + size, i], word)
        for moved in range(width):
            if moved > 0:
                leaving, entering = (x, x + size) if step > 0 else (x + size - 1, x - 1)
                for i in range(y, y + size):
                    below -= _flip(bits, ranks[i, leaving], word)
                    below += _flip(bits, ranks[i, entering], word)
                x += step
            word, below = _walk(bits, word, below, half)
            out[y, x] = keys[word * 64 + _nth(bits[word], half - below)]
        step = -step


@njit(**OPTIONS)
def median_tiles(image, out, rows, columns, size, side, first, last, key_bits):
    """Write rows `first` to `last` of the result, tile by tile.

    `image` and `out` hold unsigned integers ``(H, W, C)`` in the order of their values; `rows` and `columns` are border
    indices.
    """
    _, width, channels = image.shape
    for top in range(first, last, side):
        bottom = min(top + side, last)
        for left in range(0, width, side):
            right = min(left + side, width)
            tile_rows, tile_columns = rows[top : bottom + size - 1], columns[left : right + size - 1]
            ranks = np.empty((len(tile_rows), len(tile_columns)), np.int32)
            for channel in range(channels):
                keys = _sort(_keys(image, channel, tile_rows, tile_columns), key_bits, ranks.reshape(-1))
                _slide(ranks, keys, size, out[top:bottom, left:right, channel])
