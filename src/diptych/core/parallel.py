"""Work on several cores: rows of an image in strips, on threads. The result never depends on how many there are."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from diptych.core.errors import ParameterError


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
    edges = [rows * index // count for index in range(count + 1)]
    if count == 1:
        work(0, rows)
        return
    with ThreadPoolExecutor(count - 1) as pool:
        others = [pool.submit(work, start, stop) for start, stop in itertools.pairwise(edges[1:])]
        work(edges[0], edges[1])
        for done in others:
            done.result()
