"""Kernels that the operators of illumination share: rows as floats, luma, a change of luma, stores that round and clip.

A row is passed flat, its channels beside each other; `white` is the level of white of its dtype. Three channels have loops
of their own: with a fixed stride, the compiler makes vector instructions of them.
"""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.color import LUMA
from diptych.core.kernels import options

_KERNEL, _PART = options()

_RED, _GREEN, _BLUE = np.float32(LUMA[0]), np.float32(LUMA[1]), np.float32(LUMA[2])
_ZERO, _ONE, _HALF = np.float32(0), np.float32(1), np.float32(0.5)


@njit(**_PART)
def store(values, white, out):
    """Clip a row to [0, 1] and store it in the dtype of `out`, rounded for integers."""
    if white > _ONE:
        for x in range(values.size):
            out[x] = np.int32(min(max(values[x], _ZERO), _ONE) * white + _HALF)
    else:
        for x in range(values.size):
            out[x] = min(max(values[x], _ZERO), _ONE)


@njit(**_PART)
def luma_row(flat, white, out):
    """Write the luma of an RGB row, in [0, 1]: the same operations in the same order as `diptych.core.color.luma`."""
    for x in range(out.size):
        red, green, blue = np.float32(flat[3 * x]), np.float32(flat[3 * x + 1]), np.float32(flat[3 * x + 2])
        out[x] = red / white * _RED + green / white * _GREEN + blue / white * _BLUE


@njit(**_PART)
def level_row(flat, channels, c, white, out):
    """Write one channel of a row as floats in [0, 1]."""
    if channels == 1:
        for x in range(out.size):
            out[x] = np.float32(flat[x]) / white
    elif channels == 3:
        for x in range(out.size):
            out[x] = np.float32(flat[3 * x + c]) / white
    else:
        for x in range(out.size):
            out[x] = np.float32(flat[channels * x + c]) / white


@njit(**_PART)
def largest_row(flat, channels, out):
    """Write the largest channel of every pixel, in the dtype of `out`."""
    if channels == 3:
        for x in range(out.size):
            out[x] = max(max(flat[3 * x], flat[3 * x + 1]), flat[3 * x + 2])  # noqa: PLW3301 (three at once is slower)
    else:
        for x in range(out.size):
            value = flat[channels * x]
            for c in range(1, channels):
                value = max(value, flat[channels * x + c])
            out[x] = value


@njit(**_PART)
def scale_row(flat, channels, gain, white, buffer, out):
    """Store every pixel times its gain."""
    if channels == 3:
        for x in range(gain.size):
            factor = gain[x] / white
            buffer[3 * x] = np.float32(flat[3 * x]) * factor
            buffer[3 * x + 1] = np.float32(flat[3 * x + 1]) * factor
            buffer[3 * x + 2] = np.float32(flat[3 * x + 2]) * factor
    else:
        for x in range(gain.size):
            for c in range(channels):
                buffer[channels * x + c] = np.float32(flat[channels * x + c]) * (gain[x] / white)
    store(buffer, white, out)


@njit(**_PART)
def relight_row(flat, white, old, new, buffer, out):
    """Store an RGB row with its luma changed from `old` to `new`, as `diptych.core.color.with_luma` does."""
    for x in range(new.size):
        value = new[x]
        gain = value / (max(old[x], np.float32(1e-4)) * white)
        red, green, blue = np.float32(flat[3 * x]), np.float32(flat[3 * x + 1]), np.float32(flat[3 * x + 2])
        peak = max(max(red, green), blue) * gain  # noqa: PLW3301
        mix = min(max((peak - _ONE) / max(peak - value, np.float32(1e-6)), _ZERO), _ONE)
        buffer[3 * x] = red * gain + mix * (value - red * gain)
        buffer[3 * x + 1] = green * gain + mix * (value - green * gain)
        buffer[3 * x + 2] = blue * gain + mix * (value - blue * gain)
    store(buffer, white, out)


@njit(**_KERNEL)
def lumas(image, white, out):
    """Write the luma of an RGB image to a plane."""
    for y in range(image.shape[0]):
        luma_row(image[y].reshape(-1), white, out[y])


@njit(**_KERNEL)
def levels(image, c, white, out):
    """Write one channel of an image to a plane, in [0, 1]."""
    for y in range(image.shape[0]):
        level_row(image[y].reshape(-1), image.shape[2], c, white, out[y])


@njit(**_KERNEL)
def relight(image, white, new, out):
    """Change the luma of an RGB image to that of a plane."""
    old, buffer = np.empty(image.shape[1], np.float32), np.empty(3 * image.shape[1], np.float32)
    for y in range(image.shape[0]):
        flat = image[y].reshape(-1)
        luma_row(flat, white, old)
        relight_row(flat, white, old, new[y], buffer, out[y].reshape(-1))


@njit(**_KERNEL)
def store_channel(plane, c, white, out):
    """Store a plane as one channel of an image."""
    for y in range(plane.shape[0]):
        store(plane[y], white, out[y, :, c])


@njit(**_KERNEL)
def store_rows(values, white, out):
    """Store an image of floats as an image of the dtype of `out`."""
    for y in range(values.shape[0]):
        store(values[y].reshape(-1), white, out[y].reshape(-1))
