"""Faster paths of `rotate`."""

from __future__ import annotations

import cv2
import numpy as np

from diptych.core.image import Image
from diptych.core.operator import FastPath
from diptych.operators._kernels._geometry import fits_size, resample
from diptych.operators._resample import turned_shape, turning

_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


def _whole_turn(image: Image, *, angle: float, reshape: bool, **_: object) -> bool:
    square = image.shape[0] == image.shape[1]
    return image.shape[2] <= 4 and angle % 90 == 0 and (reshape or square or angle % 180 == 0)


def _turn(image: Image, *, angle: float, **_: object) -> Image:
    if angle % 360 == 0:
        return image.copy()
    turned = np.asarray(cv2.rotate(image, _TURNS[int(angle % 360)]))
    return turned if turned.ndim == 3 else turned[:, :, np.newaxis]


def _resample(image: Image, *, angle: float, interpolation: str, reshape: bool, border: str) -> Image:
    old = image.shape[0], image.shape[1]
    new = turned_shape(old, angle) if reshape else old
    return resample(image, turning(angle, old, new), new, interpolation, border)


def _fits(image: Image, *, interpolation: str, **_: object) -> bool:
    return fits_size(image, interpolation)


PATHS = (
    FastPath("OpenCV", ("uint8", "uint16", "float32"), _turn, when=_whole_turn, note="multiples of 90°"),
    FastPath(
        "OpenCV and Numba",
        ("uint8", "uint16", "float32"),
        _resample,
        when=_fits,
        note="OpenCV: uint8 linear, but wrap; cubic from 4 px",
    ),
)
