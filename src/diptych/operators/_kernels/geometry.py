"""The faster paths of `affine`, `crop`, `flip`, `rotate` and `zoom`: OpenCV where it computes the same, else Numba kernels.

OpenCV's ``resize`` has double precision coordinates; its ``warpAffine`` has single precision ones, which is enough for 8 bits
and not for 16, and rounds the nearest pixel to a part of a pixel first. Its ``cubic`` is another kernel.
"""

from __future__ import annotations

import sys
from typing import Any

import cv2
import numpy as np

from diptych.core.image import DTYPES, Image, white_level
from diptych.core.operator import Declaration, FastPath
from diptych.core.parallel import in_strips
from diptych.core.parameters import Table
from diptych.operators._kernels._opencv import BORDERS, by_channels
from diptych.operators._resample import Map, falls_on_pixels, turned_shape, turning
from diptych.operators.affine import checked_map
from diptych.operators.crop import window
from diptych.operators.zoom import zoomed_shape

CODES = {"reflect": 0, "mirror": 1, "nearest": 2, "constant": 3, "wrap": 4}
_DTYPES = ("uint8", "uint16", "float32")
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
    if image.dtype == np.uint16 and image.shape[2] == 3 and image.size > 3 and sys.byteorder == "little":
        _linear_by_words(image, out, mapping, code)
        return
    from diptych.operators._kernels import _geometry_numba as kernels

    add = half(image)
    in_strips(lambda start, stop: kernels.affine_linear(image, out, mapping, code, add, start, stop), len(out))


def _linear_by_words(image: Image, out: Image, mapping: Map, code: int) -> None:
    from diptych.operators._kernels._geometry_words_numba import affine_linear_words

    flat = image.reshape(-1)
    first = flat[:4].view(np.uint64)
    words = np.lib.stride_tricks.as_strided(first, (flat.size - 3,), flat.strides, writeable=False)
    in_strips(lambda start, stop: affine_linear_words(words, image, out, mapping, code, start, stop), len(out))


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


def _affine_fits(image: Image, *, matrix: Table, interpolation: str, **_: object) -> bool:
    return fits_size(image, interpolation) and fits(checked_map(matrix), (image.shape[0], image.shape[1]))


def _affine(image: Image, *, matrix: Table, interpolation: str, border: str) -> Image:
    return resample(image, checked_map(matrix), (image.shape[0], image.shape[1]), interpolation, border)


_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


def _whole_turn(image: Image, *, angle: float, reshape: bool, **_: object) -> bool:
    square = image.shape[0] == image.shape[1]
    return image.shape[2] in (1, 3, 4) and angle % 90 == 0 and (reshape or square or angle % 180 == 0)


def _turn(image: Image, *, angle: float, **_: object) -> Image:
    turns = int(angle % 360)
    if turns == 0:
        return _copied(image)
    if turns == 180:
        return _flip(image, direction="both")
    height, width, channels = image.shape
    out = np.empty((width, height, channels), image.dtype)

    def work(start: int, stop: int) -> None:  # columns of the image become rows of the result
        columns = slice(width - stop, width - start) if turns == 90 else slice(start, stop)
        cv2.rotate(image[:, columns], _TURNS[turns], dst=out[start:stop])

    in_strips(work, width, _rows(out))
    return out


def _rotate(image: Image, *, angle: float, interpolation: str, reshape: bool, border: str) -> Image:
    old = image.shape[0], image.shape[1]
    new = turned_shape(old, angle) if reshape else old
    return resample(image, turning(angle, old, new), new, interpolation, border)


def _rotate_fits(image: Image, *, interpolation: str, **_: object) -> bool:
    return fits_size(image, interpolation)


def _zoomed(image: Image, factor: float, height: int | None, width: int | None) -> tuple[int, int]:
    return zoomed_shape(image.shape[:2], factor, height, width)


def _zoom_opencv_fits(
    image: Image, *, factor: float, height: int | None, width: int | None, interpolation: str
) -> bool:
    shape = _zoomed(image, factor, height, width)
    if interpolation == "area":
        return shape[0] <= image.shape[0] and shape[1] <= image.shape[1]
    return interpolation == "linear"


def _zoom_opencv(image: Image, *, factor: float, height: int | None, width: int | None, interpolation: str) -> Image:
    rows, columns = _zoomed(image, factor, height, width)
    if (rows, columns) == image.shape[:2]:
        return _copied(image)
    how = cv2.INTER_AREA if interpolation == "area" else cv2.INTER_LINEAR
    return by_channels(lambda part: cv2.resize(part, (columns, rows), interpolation=how), image)


def _zoom(image: Image, *, factor: float, height: int | None, width: int | None, interpolation: str) -> Image:
    shape = _zoomed(image, factor, height, width)
    if shape == image.shape[:2]:
        return _copied(image)
    out = np.empty((*shape, image.shape[2]), image.dtype)
    _ZOOMS[interpolation](image, out)
    return out


def _zoom_nearest(image: Image, out: Image) -> None:
    from diptych.operators._kernels._geometry_zoom_numba import zoom_nearest

    in_strips(lambda start, stop: zoom_nearest(image, out, start, stop), len(out))


def _zoom_cubic(image: Image, out: Image) -> None:
    from diptych.operators._kernels._geometry_spline_numba import zoom_cubic

    planes, white, add = coefficients(image, "reflect"), white_level(image.dtype), half(image)
    in_strips(lambda start, stop: zoom_cubic(planes, out, white, add, start, stop), len(out))


_ZOOMS = {"nearest": _zoom_nearest, "cubic": _zoom_cubic}


def _zoom_fits(image: Image, *, interpolation: str, **_: object) -> bool:
    return interpolation in _ZOOMS and fits_size(image, interpolation)


_FLIPS = {"horizontal": 1, "vertical": 0, "both": -1}


def _flip(image: Image, *, direction: str) -> Image:
    if image.shape[2] not in (1, 3, 4):
        rows, columns = (-1 if direction in (word, "both") else 1 for word in ("vertical", "horizontal"))
        return _copied(image[::rows, ::columns])
    out = np.empty_like(image)

    def work(start: int, stop: int) -> None:
        rows = slice(start, stop) if direction == "horizontal" else slice(len(out) - stop, len(out) - start)
        cv2.flip(image[start:stop], _FLIPS[direction], dst=out[rows])

    in_strips(work, len(image), _rows(image))
    return out


def _crop(image: Image, **rectangle: Any) -> Image:
    rows, columns = window(image.shape, **rectangle)
    return _copied(image[rows, columns])


def _copied(image: Image) -> Image:
    out = np.empty(image.shape, image.dtype)
    in_strips(lambda start, stop: np.copyto(out[start:stop], image[start:stop]), len(image), _rows(image))
    return out


def _rows(image: Image) -> int:
    # To move fewer pixels at a time is quicker than to wake a thread.
    return (1 << 18) // image[0].nbytes + 1


_PATHS: dict[str, tuple[FastPath, ...]] = {
    "affine": (
        FastPath(
            "OpenCV and Numba",
            _DTYPES,
            _affine,
            when=_affine_fits,
            note="OpenCV: uint8 linear, but wrap; places within 1e9 px; cubic from 4 px",
        ),
    ),
    "rotate": (
        FastPath("OpenCV", _DTYPES, _turn, when=_whole_turn, note="multiples of 90°"),
        FastPath(
            "OpenCV and Numba",
            _DTYPES,
            _rotate,
            when=_rotate_fits,
            note="OpenCV: uint8 linear, but wrap; cubic from 4 px",
        ),
    ),
    "zoom": (
        FastPath(
            "OpenCV",
            _DTYPES,
            _zoom_opencv,
            when=_zoom_opencv_fits,
            note="linear; area where both sides shrink",
        ),
        FastPath("Numba", _DTYPES, _zoom, when=_zoom_fits, note="nearest; cubic from 4 px"),
    ),
    "flip": (FastPath("OpenCV", _DTYPES, _flip),),
    "crop": (FastPath("NumPy", DTYPES, _crop),),
}


def paths(declaration: Declaration) -> tuple[FastPath, ...]:
    """Return the faster paths of one of these operators."""
    return _PATHS[declaration.name]
