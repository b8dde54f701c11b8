"""Logarithmic tone curve."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from diptych.core.image import Image
from diptych.core.parameters import Range
from diptych.core.tones import Curve, SmoothCurve, Tones, apply_curve, tone_operator


def _curve(tones: Tones, *, gain: float) -> Curve:
    if gain < 1e-6:
        return lambda values: values
    scale = np.float32(1 / np.log1p(gain))
    return SmoothCurve(lambda values: np.log1p(np.float32(gain) * values) * scale)


@tone_operator(_curve)
def log_tone(image: Image, *, gain: Annotated[float, Range(0, 10000)] = 10.0) -> Image:
    """Brighten the shadows with a logarithmic curve, as for images of a high dynamic range.

    ``out = log(1 + gain in) / log(1 + gain)``

    Parameters
    ----------
    gain : float
        How strongly shadows are opened; 0 leaves the image as it is.

    References
    ----------
    Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.2; `skimage.exposure.adjust_log` is the case
    ``gain = 1``.

    Examples
    --------
    >>> log_tone(np.array([[0, 25, 255]], np.uint8), gain=10.0).tolist()
    [[0, 73, 255]]
    """
    return apply_curve(_curve, image, gain=gain)
