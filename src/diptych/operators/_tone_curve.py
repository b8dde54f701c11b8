"""The curve of tones of `diptych.operators.develop`, and the brightness of the surroundings that it may follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from diptych.core.image import FloatImage
from diptych.operators.guided import guided_lines

SHOULDER = 0.8
"""Where the shoulder begins."""

LEVEL = 1 / 255
"""Below it the gamma becomes a straight line, so that black does not have an infinite slope."""

EPSILON = 0.01
"""Of the guided filter: the square of an edge of 0.1, which is kept."""


@dataclass(frozen=True)
class ToneCurve:
    """The curve f; `base` is x, `lifted` is T."""

    gain: float
    gamma: float
    shadows: float
    local: float
    toe: float
    protect: float

    def __call__(self, values: FloatImage, lift: FloatImage | None = None) -> FloatImage:
        """Return f(v) of values ``(H, W)``; `lift` is that of the surroundings, T(b) / b."""
        base = self.base(values)
        lifted = self.lifted(base)
        return (
            lifted if lift is None else np.asarray((1 - self.local) * lifted + self.local * base * lift, values.dtype)
        )

    def base(self, values: FloatImage) -> FloatImage:
        """Return x, the values after exposure, gamma and shoulder."""
        scaled = values * np.asarray(self.gain, values.dtype)
        return _shouldered(_powered(scaled, self.gamma), float(_powered(np.float64(self.gain), self.gamma)))

    def lifted(self, base: FloatImage) -> FloatImage:
        """Return T(x)."""
        if self.shadows == 0:
            return base
        room = np.maximum(1 - base, 0)
        amount = self.shadows * room ** (1 + self.protect) / (1 + self.shadows * base)
        return np.asarray(base * (1 + amount * base / (base + (self.toe + 1e-6))), base.dtype)


def _powered(values: Any, gamma: float) -> Any:
    """Return ``G(values)``."""
    return values if gamma == 1 else values * ((values + LEVEL) / (1 + LEVEL)) ** (gamma - 1)


def _shouldered(values: FloatImage, white: float) -> FloatImage:
    """Return ``S(values)``: straight up to 0.8, then flatter so that `white` becomes 1."""
    if white <= 1:
        return values
    room = 1 - SHOULDER
    last = (white - SHOULDER) / room
    over = np.maximum(values - SHOULDER, 0) / room
    return np.asarray(np.minimum(values, SHOULDER) + room * over * (1 + over / last**2) / (1 + over), values.dtype)


def sample_step(shape: tuple[int, ...]) -> int:
    """Return the n of the pixels on which surroundings are found: every n-th of every n-th row, 256 to 512 of the shorter side.

    From 768 px on it is three times as much as for the sample that an image read by rows is known by.
    """
    shorter = min(shape[:2])
    return 3 * (shorter // 768) or max(1, shorter // 256)


def window(shape: tuple[int, ...], step: int) -> int:
    """Return the side of the window of the surroundings on every `step`-th pixel: an eighth of the shorter side."""
    return max(1, round((2 * max(4, min(shape[:2]) // 16) + 1) / step)) | 1


@dataclass(frozen=True)
class Surroundings:
    """The lines of the guided filter at every `step`-th pixel of every `step`-th row of an image of this width."""

    slope: FloatImage
    offset: FloatImage
    step: int
    width: int

    @classmethod
    def of(cls, sample: FloatImage, shape: tuple[int, ...], step: int) -> Surroundings:
        """Find them from x of the largest channel, on every `step`-th pixel of an image of this shape."""
        slope, offset = guided_lines(sample, sample, window(shape, step), EPSILON)
        return cls(slope.astype(np.float32), offset.astype(np.float32), step, shape[1])

    def brightness(self, base: FloatImage, first: int) -> FloatImage:
        """Return b of rows of which x of the largest channel is given; row `first` is the first of them."""
        numbers = np.arange(first, first + len(base))
        around = base * self._between(self.slope, numbers) + self._between(self.offset, numbers)
        return np.asarray(np.clip(around, 1e-3, 1), base.dtype)

    def _between(self, values: FloatImage, numbers: Any) -> FloatImage:
        """Return rows of a map at every column: straight between the pixels of the sample, constant beyond the last."""
        if self.step == 1:
            return values[numbers]
        above, below, down = _places(numbers, self.step, len(values))
        left, right, across = _places(np.arange(self.width), self.step, values.shape[1])
        rows = values[above] + down[:, np.newaxis] * (values[below] - values[above])
        return np.asarray(rows[:, left] + across * (rows[:, right] - rows[:, left]))


def _places(numbers: Any, step: int, length: int) -> tuple[Any, Any, FloatImage]:
    """Return for each pixel that before it in the sample, that after it, and its share of the latter."""
    before = numbers // step
    return before, np.minimum(before + 1, length - 1), ((numbers - before * step) / step).astype(np.float32)
