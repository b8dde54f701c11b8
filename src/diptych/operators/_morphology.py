"""Structuring elements, and the plain erosion and dilation that every morphological operator is made of.

Outside the image there is nothing: an erosion takes it as white, a dilation as black, so that it never wins. With this
convention erosion and dilation are adjoint on the image itself, up to its border and for every element, which is what
makes openings and closings idempotent.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.core.errors import ParameterError
from diptych.core.image import FloatImage
from diptych.core.operator import operator
from diptych.core.parameters import Doc, Range, Table, TableOf

Shape: TypeAlias = Annotated[
    Literal["square", "disk", "cross"],
    Doc(
        "Shape of the structuring element: ``square``; ``disk``, all pixels not farther than ``size // 2`` from the centre\n"
        "(at 3 px the four neighbours and the centre); ``cross``, one row and one column through the centre."
    ),
]
Size: TypeAlias = Annotated[
    int,
    Range(1, 999, "px", step=2),
    Doc("Width and height of the structuring element, odd; at 1 nothing is eroded or dilated."),
]
Element: TypeAlias = Annotated[
    Table | None,
    TableOf(0, 1),
    Doc(
        "A structuring element of your own as rows of 0 and 1, with at least one 1, an odd number of rows of one odd length;\n"
        "it overrides shape and size. Its origin is its centre."
    ),
]

Mask: TypeAlias = NDArray[np.bool_]


@functools.lru_cache(maxsize=64)
def structuring_element(owner: str, shape: str, size: int, element: Table | None) -> Mask:
    """Return the structuring element as a read-only mask with odd sides; its origin is its centre.

    Parameters
    ----------
    owner : str
        The operator, for an error message.
    shape : str
        ``square``; ``disk``, as `skimage.morphology.disk` of radius ``size // 2``; ``cross``, one row and one column.
    size : int
        Side of the square, diameter of the disk, length of both bars of the cross.
    element : table or None
        Rows of 0 and 1, which override shape and size.

    Raises
    ------
    ParameterError
        If the element is not a table of 0 and 1 with odd sides and at least one 1.
    """
    mask = _named(shape, size) if element is None else _given(owner, element)
    mask.flags.writeable = False
    return mask


F = TypeVar("F", bound=Callable[..., Any])


def morphological_operator(passes: int) -> Callable[[F], F]:
    """Make a morphological operator of a function that erodes or dilates so many times in a row."""

    def halo(*, shape: str, size: int, element: Table | None) -> int:
        return passes * ((size if element is None else max(len(element), len(element[0]))) // 2)

    return operator(group="morphology", halo=halo, kernels="morphology")


def _named(shape: str, size: int) -> Mask:
    offset = np.arange(size) - size // 2
    if shape == "square":
        return np.ones((size, size), bool)
    if shape == "cross":
        return (offset[:, np.newaxis] == 0) | (offset == 0)
    return offset[:, np.newaxis] ** 2 + offset**2 <= (size // 2) ** 2


def _given(owner: str, element: Table) -> Mask:
    lengths = {len(row) for row in element}
    values = {value for row in element for value in row}
    if len(lengths) != 1 or not lengths.pop() % 2 or not len(element) % 2 or not {1} <= values <= {0, 1}:
        raise ParameterError(
            f"{owner}: element = {element!r} is not allowed; give rows of 0 and 1, an odd number of rows of one odd "
            f"length, with at least one 1"
        )
    return np.array(element, bool)


def erode(image: FloatImage, mask: Mask) -> FloatImage:
    """Return the smallest value under the element, which is moved over every channel."""
    return _as_given(image, ndimage.grey_erosion(image, footprint=mask[:, :, np.newaxis], mode="constant", cval=1))


def dilate(image: FloatImage, mask: Mask) -> FloatImage:
    """Return the largest value under the reflected element, which is moved over every channel."""
    return _as_given(image, ndimage.grey_dilation(image, footprint=mask[:, :, np.newaxis], mode="constant", cval=0))


def _as_given(image: FloatImage, result: Any) -> FloatImage:
    return np.asarray(result, image.dtype)
