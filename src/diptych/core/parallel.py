"""Work on several cores: rows of an image in strips, on threads. The result never depends on how many there are."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, NamedTuple

from numpy.typing import NDArray

from diptych.core.errors import ParameterError

_MOST = 256  # threads, of all callers together


def threads() -> int:
    """Return how many threads a kernel uses: ``DIPTYCH_THREADS`` if it is set, else the cores this process may use.

    >>> threads() >= 1
    True
    """
    wanted = os.environ.get("DIPTYCH_THREADS", "")
    if wanted:
        if not wanted.isdigit() or int(wanted) < 1:
            raise ParameterError(f"DIPTYCH_THREADS = {wanted!r} is not a number of threads; give 1 or more")
        return int(wanted)
    return available_cores()


def available_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_strips(work: Callable[[int, int], object], rows: int, smallest: int = 32) -> None:
    """Call ``work(start, stop)`` for strips that cover the rows, one strip for each thread.

    Parameters
    ----------
    work : function
        Writes its rows of the result; it must release the interpreter lock to gain anything (NumPy, OpenCV and Numba
        kernels with ``nogil=True`` do).
    rows : int
        Height of the image.
    smallest : int
        Strips are not cut thinner than this.

    Examples
    --------
    >>> seen = []
    >>> in_strips(lambda start, stop: seen.append((start, stop)), rows=10)
    >>> seen
    [(0, 10)]
    """
    count = max(1, min(threads(), rows // max(smallest, 1)))
    if count == 1:
        work(0, rows)
        return
    first, *others = itertools.pairwise(rows * index // count for index in range(count + 1))
    beside = [(_pool().submit(work, *strip), strip) for strip in others]
    try:
        work(*first)
        for future, strip in reversed(beside):
            # What no thread has begun yet is done here, so that strips inside strips never wait for each other.
            work(*strip) if future.cancel() else future.result()
    except BaseException:
        wait([future for future, _ in beside if not future.cancel()])  # none writes into the result any more
        raise


def in_chunks(work: Callable[[slice], object], rows: int, chunk: int) -> None:
    """Call ``work(rows)`` for slices of so many rows, few enough to stay in the cache, on all threads: see `in_strips`.

    >>> in_chunks(print, rows=5, chunk=3)
    slice(0, 3, None)
    slice(3, 5, None)
    """

    def strip(start: int, stop: int) -> None:
        for first in range(start, stop, chunk):
            work(slice(first, min(first + chunk, stop)))

    in_strips(strip, rows)


class Band(NamedTuple):
    """Rows of an image that are worked on at once, and what is read for them: ``start - top`` rows of it come before."""

    start: int
    stop: int
    top: int
    bottom: int

    def own(self, read: NDArray[Any]) -> NDArray[Any]:
        """Return the rows of the band among those that were read for it."""
        return read[self.start - self.top : self.stop - self.top]


def bands(height: int, rows: int, halo: int, grid: int = 16) -> Iterator[Band]:
    """Yield bands that cover an image one after the other, so that what a filter needs beside image and result stays small.

    Parameters
    ----------
    height : int
        Of the image.
    rows : int
        Wanted of a band; it has twice the halo at least, as what it reads beyond its own rows is done twice.
    halo : int
        Rows that it reads on either side.
    grid : int
        What is read begins at a multiple of it.

    Examples
    --------
    >>> [tuple(band) for band in bands(40, 16, 3)]
    [(0, 16, 0, 19), (16, 32, 0, 35), (32, 40, 16, 40)]
    """
    own = max(grid, rows, 2 * halo) // grid * grid
    for start in range(0, height, own):
        stop = min(start + own, height)
        yield Band(start, stop, max(0, start - halo) // grid * grid, min(height, stop + halo))


@functools.cache
def _pool() -> ThreadPoolExecutor:
    # Kept: to start a thread takes as long as many an operator. It starts as many as are busy at once.
    return ThreadPoolExecutor(_MOST, thread_name_prefix="diptych-strips")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork
