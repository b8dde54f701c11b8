"""Percentile stretch."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from diptych.core.image import Image
from diptych.core.parameters import Range
from diptych.core.tones import Channels, Curve, StraightCurve, Tones, apply_curve, tone_operator


def _curve(tones: Tones, *, low: float, high: float, channels: Channels) -> Curve:
    black, white = tones.percentiles([low, high], each=channels == "each").astype(np.float32)
    flat = white <= black
    return StraightCurve(np.where(flat, 0, black), 1 / np.where(flat, np.float32(1), white - black))


@tone_operator(_curve)
def stretch(
    image: Image,
    *,
    low: Annotated[float, Range(0, 50, "%")] = 1.0,
    high: Annotated[float, Range(50, 100, "%")] = 99.0,
    channels: Channels = "together",
) -> Image:
    """Stretch the contrast linearly, so that two percentiles become black and white.

    ``out = (in - P_low) / (P_high - P_low)``, clipped to [0, 1]. An image whose percentiles coincide (a flat one) is
    returned as it is.

    Parameters
    ----------
    low : float
        The percentile that becomes black.
    high : float
        The percentile that becomes white.
    channels : str
        ``together`` takes the percentiles over all channels and keeps the hue; ``each`` treats every channel on its
        own, which also removes a colour cast.

    References
    ----------
    Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.2. Percentiles as `numpy.percentile`.

    Examples
    --------
    >>> stretch(np.array([[50, 110, 150]], np.uint8), low=0, high=100).tolist()
    [[0, 153, 255]]
    """
    return apply_curve(_curve, image, low=low, high=high, channels=channels)
