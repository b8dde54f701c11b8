"""What the three Retinex operators share: the logarithm over the surround, and the stretch of the result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from diptych.core.image import FloatImage

FLOOR = 1 / 255
"""Added before every logarithm, so that black has one."""

LEAST = 0.02
"""What spans less than this (in natural logarithms: 2 % of contrast) is taken as an image without detail."""


def detail(channel: FloatImage, sigmas: Sequence[float]) -> FloatImage:
    """Return the logarithm of a channel ``(H, W)`` minus the mean of the logarithms of its surrounds."""
    surrounds = [np.log(ndimage.gaussian_filter(channel, sigma, mode="reflect") + FLOOR) for sigma in sigmas]
    return np.asarray(np.log(channel + FLOOR) - np.mean(surrounds, axis=0), channel.dtype)


def stretched(values: FloatImage, clip: float) -> FloatImage | None:
    """Return the values stretched to [0, 1] between two percentiles, or None if they hardly differ."""
    black, white = np.percentile(values, [clip, 100 - clip])
    if white - black < LEAST:
        return None
    return np.asarray(np.clip((values - black) / (white - black), 0, 1), values.dtype)


def stretched_detail(channel: FloatImage, sigmas: Sequence[float], clip: float) -> FloatImage:
    """Return the stretched detail of a channel, or the channel itself if it has none."""
    result = stretched(detail(channel, sigmas), clip)
    return channel if result is None else result
