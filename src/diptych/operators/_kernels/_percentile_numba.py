"""Exact percentiles without sorting: counting for integers, two rounds of counting on the bit patterns of float32."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from diptych.core.kernels import options
from diptych.core.parallel import in_strips

_KERNEL, _PART = options()

_SLOTS = 32  # at most so many groups of 65,536 neighbouring floats are looked into at once


def percentiles(values: NDArray[Any], q: Sequence[float]) -> NDArray[np.float64]:
    """Return what ``np.percentile(values, q)`` returns (method ``linear``), bit for bit.

    Parameters
    ----------
    values : ndarray, 1-D, uint8, uint16 or float32
        At least one value, no NaN; any stride, so that ``image[:, :, c].reshape(-1)`` costs no copy.
    q : sequence of float
        Percentages from 0 to 100.

    Returns
    -------
    ndarray of float64
        One value for each of `q`.
    """
    shares = np.asarray(q, np.float64) / 100
    place = (values.size - 1) * shares
    below = np.floor(place).astype(np.int64)
    share = place - below
    ranks, where = np.unique(np.concatenate([below, np.minimum(below + 1, values.size - 1)]), return_inverse=True)
    found = order_statistics(values, ranks)[where]
    low, high = found[: below.size], found[below.size :]
    # The two forms of the mixture, each exact at its own end, are NumPy's.
    return np.where(share >= 0.5, high - (high - low) * (1 - share), low + (high - low) * share)


def order_statistics(values: NDArray[Any], ranks: NDArray[np.int64]) -> NDArray[Any]:
    """Return ``np.sort(values)[ranks]`` for ascending ranks, in the dtype of the values."""
    if values.dtype == np.float32:
        return _float_statistics(values.view(np.uint32), ranks)
    counts = histogram(values)
    return np.searchsorted(np.cumsum(counts), ranks, side="right").astype(values.dtype)


def histogram(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return how often each of the 256 or 65,536 levels occurs in a 1-D uint8 or uint16 array."""
    return _summed(_count, values, np.iinfo(values.dtype).max + 1)


def _float_statistics(bits: NDArray[np.uint32], ranks: NDArray[np.int64]) -> NDArray[np.float32]:
    # The upper half of the bits says which group of neighbouring floats a rank falls into, the lower half which one.
    before = np.cumsum(_summed(_count_upper, bits, 65536))
    groups = np.searchsorted(before, ranks, side="right")
    chosen = np.unique(groups)
    keys = np.empty(ranks.size, np.uint32)
    for start in range(0, chosen.size, _SLOTS):
        part = chosen[start : start + _SLOTS]
        slot = np.full(65536, -1, np.int16)
        slot[part] = np.arange(part.size)
        counts = _summed(_count_lower, bits, part.size * 65536, slot).reshape(part.size, 65536)
        for index, group in enumerate(part):
            mine = groups == group
            first = before[group - 1] if group else 0
            lower = np.searchsorted(np.cumsum(counts[index]), ranks[mine] - first, side="right")
            keys[mine] = (np.uint32(group) << np.uint32(16)) | lower.astype(np.uint32)
    return np.where(keys >> np.uint32(31), keys ^ np.uint32(1 << 31), ~keys).astype(np.uint32).view(np.float32)


def _summed(count: Any, values: NDArray[Any], bins: int, *more: Any) -> NDArray[np.int64]:
    total = np.zeros(bins, np.int64)
    lock = threading.Lock()

    def work(start: int, stop: int) -> None:
        counts = np.zeros(bins, np.uint32)
        count(values[start:stop], counts, *more)
        with lock:
            np.add(total, counts, out=total)

    in_strips(work, values.size, smallest=65536)
    return total


@njit(**_KERNEL)
def _count(values, counts):  # type: ignore[no-untyped-def]
    for i in range(values.size):
        counts[values[i]] += 1


@njit(**_PART)
def _key(bits):  # type: ignore[no-untyped-def]
    # Ascending as the floats are: negative floats are turned round, the others put above them.
    if bits >> np.uint32(31):
        return ~bits
    return bits | np.uint32(0x80000000)


@njit(**_KERNEL)
def _count_upper(bits, counts):  # type: ignore[no-untyped-def]
    for i in range(bits.size):
        counts[_key(bits[i]) >> np.uint32(16)] += 1


@njit(**_KERNEL)
def _count_lower(bits, counts, slot):  # type: ignore[no-untyped-def]
    for i in range(bits.size):
        key = _key(bits[i])
        group = slot[key >> np.uint32(16)]
        if group >= 0:
            counts[group * np.int64(65536) + np.int64(key & np.uint32(0xFFFF))] += 1
