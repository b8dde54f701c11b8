"""The way into the kernels that work line by line: they see an image as rows of W * C values."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.core.parallel import in_strips

Work: TypeAlias = Callable[[NDArray[Any], NDArray[Any], int, int], object]


def by_rows(work: Work, image: Image, edges: list[int] | None = None) -> Image:
    """Return what ``work(flat, out, start, stop)`` writes to the rows `start` to `stop` of ``out (H, W * C)``.

    With `edges`, the rows are cut there and only there, whatever the number of threads.
    """
    out = np.empty_like(image)
    height = image.shape[0]
    flat, flat_out = image.reshape(height, -1), out.reshape(height, -1)
    if edges is None:
        in_strips(lambda start, stop: work(flat, flat_out, start, stop), height)
        return out

    def blocks(first: int, last: int) -> None:
        for start, stop in itertools.pairwise(edges[first : last + 1]):
            work(flat, flat_out, start, stop)

    in_strips(blocks, len(edges) - 1, smallest=1)
    return out


def white_or_zero(image: Image) -> np.float32:
    """Return the white level of an integer image and 0 for floats."""
    return np.float32(white_level(image.dtype) if image.dtype.kind == "u" else 0)
