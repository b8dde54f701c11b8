"""Faster paths for `diptych.operators.lime`."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.core.parallel import bands, in_strips
from diptych.operators._kernels.retinex import over_rows
from diptych.operators.lime import EPSILON, ROUNDS, SIGMA

Plane = NDArray[np.float32]
_LANES = 128  # columns that are solved side by side
_BAND = 2_500_000  # values of an image whose weights are found at once
_RADIUS = int(4 * SIGMA + 0.5)


def _run(image: Image, *, gamma: float, smoothness: float) -> Image:
    from diptych.operators._kernels import lime_numba as kernels

    white = np.float32(white_level(image.dtype))
    plane = _largest(image, white)
    if smoothness > 0:
        _smooth(image, white, plane, smoothness)
    over_rows(_to_gain, plane, np.float32(-gamma))
    out = np.empty_like(image)
    over_rows(kernels.scale, image, plane, white, out)
    return out


def _largest(image: Image, white: np.float32) -> Plane:
    from diptych.operators._kernels import lime_numba as kernels

    plane = np.empty(image.shape[:2], np.float32)
    over_rows(kernels.largest, image, white, plane)
    return plane


def _to_gain(plane: Plane, power: np.float32) -> None:
    np.maximum(plane, np.float32(EPSILON), out=plane)
    np.log(plane, out=plane)
    plane *= power
    np.exp(plane, out=plane)


def _smooth(image: Image, white: np.float32, plane: Plane, smoothness: float) -> None:
    """Smooth the plane of the largest channels in its place.

    Of a large image the weights across are found anew in each round, band by band: memory for all of them is what they cost.
    """
    from diptych.operators._kernels import lime_numba as kernels

    height, width = plane.shape
    cut = list(bands(height, _BAND // (width * image.shape[2]), _RADIUS + 1))
    down, kept = np.empty_like(plane), _weights(plane, 1) if len(cut) == 1 else None
    for band in cut:
        down[band.start : band.stop] = band.own(_weights(plane[band.top : band.bottom], 0))

    def columns(start: int, stop: int) -> None:
        for group in range(start, stop):
            part = slice(group * _LANES, min((group + 1) * _LANES, width))
            kernels.solve_columns(plane[:, part], down[:, part], weight)

    for round_ in range(1, ROUNDS + 1):
        weight = np.float32(1.5 * 4 ** (ROUNDS - round_) / (4**ROUNDS - 1) * smoothness)
        for band in cut:
            across = kept
            if across is None:
                across = band.own(_weights(_largest(image[band.top : band.bottom], white), 1))
            over_rows(kernels.solve_rows, plane[band.start : band.stop], across, weight)
        in_strips(columns, -(-width // _LANES), smallest=1)


def _weights(plane: Plane, axis: int) -> Plane:
    from diptych.operators._kernels import lime_numba as kernels

    weights = np.zeros_like(plane)
    step = np.diff(plane, axis=axis)
    if step.size:
        taps = np.exp(-0.5 / SIGMA**2 * np.arange(-_RADIUS, _RADIUS + 1) ** 2)
        taps = (taps / taps.sum()).astype(np.float32)
        around = cv2.sepFilter2D(step, -1, taps, taps, borderType=cv2.BORDER_REFLECT).reshape(step.shape)
        over_rows(kernels.weigh, step, around, np.float32(EPSILON), weights[: step.shape[0]])
    return weights


PATHS = (FastPath("Numba", ("uint8", "uint16", "float32"), _run),)
