"""Gamma curve."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from diptych.core.image import Image
from diptych.core.parameters import Range
from diptych.core.tones import Curve, SmoothCurve, Tones, apply_curve, tone_operator


def _curve(tones: Tones, *, gamma: float) -> Curve:
    return SmoothCurve(lambda values: values ** np.float32(gamma)) if gamma != 1 else lambda values: values


@tone_operator(_curve)
def gamma(image: Image, *, gamma: Annotated[float, Range(0.05, 20)] = 1.0) -> Image:
    """Raise every value to a power: below 1 brightens, above 1 darkens.

    ``out = in ** gamma``

    Parameters
    ----------
    gamma : float
        The exponent; 1 leaves the image as it is.

    References
    ----------
    Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.2; the convention of
    `skimage.exposure.adjust_gamma`.

    Examples
    --------
    >>> gamma(np.array([[0, 64, 255]], np.uint8), gamma=0.5).tolist()
    [[0, 128, 255]]
    """
    return apply_curve(_curve, image, gamma=gamma)
