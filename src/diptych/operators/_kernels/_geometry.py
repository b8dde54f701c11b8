"""Faster resampling, for `rotate`, `affine` and `register`: OpenCV where it computes the same, else Numba kernels.

OpenCV's linear interpolation has single precision coordinates, which is enough for 8 bits and not for 16; its nearest
pixel is rounded to a part of a pixel first, and its ``cubic`` is another kernel.
"""

from __future__ import annotations

import cv2
import numpy as np

from diptych.core.image import Image, white_level
from diptych.core.parallel import in_strips
from diptych.operators._kernels._opencv import BORDERS, by_channels
from diptych.operators._resample import Map, falls_on_pixels

CODES = {"reflect": 0, "mirror": 1, "nearest": 2, "constant": 3, "wrap": 4}
_OPENCV_SIDE = 32_000
_FARTHEST = 1e9  # px; beyond, a coordinate would not fit the integers of the kernels


def fits(mapping: Map, shape: tuple[int, int]) -> bool:
    """Whether all places the map leads to are near enough for the kernels."""
    return bool((np.abs(mapping) @ [*shape, 1]).max() < _FARTHEST)


def fits_size(image: Image, interpolation: str) -> bool:
    """Whether the image suits the kernels.

    They count in 32 bits; and SciPy's cubic spline, whose answers are promised, is not exact where 2 or 3 pixels are
    reflected.
    """
    return image.size < 2**31 and (interpolation != "cubic" or min(image.shape[:2]) > 3)


def resample(image: Image, mapping: Map, shape: tuple[int, int], interpolation: str, border: str) -> Image:
    """Return what `diptych.operators._resample.resample` returns, in the dtype of the image."""
    out = np.empty((*shape, image.shape[2]), image.dtype)
    if interpolation == "nearest" or falls_on_pixels(mapping):
        _nearest(image, out, mapping, CODES[border])
    elif interpolation == "cubic":
        _cubic(image, out, mapping, CODES[border])
    elif image.dtype == np.uint8 and border in BORDERS and max(*shape, *image.shape[:2]) < _OPENCV_SIDE:
        return _opencv(image, mapping, shape, border)
    else:
        _linear(image, out, mapping, CODES[border])
    return out


def half(image: Image) -> float:
    """Return what is added before an integer result is cut off."""
    return 0.5 if image.dtype.kind == "u" else 0.0


def coefficients(image: Image, border: str) -> Image:
    """Return the coefficients of the cubic B-spline, with a margin, as float32."""
    from diptych.operators._kernels import _geometry_spline_numba as kernels

    height, width, channels = image.shape
    planes = np.empty((height + 2 * kernels.MARGIN, width + 2 * kernels.MARGIN, channels), np.float32)
    code = CODES[border]
    in_strips(lambda start, stop: kernels.filter_rows(image, planes, code, start, stop), height)
    in_strips(lambda start, stop: kernels.filter_columns(planes, code, start, stop), planes.shape[1] * channels, 256)
    return planes


def _nearest(image: Image, out: Image, mapping: Map, code: int) -> None:
    from diptych.operators._kernels import _geometry_numba as kernels

    in_strips(lambda start, stop: kernels.affine_nearest(image, out, mapping, code, start, stop), len(out))


def _linear(image: Image, out: Image, mapping: Map, code: int) -> None:
    from diptych.operators._kernels import _geometry_numba as kernels

    add = half(image)
    in_strips(lambda start, stop: kernels.affine_linear(image, out, mapping, code, add, start, stop), len(out))


def _cubic(image: Image, out: Image, mapping: Map, code: int) -> None:
    from diptych.operators._kernels import _geometry_spline_numba as kernels

    border = next(name for name, number in CODES.items() if number == code)
    planes, white, add = coefficients(image, border), white_level(image.dtype), half(image)
    in_strips(lambda start, stop: kernels.affine_cubic(planes, out, mapping, code, white, add, start, stop), len(out))


def _opencv(image: Image, mapping: Map, shape: tuple[int, int], border: str) -> Image:
    matrix = mapping[::-1][:, [1, 0, 2]]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = shape[1], shape[0]
    return by_channels(lambda part: cv2.warpAffine(part, matrix, size, flags=flags, borderMode=BORDERS[border]), image)
