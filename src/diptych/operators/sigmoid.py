"""Sigmoid contrast."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from diptych.core.image import Image
from diptych.core.parameters import Range
from diptych.core.tones import Curve, SmoothCurve, Tones, apply_curve, tone_operator


def _curve(tones: Tones, *, gain: float, cutoff: float) -> Curve:
    if gain < 1e-6:
        return lambda values: values
    black, white = (1 / (1 + np.exp(gain * (cutoff - end))) for end in (0.0, 1.0))
    scale = np.float32(1 / (white - black))
    return SmoothCurve(
        lambda values: (1 / (1 + np.exp(np.float32(gain) * (np.float32(cutoff) - values))) - np.float32(black)) * scale
    )


@tone_operator(_curve)
def sigmoid(
    image: Image,
    *,
    gain: Annotated[float, Range(0, 40)] = 5.0,
    cutoff: Annotated[float, Range(0, 1)] = 0.5,
) -> Image:
    """Raise the contrast around one intensity with an S-shaped curve.

    ``s(x) = 1 / (1 + exp(gain (cutoff - x)))``, ``out = (s(in) - s(0)) / (s(1) - s(0))``, so that black and white stay.

    Parameters
    ----------
    gain : float
        Steepness at the cutoff; 0 leaves the image as it is.
    cutoff : float
        The intensity around which the contrast grows.

    Notes
    -----
    `skimage.exposure.adjust_sigmoid` is s(x) alone, which lifts black and dulls white.

    References
    ----------
    Braun and Fairchild, "Image lightness rescaling using sigmoidal contrast enhancement functions", Journal of Electronic
    Imaging 8 (1999).

    Examples
    --------
    >>> sigmoid(np.array([[0, 64, 128, 191, 255]], np.uint8), gain=5.0).tolist()
    [[0, 44, 128, 211, 255]]
    """
    return apply_curve(_curve, image, gain=gain, cutoff=cutoff)
