"""What the geometric operators share: the words for interpolation, pixel grids, and resampling by SciPy.

A map is a 2 x 3 matrix in SciPy's order: ``(row, column)`` of the input = ``map @ (row, column, 1)`` of the output, in
pixels, the centre of the first pixel at (0, 0).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from diptych.core.image import FloatImage
from diptych.core.parameters import Doc

Interpolation: TypeAlias = Annotated[
    Literal["nearest", "linear", "cubic"],
    Doc("Interpolation between pixels: the nearest one, linear in each direction, or the cubic B-spline through them."),
]
"""SciPy's splines of order 0, 1 and 3: ``cubic`` is the interpolating cubic B-spline, not a four-point kernel."""

ORDERS = {"nearest": 0, "linear": 1, "cubic": 3}

MODES = {
    "reflect": "reflect",
    "mirror": "mirror",
    "nearest": "nearest",
    "constant": "grid-constant",
    "wrap": "grid-wrap",
}
"""The border modes in the words of SciPy's interpolation, whose own ``constant`` and ``wrap`` mean something odd."""

Map: TypeAlias = NDArray[np.float64]


def resample(image: FloatImage, mapping: Map, shape: tuple[int, ...], interpolation: str, border: str) -> FloatImage:
    """Return the image of this height and width whose pixels lie where the map says in the input."""
    order = 0 if falls_on_pixels(mapping) else ORDERS[interpolation]
    parts = [
        ndimage.affine_transform(
            image[:, :, c], mapping[:, :2], mapping[:, 2], output_shape=shape, order=order, mode=MODES[border]
        )
        for c in range(image.shape[2])
    ]
    return np.stack(parts, axis=2)


def falls_on_pixels(mapping: Map) -> bool:
    """Whether every output pixel falls on the centre of a pixel: then nothing is interpolated and all is exact."""
    return bool(np.all(mapping == np.rint(mapping)))


def from_xy(matrix: tuple[tuple[float, ...], ...]) -> Map:
    """Return the map of a matrix in x, y order, as users write it."""
    (a, b, c), (d, e, f) = matrix
    return np.array([[e, d, f], [b, a, c]], np.float64)


def turned_shape(shape: tuple[int, ...], angle: float) -> tuple[int, int]:
    """Return the height and width that hold the whole turned image, as `scipy.ndimage.rotate` rounds them."""
    height, width = shape[:2]
    cosine, sine = abs(float(special.cosdg(angle))), abs(float(special.sindg(angle)))
    return int(height * cosine + width * sine + 0.5), int(height * sine + width * cosine + 0.5)


def turning(angle: float, old: tuple[int, ...], new: tuple[int, ...]) -> Map:
    """Return the map of a counter-clockwise turn about the centre; exact for multiples of 90 degrees."""
    cosine, sine = float(special.cosdg(angle)), float(special.sindg(angle))
    turn = np.array([[cosine, sine], [-sine, cosine]])
    centre = (np.array(old) - 1) / 2
    return np.column_stack([turn, centre - turn @ ((np.array(new) - 1) / 2)])
