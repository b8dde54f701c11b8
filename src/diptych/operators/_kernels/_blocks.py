"""Window filters on blocks of rows: on several threads, in the cache, and with every border of SciPy.

The blocks do not depend on the number of threads, so neither do the sums of floats that a filter runs along them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from diptych.core.image import Image
from diptych.core.parallel import in_strips
from diptych.operators._borders import border_index

_SMALLEST = 1 << 17  # bytes of a strip: to filter fewer is quicker than to wake a thread


def by_blocks(
    work: Callable[..., Image], images: tuple[Image, ...], radius: int, border: str, padded: bool = True
) -> Image:
    """Apply a filter of windows of this radius to blocks of rows, and return an image like the first one.

    `work` takes a block ``(h, w, C)`` of each image and returns one. The blocks reach `radius` rows beyond what is wanted,
    and with `padded` also columns; without, the filter has to see to the left and right border itself. Whatever it
    returns of the rows and columns beyond is not used.
    """
    height, width = images[0].shape[:2]
    edges = edges_of_blocks(height, radius)
    rows = border_index(height, radius, border)
    columns = border_index(width, radius if padded else 0, border)
    out = np.empty_like(images[0])

    def strip(first: int, last: int) -> None:
        for start, stop in zip(edges[first:last], edges[first + 1 : last + 1], strict=True):
            result = work(*(_block(image, rows[start : stop + 2 * radius], columns) for image in images))
            left = (result.shape[1] - width) // 2
            out[start:stop] = result[radius : radius + stop - start, left : left + width]

    in_strips(strip, len(edges) - 1, smallest=1)
    return out


def by_strips(
    work: Callable[[Image, Image], object], image: Image, radius: int, dtype: DTypeLike | None = None
) -> Image:
    """Let ``work(source, out)`` filter a strip for each thread, and once more the rows around where two strips meet.

    For filters of windows of this radius that know the border themselves, as most of OpenCV's do, and whose answer for a row
    does not depend on where the strip begins.
    """
    out = np.empty_like(image, dtype)
    begun: list[int] = []

    def strip(start: int, stop: int) -> None:
        begun.append(start)
        work(image[start:stop], out[start:stop])

    in_strips(strip, len(image), smallest=max(_SMALLEST // image[0].nbytes, 8 * radius) + 1)
    for row in begun:
        if row and radius:
            near = image[row - 2 * radius : row + 2 * radius]
            seam = np.empty_like(near, dtype)
            work(near, seam)
            out[row - radius : row + radius] = seam[radius : 3 * radius]
    return out


def edges_of_blocks(height: int, radius: int) -> list[int]:
    """Return where blocks of rows begin and end: few blocks where windows are large.

    What a block reads beyond its own rows is work done twice.

    >>> edges_of_blocks(100, 1)
    [0, 50, 100]
    """
    count = next((count for count in (32, 16, 8, 4, 2) if height // count >= max(32, 10 * radius)), 1)
    return [height * index // count for index in range(count + 1)]


def _block(image: Image, rows: Image, columns: Image) -> Image:
    block = _take_rows(image, rows)
    width = image.shape[1]
    radius = (len(columns) - width) // 2
    if radius == 0:
        return block
    out = np.empty((len(rows), len(columns), image.shape[2]), image.dtype)
    out[:, radius : radius + width] = block
    for part in (slice(0, radius), slice(radius + width, None)):
        out[:, part] = block[:, columns[part]]
        out[:, part][:, columns[part] < 0] = 0
    return out


def _take_rows(image: Image, rows: Image) -> Image:
    first, last = int(rows[0]), int(rows[-1])
    if first >= 0 and np.array_equal(rows, np.arange(first, last + 1)):
        return image[first : last + 1]
    block = image[rows]
    block[rows < 0] = 0
    return block
