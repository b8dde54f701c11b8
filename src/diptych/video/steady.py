"""The noise of a video, and its mean over time where nothing moves: brightening would make it flicker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.core.parallel import in_strips

Plane = NDArray[np.uint16]
Floats = NDArray[np.float32]

_SHARE = 0.1
"""Of the newest frame: as quiet as a mean over 19 frames."""

AHEAD = 19
"""Frames at the start of a scene that the mean begins with."""

_RAMP = 28
"""Frames until the newest has its share: those of the start are in the mean already, and the noise is to stay the same."""

_HALF_NORMAL = 0.3246  # mean of the lower half of |normal|, in standard deviations
_BLOCK = 5
_FEWEST = 64
_LEAST_PIXEL, _LEAST_BLOCK = 0.6 * 256, 0.25 * 256
"""What a codec makes of a still scene changes by this much from key frame to key frame."""


@dataclass(frozen=True)
class Noise:
    """Standard deviations of the noise of one plane in 16 bits: of a pixel, and of the mean of 5 x 5."""

    pixel: float
    block: float


def measure(new: Plane, old: Plane) -> Noise:
    """Measure the noise of a plane ``(H, W)`` in the quieter half of what changes from one frame to the next.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> one, other = (np.uint16(20000 + rng.normal(0, 500, (200, 200))) for _ in range(2))
    >>> 450 < measure(one, other).pixel < 550
    True
    """
    change = new.astype(np.float32) - old
    height, width = (length // _BLOCK * _BLOCK for length in change.shape)
    blocks = change[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK).mean(axis=(1, 3))
    return Noise(_deviation(change[::2, ::2]), _deviation(blocks))


def _deviation(change: Floats) -> float:
    if change.size < _FEWEST:
        return 0.0
    sizes = np.sort(np.abs(change), axis=None)
    return float(sizes[: sizes.size // 2].mean() / (_HALF_NORMAL * np.sqrt(2)))


class Steady:
    """The running mean of one plane. It begins anew where a pixel, or the mean of 5 x 5 px, changes more than noise does.

    Parameters
    ----------
    noise : Noise
        Of the plane.
    """

    def __init__(self, noise: Noise) -> None:
        block, pixel = max(noise.block, _LEAST_BLOCK), max(noise.pixel, _LEAST_PIXEL)
        self._limits = (3 * block, 1 / (3 * block), 4 * pixel, 1 / (3 * pixel))
        self._mean, self._spare, self._counts = (np.zeros((0, 0), np.float32) for _ in range(3))
        self._warmed = self._count = 0

    def warm(self, new: Plane) -> None:
        """Take a frame ``(H, W)`` of the start, before it is its turn: the last of them first."""
        self._warmed += 1
        if self._warmed == 1:
            self._mean, self._spare = new.astype(np.float32), np.empty(new.shape, np.float32)
            self._counts = np.ones(new.shape, np.float32)
        else:
            self._mix(new, np.empty_like(new), self._warmed)

    def add(self, new: Plane, out: Plane) -> None:
        """Take the next frame ``(H, W)``, and write the mean of it and those before to `out`."""
        self._count += 1
        if self._count == 1:
            self._counts *= np.float32(_RAMP / _SHARE / self._warmed)
        self._mix(new, out, max(_RAMP / self._count, 1) / _SHARE)

    def _mix(self, new: Plane, out: Plane, most: float) -> None:
        from diptych.video._kernels.steady_numba import mix

        numbers = tuple(np.float32(one) for one in (most, *self._limits))
        before, after, counts = self._mean, self._spare, self._counts
        in_strips(lambda start, stop: mix(new, before, after, counts, out, numbers, start, stop), new.shape[0])
        self._mean, self._spare = after, before
