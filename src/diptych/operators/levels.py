"""Levels: black point, white point and gamma."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from diptych.core.errors import ParameterError
from diptych.core.image import Image
from diptych.core.parameters import Range
from diptych.core.tones import Curve, StraightCurve, Tones, apply_curve, tone_operator


def _curve(tones: Tones, *, black: float, white: float, gamma: float) -> Curve:
    if white - black < 1e-6:
        raise ParameterError(f"levels: white = {white:g} is not allowed; give more than black = {black:g}")
    straight = StraightCurve(black, 1 / (white - black))
    if gamma == 1:
        return straight
    return lambda values: np.clip(straight(values), 0, 1) ** np.float32(gamma)


@tone_operator(_curve)
def levels(
    image: Image,
    *,
    black: Annotated[float, Range(0, 1)] = 0.0,
    white: Annotated[float, Range(0, 1)] = 1.0,
    gamma: Annotated[float, Range(0.05, 20)] = 1.0,
) -> Image:
    """Map one intensity to black and another to white, with a gamma curve in between.

    ``out = clip((in - black) / (white - black), 0, 1) ** gamma``

    Parameters
    ----------
    black : float
        The intensity that becomes 0.
    white : float
        The intensity that becomes 1; larger than black.
    gamma : float
        Below 1 brightens the middle, above 1 darkens it.

    Raises
    ------
    ParameterError
        If a parameter is out of its bounds, or white does not lie above black.

    References
    ----------
    Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.2.

    Examples
    --------
    >>> levels(np.array([[0, 51, 102, 255]], np.uint8), black=0.2, white=0.4).tolist()
    [[0, 0, 255, 255]]
    """
    return apply_curve(_curve, image, black=black, white=white, gamma=gamma)
