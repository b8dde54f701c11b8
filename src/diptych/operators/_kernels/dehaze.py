"""Faster paths for `diptych.operators.dehaze`."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.core.parallel import bands
from diptych.operators._kernels.retinex import over_rows
from diptych.operators.dehaze import EPSILON, SHARE

_BAND = 10_000_000  # values of an image whose maps of floats are there at once


def _run(image: Image, *, patch: int, omega: float, t0: float, radius: int) -> Image:
    from diptych.operators._kernels import dehaze_numba as kernels

    white = np.float32(white_level(image.dtype))
    least = np.empty(image.shape[:2], image.dtype)
    over_rows(kernels.least, image, least)
    haze = _haze(image, _eroded(least, patch))
    del least
    gain = (1 / np.maximum(haze / white, 1e-3)).astype(np.float32) / white
    out, light = np.empty_like(image), (haze / white).astype(np.float32)
    for band in bands(len(image), _BAND // (image.shape[1] * image.shape[2]), patch // 2 + 2 * radius):
        refined = _transmission(image[band.top : band.bottom], gain, white, patch, omega, radius)
        own = slice(band.start, band.stop)
        over_rows(kernels.clear, image[own], light, band.own(refined), np.float32(t0), white, out[own])
    return out


def _transmission(
    image: Image, gain: NDArray[np.float32], white: np.float32, patch: int, omega: float, radius: int
) -> NDArray[np.float32]:
    """Return the share of light ``(H, W)`` that the haze lets through."""
    from diptych.operators._kernels import dehaze_numba as kernels
    from diptych.operators._kernels._edge_aware_numba import guided_filter

    dark, guide = np.empty(image.shape[:2], np.float32), np.empty(image.shape[:2], np.float32)
    over_rows(kernels.shares, image, gain, white, dark, guide)
    dark = _eroded(dark, patch)
    over_rows(_transmitted, dark, np.float32(omega))
    return guided_filter(guide, dark, 2 * radius + 1, EPSILON)


def _eroded(plane: Image, size: int) -> Image:
    # What OpenCV takes for the outside never is the minimum, and neither is a mirrored border.
    return np.asarray(cv2.erode(plane, np.ones((size, size), np.uint8))).reshape(plane.shape)


def _transmitted(dark: NDArray[np.float32], omega: np.float32) -> None:
    np.multiply(dark, -omega, out=dark)
    dark += np.float32(1)


def _haze(image: Image, dark: Image) -> NDArray[np.float64]:
    from diptych.operators._kernels import dehaze_numba as kernels
    from diptych.operators._kernels._percentile_numba import order_statistics

    count = max(dark.size // SHARE, 1)
    threshold = order_statistics(dark.reshape(-1), np.array([dark.size - count]))[0]
    sums = np.zeros((image.shape[0], image.shape[2] + 1))
    over_rows(kernels.add_where, image, dark, threshold, sums)
    total = sums.sum(axis=0)
    return np.asarray(total[:-1] / total[-1])


PATHS = (FastPath("Numba", ("uint8", "uint16", "float32"), _run, note="the local minimum by OpenCV"),)
