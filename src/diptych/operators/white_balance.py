"""White balance by grey world and shades of grey."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from diptych.core.color import LUMA
from diptych.core.image import Image
from diptych.core.parameters import Range
from diptych.core.tones import Curve, StraightCurve, Tones, apply_curve, tone_operator


def _curve(tones: Tones, *, amount: float, norm: float) -> Curve:
    if amount == 0:
        return lambda values: values
    means = tones.power_means(norm) + 1e-4
    gains = (means.mean() / means) ** amount
    weights = np.array(LUMA) if len(means) == 3 else np.full(len(means), 1 / len(means))
    return StraightCurve(0, gains / (gains @ weights))


@tone_operator(_curve)
def white_balance(
    image: Image,
    *,
    amount: Annotated[float, Range(0, 1)] = 1.0,
    norm: Annotated[float, Range(1, 20)] = 6.0,
) -> Image:
    """Remove a colour cast, on the assumption that the scene is grey on average.

    ``m_c = (mean of in_c ^ norm) ^ (1 / norm)``; every channel is multiplied by ``(mean of m / m_c) ^ amount``, and all by
    one factor that keeps the luma of grey. ``norm`` 1 is grey world, 6 is shades of grey, and a large one comes near the
    brightest value (white patch). Images of one channel are left as they are.

    Parameters
    ----------
    amount : float
        0 leaves the image as it is, 1 removes the whole cast.
    norm : float
        Order of the mean: how much bright pixels count.

    References
    ----------
    Finlayson and Trezzi, "Shades of gray and colour constancy", Color Imaging Conference 2004.

    Examples
    --------
    >>> white_balance(np.array([[[200, 100, 100]]], np.uint8), norm=1).tolist()
    [[[118, 118, 118]]]
    """
    return apply_curve(_curve, image, amount=amount, norm=norm)
