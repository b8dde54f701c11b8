"""Enlarging and shrinking."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from scipy import ndimage

from diptych.core.errors import ParameterError
from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.core.parameters import Range
from diptych.operators._resample import ORDERS, Map

_LARGEST = 65_535


def _zoomed(
    shape: tuple[int, int], *, factor: float, height: int | None, width: int | None, interpolation: str
) -> tuple[int, int]:
    return zoomed_shape(shape, factor, height, width)


def _mapping(shape: tuple[int, int], **parameters: Any) -> Map:
    steps = np.array(shape) / _zoomed(shape, **parameters)
    return np.column_stack([np.diag(steps), (steps - 1) / 2])


@operator(group="geometry", kernels="geometry", resize=_zoomed, mapping=_mapping)
def zoom(
    image: Image,
    *,
    factor: Annotated[float, Range(0.001, 64)] = 1.0,
    height: Annotated[int | None, Range(1, _LARGEST, "px")] = None,
    width: Annotated[int | None, Range(1, _LARGEST, "px")] = None,
    interpolation: Literal["nearest", "linear", "cubic", "area"] = "linear",
) -> Image:
    """Enlarge or shrink the image by a factor or to a size.

    ``out(p) = in((p + 1/2) H / H_out - 1/2)`` in each direction: the two images cover the same area and a pixel is a square
    in it, as in every image editor.

    Parameters
    ----------
    factor : float
        Factor of both sides, which are rounded to whole pixels and are at least one; 1 leaves the image as it is.
    height : int, optional
        Height of the result, in place of a factor; without `width` the aspect ratio is kept.
    width : int, optional
        Width of the result, in place of a factor; without `height` the aspect ratio is kept.
    interpolation : str
        Value between pixels: that of the nearest one, linear in each direction, or the cubic B-spline through them; all
        three look at a few pixels only, and shrinking by more than 2 with them makes jagged edges and moiré. ``area`` is
        the mean over the area that an output pixel covers, for shrinking; a side that grows is interpolated linearly.

    Raises
    ------
    ParameterError
        If both a factor and a size are given, or a parameter is out of its bounds.

    Notes
    -----
    Equal to `scipy.ndimage.zoom` with ``grid_mode=True, mode="reflect"``. Without ``grid_mode`` SciPy lays the centres of
    the corner pixels of both images upon each other, which shifts everything between them by a part of a pixel.
    For whole factors ``area`` is the mean of each block.

    References
    ----------
    `scipy.ndimage.zoom`; for ``area``, `skimage.transform.downscale_local_mean` and OpenCV's ``INTER_AREA``.

    Examples
    --------
    >>> zoom(np.array([[0, 100]], np.uint8), height=1, width=4).tolist()
    [[0, 25, 75, 100]]
    >>> zoom(np.array([[0, 100, 50, 60]], np.uint8), height=1, width=2, interpolation="area").tolist()
    [[50, 55]]
    """
    shape = zoomed_shape(image.shape[:2], factor, height, width)
    if interpolation != "area":
        return _spline(image, shape, ORDERS[interpolation])
    shrunk = average(average(image, shape[0], 0), shape[1], 1)
    return _spline(shrunk, shape, 1)


def zoomed_shape(old: tuple[int, ...], factor: float, height: int | None, width: int | None) -> tuple[int, int]:
    """Return the height and width of the result; raise `ParameterError` if a factor and a size are given."""
    if height is None and width is None:
        return max(round(old[0] * factor), 1), max(round(old[1] * factor), 1)
    if factor != 1:
        raise ParameterError(f"zoom: factor = {factor:g} is not allowed with a height or width; give one or the other")
    if height is None:
        height = max(round(old[0] * (width or 1) / old[1]), 1)
    if width is None:
        width = max(round(old[1] * height / old[0]), 1)
    return height, width


def _spline(image: FloatImage, shape: tuple[int, int], order: int) -> FloatImage:
    if shape == image.shape[:2]:
        return image
    factors = (shape[0] / image.shape[0], shape[1] / image.shape[1])
    parts = [
        ndimage.zoom(image[:, :, c], factors, order=order, mode="reflect", grid_mode=True)
        for c in range(image.shape[2])
    ]
    return np.stack(parts, axis=2)


def average(image: FloatImage, length: int, axis: int) -> FloatImage:
    """Shrink one side to the means over equal parts of it; a side that would grow stays as it is."""
    old = image.shape[axis]
    if length >= old:
        return image
    lines = np.moveaxis(image, axis, 0)
    integral = np.concatenate([np.zeros((1, *lines.shape[1:])), np.cumsum(lines, axis=0, dtype=np.float64)])
    edges = np.arange(length + 1) * (old / length)
    whole = np.minimum(edges.astype(np.intp), old - 1)
    share = (edges - whole).reshape(-1, 1, 1)
    area = integral[whole] + share * (integral[whole + 1] - integral[whole])
    return np.moveaxis(np.diff(area, axis=0) * (length / old), 0, axis).astype(image.dtype)
