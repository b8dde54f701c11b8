"""A picture as a network sees it: floats in planes, continued to the multiple that the network needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.color import luma
from diptych.core.image import Image, from_float, to_float

_ROWS = 64  # converted at a time


class Picture:
    """An image ``(H, W, C)`` whose rows are read as float32 ``(1, C, rows, width)``.

    It is continued to the right and below by reflection about its edges, as often as needed, as the networks do it when they
    are trained (``numpy.pad(mode="symmetric")``): unlike the reflection about the outermost pixels this works from one row on.

    Parameters
    ----------
    image : ndarray, shape (H, W, C)
        Of any dtype of the contract.
    multiple : int
        `height` and `width` are the image's, rounded up to multiples of this.
    """

    def __init__(self, image: Image, multiple: int) -> None:
        self._image = image
        self.height, self.width = (-(-side // multiple) * multiple for side in image.shape[:2])

    def read(self, first: int, last: int) -> NDArray[np.float32]:
        """Return rows first to last, last not included."""
        height, width, channels = self._image.shape
        planes = np.empty((1, channels, last - first, self.width), np.float32)
        rows, columns = _reflected(first, last, height), _reflected(0, self.width, width)
        for start in range(0, last - first, _ROWS):
            part = rows[start : start + _ROWS]
            inside = slice(part[0], part[-1] + 1) if part[-1] - part[0] == len(part) - 1 else part
            floats = to_float(self._image[inside]).transpose(2, 0, 1)
            planes[0, :, start : start + _ROWS, :width] = floats
        planes[..., width:] = planes[..., columns[width:]]
        return planes


def _reflected(first: int, last: int, side: int) -> NDArray[np.intp]:
    index = np.arange(first, last) % (2 * side)
    return np.minimum(index, 2 * side - 1 - index)


def put(image: Image, first: int, planes: NDArray[Any]) -> None:
    """Write planes ``(C, rows, columns)`` in [0, 1] over the rows of an image from `first` on, as far as it goes."""
    height, width = image.shape[:2]
    for start in range(0, min(planes.shape[1], height - first), _ROWS):
        stop = min(start + _ROWS, planes.shape[1], height - first)
        part = planes[:, start:stop, :width].transpose(1, 2, 0)
        image[first + start : first + stop] = from_float(part, image.dtype)


def to_grey(image: Image) -> Image:
    """Return the luma of an RGB image as ``(H, W, 1)``, in its own dtype."""
    result = np.empty((*image.shape[:2], 1), image.dtype)
    for start in range(0, len(image), _ROWS):  # the floats of a whole picture would be its largest copy
        part = luma(to_float(image[start : start + _ROWS]))
        result[start : start + _ROWS] = from_float(part[:, :, np.newaxis], image.dtype)
    return result
