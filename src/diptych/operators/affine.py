"""Affine transformation."""

from __future__ import annotations

from typing import Annotated

from diptych.core.errors import ParameterError
from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.core.parameters import Table, TableOf
from diptych.operators._borders import Border
from diptych.operators._resample import Interpolation, Map, from_xy, resample


def _mapping(shape: tuple[int, int], *, matrix: Table, **other: str) -> Map:
    return checked_map(matrix)


@operator(group="geometry", kernels="geometry", mapping=_mapping)
def affine(
    image: Image,
    *,
    matrix: Annotated[Table, TableOf(-1e6, 1e6)] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    interpolation: Interpolation = "linear",
    border: Border = "constant",
) -> Image:
    """Translate, rotate, scale and shear the image by a matrix.

    ``out(x, y) = in(a x + b y + c, d x + e y + f)`` for the matrix ``((a, b, c), (d, e, f))``: it leads from a pixel of the
    result to the place in the image where its value is taken.

    Parameters
    ----------
    matrix : table
        Two rows of three numbers, in pixels: x runs along a row to the right, y down, and the centre of the first pixel
        is at (0, 0).

    Raises
    ------
    ParameterError
        If the matrix has another form, or a parameter is out of its bounds.

    Notes
    -----
    The matrix is that of `skimage.transform.warp` (the first two rows of ``inverse_map``) and of OpenCV's ``warpAffine``
    with ``WARP_INVERSE_MAP``. `scipy.ndimage.affine_transform` counts rows first: its matrix is ``((e, d), (b, a))`` and
    its offset ``(f, c)``. To turn a matrix that leads from the image to the result around, invert it.
    Where the matrix leads from every pixel to the centre of a pixel, no value changes. Borders ``constant`` and ``wrap``
    are SciPy's ``grid-constant`` and ``grid-wrap``.

    References
    ----------
    `scipy.ndimage.affine_transform` with orders 0, 1 and 3; Gonzalez and Woods, Digital Image Processing, 4th ed.,
    section 2.6.

    Examples
    --------
    >>> row = np.array([[10, 20, 30, 40]], np.uint8)
    >>> affine(row, matrix=((1, 0, 1), (0, 1, 0))).tolist()
    [[20, 30, 40, 0]]
    >>> affine(row, matrix=((0.5, 0, 0), (0, 1, 0))).tolist()
    [[10, 15, 20, 25]]
    """
    return resample(image, checked_map(matrix), image.shape[:2], interpolation, border)


def checked_map(matrix: Table) -> Map:
    """Return the matrix in SciPy's order; raise `ParameterError` if it is not two rows of three numbers."""
    if [len(row) for row in matrix] != [3, 3]:
        raise ParameterError(f"affine: matrix = {matrix!r} is not allowed; give two rows of three numbers")
    return from_xy(matrix)
