"""Histogram specification: the tone of a whole folder."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import ParameterError
from diptych.core.image import Image
from diptych.core.parameters import Range, Table, TableOf
from diptych.core.tones import Curve, TableCurve, Tones, apply_curve, cumulative, tone_operator

_POINTS = 257
_GOOD = ((0.0, 0.08, 0.13, 0.19, 0.25, 0.32, 0.38, 0.43, 0.48, 0.53, 0.57, 0.62, 0.66, 0.71, 0.77, 0.85, 1.0),)


def _curve(tones: Tones, *, quantiles: Table, amount: float) -> Curve:
    below = cumulative(tones, each=len(quantiles) > 1)
    if len(quantiles) not in (1, len(below)):
        raise ParameterError(
            f"specify_histogram: quantiles has {len(quantiles)} rows and the image {len(below)} channels; "
            f"give one row, or as many"
        )
    levels = np.linspace(0, 1, below.shape[1])
    wanted = np.stack([_joined(below[c], row, levels) for c, row in enumerate(quantiles)])
    return TableCurve(levels + amount * (wanted - levels))


@tone_operator(_curve)
def specify_histogram(
    image: Image,
    *,
    quantiles: Annotated[Table, TableOf(0, 1)] = _GOOD,
    amount: Annotated[float, Range(0, 1)] = 1.0,
) -> Image:
    """Give the image the distribution of a target domain, stored as quantiles, by a continuous curve.

    With ``q_0 ... q_256`` the quantiles of the image (on 65,536 levels) at evenly spaced probabilities and Q the stored
    quantile function, the curve joins the points ``(q_k, Q(k / 256))`` by straight lines;
    ``out = in + amount (curve(in) - in)``. A flat image is returned as it is.

    Parameters
    ----------
    quantiles : table
        One row for all channels together, which keeps the hue, or one for each channel; rising values at evenly spaced
        probabilities from 0 to 1. `diptych.operators.match_histogram.quantiles_of` makes them of an image. The default is
        the tone of an ordinary good photograph.
    amount : float
        0 leaves the image as it is, 1 gives it the target's distribution.

    Raises
    ------
    ParameterError
        If a row of quantiles falls, or their number does not fit the channels.

    Notes
    -----
    `match_histogram` matches every single value and can tear apart neighbouring levels of a large flat area; this curve is
    continuous, and its slope is bounded by the spacing of the quantiles.

    References
    ----------
    Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.3.

    Examples
    --------
    >>> ramp = np.linspace(0, 0.1, 101, dtype=np.float32)[np.newaxis]
    >>> np.round(100 * specify_histogram(ramp, quantiles=((0.2, 0.5, 1.0),))[0, ::25]).tolist()
    [20.0, 35.0, 50.0, 75.0, 100.0]
    """
    return apply_curve(_curve, image, quantiles=quantiles, amount=amount)


def _joined(below: NDArray[np.int64], row: tuple[float, ...], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    target = np.asarray(row)
    if len(row) < 2 or np.any(np.diff(target) < 0):
        raise ParameterError("specify_histogram: a row of quantiles needs two or more values that never fall")
    probabilities = np.linspace(0, 1, _POINTS)
    source = np.searchsorted(below, np.maximum(probabilities * below[-1], 1))
    wanted = np.interp(probabilities, np.linspace(0, 1, len(row)), target)
    if source[0] == source[-1]:
        return levels
    # Where many pixels share a value, it goes to the middle of what they would have been spread over.
    different, inverse = np.unique(source, return_inverse=True)
    return np.interp(levels, levels[different], np.bincount(inverse, wanted) / np.bincount(inverse))
