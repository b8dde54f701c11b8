"""Crop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from diptych.core.errors import ParameterError
from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.core.parameters import Range

if TYPE_CHECKING:
    from diptych.operators._resample import Map

_LARGEST = 1_000_000


def _cropped(shape: tuple[int, int], **rectangle: Any) -> tuple[int, int]:
    rows, columns = window(shape, **rectangle)
    return rows.stop - rows.start, columns.stop - columns.start


def _mapping(shape: tuple[int, int], *, top: int, left: int, **other: int | None) -> Map:
    return np.array([[1, 0, top], [0, 1, left]], np.float64)


@operator(group="geometry", kernels="geometry", resize=_cropped, mapping=_mapping)
def crop(
    image: Image,
    *,
    top: Annotated[int, Range(0, _LARGEST, "px")] = 0,
    left: Annotated[int, Range(0, _LARGEST, "px")] = 0,
    height: Annotated[int | None, Range(1, _LARGEST, "px")] = None,
    width: Annotated[int | None, Range(1, _LARGEST, "px")] = None,
) -> Image:
    """Cut a rectangle out of the image.

    ``out = in[top : top + height, left : left + width]``

    Parameters
    ----------
    top : int
        Rows to leave out above.
    left : int
        Columns to leave out on the left.
    height : int, optional
        Height of the result; by default all rows from `top` down.
    width : int, optional
        Width of the result; by default all columns from `left` on.

    Raises
    ------
    ParameterError
        If the rectangle is not wholly inside the image, or a parameter is out of its bounds.

    References
    ----------
    NumPy's slicing.

    Examples
    --------
    >>> crop(np.array([[1, 2, 3], [4, 5, 6]], np.uint8), left=1, height=1).tolist()
    [[2, 3]]
    """
    rows, columns = window(image.shape, top, left, height, width)
    return image[rows, columns]


def window(shape: tuple[int, ...], top: int, left: int, height: int | None, width: int | None) -> tuple[slice, slice]:
    """Return the rows and columns of the rectangle; raise `ParameterError` if it leaves the image."""
    return _span("top", top, "height", height, shape[0]), _span("left", left, "width", width, shape[1])


def _span(first: str, start: int, second: str, length: int | None, size: int) -> slice:
    if start >= size:
        raise ParameterError(f"crop: {first} = {start} is not allowed; give 0 to {size - 1} px for this image")
    if length is not None and start + length > size:
        raise ParameterError(
            f"crop: {second} = {length} is not allowed; give 1 to {size - start} px for this image and {first} = {start}"
        )
    return slice(start, size if length is None else start + length)
