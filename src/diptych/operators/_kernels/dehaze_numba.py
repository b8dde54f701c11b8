"""Kernels of `diptych.operators.dehaze`; each works on a strip of rows."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from diptych.core.kernels import options
from diptych.operators._kernels._illumination_numba import store

_KERNEL, _PART = options()

_ONE = np.float32(1)


@njit(**_KERNEL)
def least(image, out):
    """Write the smallest channel of every pixel."""
    channels = image.shape[2]
    for y in range(image.shape[0]):
        flat, row = image[y].reshape(-1), out[y]
        if channels == 3:
            for x in range(row.size):
                row[x] = min(min(flat[3 * x], flat[3 * x + 1]), flat[3 * x + 2])  # noqa: PLW3301
        else:
            for x in range(row.size):
                value = flat[channels * x]
                for c in range(1, channels):
                    value = min(value, flat[channels * x + c])
                row[x] = value


@njit(**_KERNEL)
def add_where(image, dark, threshold, sums):
    """Add up, for each row, the pixels that are at least as hazy as the threshold; their number comes last."""
    channels = image.shape[2]
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            if dark[y, x] >= threshold:
                for c in range(channels):
                    sums[y, c] += image[y, x, c]
                sums[y, channels] += 1


@njit(**_KERNEL)
def shares(image, gain, white, share, mean):
    """Write the smallest ``channel * gain`` of every pixel, and the mean of the channels in [0, 1]."""
    channels = image.shape[2]
    scale = _ONE / (white * np.float32(channels))
    for y in range(image.shape[0]):
        flat, least_, mean_ = image[y].reshape(-1), share[y], mean[y]
        if channels == 3:
            for x in range(least_.size):
                red, green, blue = np.float32(flat[3 * x]), np.float32(flat[3 * x + 1]), np.float32(flat[3 * x + 2])
                least_[x] = min(min(red * gain[0], green * gain[1]), blue * gain[2])  # noqa: PLW3301
                mean_[x] = (red + green + blue) * scale
        else:
            _shares_row(flat, gain, scale, least_, mean_)


@njit(**_PART)
def _shares_row(flat, gain, scale, share, mean):
    for x in range(share.size):
        smallest, total = np.float32(np.inf), np.float32(0)
        for c in range(gain.size):
            value = np.float32(flat[gain.size * x + c])
            smallest = min(smallest, value * gain[c])
            total += value
        share[x], mean[x] = smallest, total * scale


@njit(**_KERNEL)
def clear(image, light, transmission, lowest, white, out):
    """Store ``(in - light) / t + light`` with t clipped to [lowest, 1]."""
    buffer = np.empty(image.shape[1] * image.shape[2], np.float32)
    for y in range(image.shape[0]):
        flat, row = image[y].reshape(-1), transmission[y]
        if image.shape[2] == 3:
            for x in range(row.size):
                gain = _ONE / min(max(row[x], lowest), _ONE)
                buffer[3 * x] = (np.float32(flat[3 * x]) / white - light[0]) * gain + light[0]
                buffer[3 * x + 1] = (np.float32(flat[3 * x + 1]) / white - light[1]) * gain + light[1]
                buffer[3 * x + 2] = (np.float32(flat[3 * x + 2]) / white - light[2]) * gain + light[2]
        else:
            _clear_row(flat, light, row, lowest, white, buffer)
        store(buffer, white, out[y].reshape(-1))


@njit(**_PART)
def _clear_row(flat, light, transmission, lowest, white, buffer):
    for x in range(transmission.size):
        gain = _ONE / min(max(transmission[x], lowest), _ONE)
        for c in range(light.size):
            k = light.size * x + c
            buffer[k] = (np.float32(flat[k]) / white - light[c]) * gain + light[c]
