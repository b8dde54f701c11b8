"""Faster paths of `zoom`."""

from __future__ import annotations

import cv2
import numpy as np

from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.core.parallel import in_strips
from diptych.operators._kernels._geometry import coefficients, fits_size, half
from diptych.operators._kernels._opencv import by_channels
from diptych.operators.zoom import zoomed_shape

_ALL = ("uint8", "uint16", "float32")


def _shape(image: Image, factor: float, height: int | None, width: int | None) -> tuple[int, int]:
    return zoomed_shape(image.shape[:2], factor, height, width)


def _opencv_fits(image: Image, *, factor: float, height: int | None, width: int | None, interpolation: str) -> bool:
    shape = _shape(image, factor, height, width)
    if interpolation == "area":
        return shape[0] <= image.shape[0] and shape[1] <= image.shape[1]
    return interpolation == "linear" and image.dtype.kind == "u"


def _opencv(image: Image, *, factor: float, height: int | None, width: int | None, interpolation: str) -> Image:
    rows, columns = _shape(image, factor, height, width)
    if (rows, columns) == image.shape[:2]:
        return image.copy()
    how = cv2.INTER_AREA if interpolation == "area" else cv2.INTER_LINEAR
    return by_channels(lambda part: cv2.resize(part, (columns, rows), interpolation=how), image)


def _numba(image: Image, *, factor: float, height: int | None, width: int | None, interpolation: str) -> Image:
    shape = _shape(image, factor, height, width)
    if shape == image.shape[:2]:
        return image.copy()
    out = np.empty((*shape, image.shape[2]), image.dtype)
    _KERNELS[interpolation](image, out)
    return out


def _nearest(image: Image, out: Image) -> None:
    from diptych.operators._kernels._geometry_zoom_numba import zoom_nearest

    in_strips(lambda start, stop: zoom_nearest(image, out, start, stop), len(out))


def _linear(image: Image, out: Image) -> None:
    from diptych.operators._kernels._geometry_zoom_numba import zoom_linear

    add = half(image)
    in_strips(lambda start, stop: zoom_linear(image, out, add, start, stop), len(out))


def _cubic(image: Image, out: Image) -> None:
    from diptych.operators._kernels._geometry_spline_numba import zoom_cubic

    planes, white, add = coefficients(image, "reflect"), white_level(image.dtype), half(image)
    in_strips(lambda start, stop: zoom_cubic(planes, out, white, add, start, stop), len(out))


_KERNELS = {"nearest": _nearest, "linear": _linear, "cubic": _cubic}


def _numba_fits(image: Image, *, interpolation: str, **_: object) -> bool:
    return interpolation != "area" and fits_size(image, interpolation)


PATHS = (
    FastPath(
        "OpenCV", _ALL, _opencv, when=_opencv_fits, note="area where both sides shrink; linear in uint8 and uint16"
    ),
    FastPath("Numba", _ALL, _numba, when=_numba_fits, note="nearest, linear, cubic from 4 px"),
)
