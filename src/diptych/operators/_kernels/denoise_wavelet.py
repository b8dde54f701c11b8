"""Faster path of `denoise_wavelet`: rows of each level on several cores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pywt
from numpy.typing import NDArray

from diptych.core.color import RGB_FROM_YCBCR, YCBCR_FROM_RGB
from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.core.parallel import in_strips
from diptych.operators.denoise_wavelet import MEDIAN_OF_NORMAL, NOTHING, smallest, threshold

_ROWS = 128  # what is smaller than two such strips is not worth a second thread

Plane = NDArray[np.float32]


def _numba(image: Image, *, sigma: float, wavelet: str, method: str, mode: str, ycbcr: bool) -> Image:
    from diptych.operators._kernels import _wavelet_numba as kernels

    white = white_level(image.dtype)
    color = ycbcr and image.shape[2] == 3
    gains = np.sqrt((YCBCR_FROM_RGB**2).sum(axis=1)) if color else np.ones(image.shape[2])
    there = (YCBCR_FROM_RGB if color else np.ones((1, 1))) / white
    back = RGB_FROM_YCBCR if color else np.ones((1, 1))
    planes = np.empty((image.shape[2], *image.shape[:2]), np.float32)
    out = np.empty_like(image)

    def load(start: int, stop: int) -> None:
        kernels.separate(image[start:stop], there.astype(np.float32), planes[:, start:stop])

    def store(start: int, stop: int) -> None:
        whole = image.dtype.kind == "u"
        kernels.merge(planes[:, start:stop], back.astype(np.float32), np.float32(white), whole, out[start:stop])

    in_strips(load, image.shape[0], _ROWS)
    for plane, gain in zip(planes, gains, strict=True):
        _denoise(plane, sigma * gain, wavelet, method)
    in_strips(store, image.shape[0], _ROWS)
    return out


def _denoise(plane: Plane, sigma: float, wavelet: str, method: str) -> None:
    bank = pywt.Wavelet(wavelet)
    taps: Any = np.array([bank.dec_lo, bank.dec_hi], np.float32), np.array([bank.rec_lo, bank.rec_hi], np.float32)
    inputs, levels = [plane], []
    for _ in range(max(pywt.dwtn_max_level(plane.shape, wavelet) - 3, 1)):
        bands, squares = _forward(inputs[-1], taps[0])
        sigma = sigma or _estimate(bands[3])
        if sigma == 0:
            return
        limits = np.array([threshold(square, sigma, method, plane.size) for square in squares], np.float32)
        _shrink(bands, limits)
        levels.append(bands)
        inputs.append(bands[0])
    for target, bands in zip(inputs[-2::-1], levels[::-1], strict=True):
        _backward(bands, taps[1], target)


def _estimate(diagonal: Plane) -> float:
    # The median by counting: only what shares its upper bits with the middle is looked at closely.
    from diptych.operators._kernels import _wavelet_numba as kernels

    bits = diagonal.view(np.int32)
    least = np.float32(NOTHING).view(np.int32)
    histogram = np.zeros(1 << 16, np.int64)
    kernels.count(bits, least, histogram)
    if smallest(int(histogram.sum()), bits.size) < 0:
        least = np.int32(-1)
        histogram[:] = 0
        kernels.count(bits, least, histogram)
    below = np.cumsum(histogram)
    total = int(below[-1])
    if total == 0:
        return 0.0
    middle = [(total - 1) // 2, total // 2]
    first, last = np.searchsorted(below, middle, side="right")
    chosen = np.empty(int(histogram[first : last + 1].sum()), np.int32)
    kernels.pick(bits, least, first, last, chosen)
    chosen.sort()
    before = int(below[first] - histogram[first])
    return float(chosen.view(np.float32)[[k - before for k in middle]].mean()) / MEDIAN_OF_NORMAL


def _forward(plane: Plane, taps: Plane) -> tuple[Plane, list[float]]:
    from diptych.operators._kernels import _wavelet_numba as kernels

    length = taps.shape[1]
    shape = [(side + length - 1) // 2 for side in plane.shape]
    rows, columns = (
        np.pad(np.arange(side), (length - 2, length), mode="symmetric")[: 2 * count + length - 2]
        for side, count in zip(plane.shape, shape, strict=True)
    )
    bands, energy = np.empty((4, *shape), np.float32), np.empty((4, shape[0]), np.float32)
    in_strips(
        lambda start, stop: kernels.forward(plane, rows, columns, taps, start, stop, bands, energy), shape[0], _ROWS
    )
    return bands, list(energy.sum(axis=1, dtype=np.float64) / (shape[0] * shape[1]))


def _shrink(bands: Plane, limits: Plane) -> None:
    from diptych.operators._kernels import _wavelet_numba as kernels

    in_strips(lambda start, stop: kernels.shrink(bands[:, start:stop], limits), bands.shape[1], _ROWS)


def _backward(bands: Plane, taps: Plane, target: Plane) -> None:
    from diptych.operators._kernels import _wavelet_numba as kernels

    in_strips(
        lambda start, stop: kernels.backward(bands[0], bands, taps, start, stop, target), (len(target) + 1) // 2, _ROWS
    )


PATHS = (
    FastPath(
        "Numba",
        ("uint8", "uint16", "float32"),
        _numba,
        when=lambda image, *, mode, **_: mode == "soft",
        note="soft; whether a hard threshold keeps a coefficient may hang on its last bit",
    ),
)
