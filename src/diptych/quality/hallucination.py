"""Hallucinated structure: what an output has and its input does not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from diptych.core.image import Image, to_float
from diptych.core.noise import noise_level

RADIUS = 4
NOTICEABLE = 3.0

_KNOTS = 256

# The variance of rounding to 8 bits: what is less than that is not seen, whatever the depth.
_UNSEEN = 1 / 255**2 / 12

Map = NDArray[np.float64]


def hallucinated_structure(image: Image, output: Image) -> Map:
    """Measure, pixel by pixel, how much of an output cannot have come from the input.

    In each channel, with x the input, y the output, and means over windows of 9 x 9 pixels:

    1. ``u = f(x)``, where f is the tone curve that explains the output best: the mean of y wherever the input is x. A
       tone curve adds no structure.
    2. ``v = mean(a) u + mean(b)``, ``a = cov(u, y) / (var(u) + n)``, ``b = mean(y) - a mean(u)``: the guided filter of y by
       u, or by x itself where that leaves less over; n is the variance of the noise in u. Local changes of brightness and
       contrast add none either, nor does the removal of noise. Detail that is smeared across an edge does show: it is
       now where it was not.
    3. ``I = sqrt(mean((y - v)^2)) / s``, what is left over, in units of the noise that was to be expected in y:
       ``s^2 = g^2 (sx^2 + q^2 / 12) + (1 / 255)^2 / 12``, where sx is the estimated noise of x, q the step of its depth,
       and g how much noise is amplified: the slope of f, or ``mean(y) / mean(x)`` if that is larger and f rises.

    The channels are averaged, as squares. About 1 or less is what noise alone gives; above 3 is structure that was not
    there: halos, ringing, seams, blotches, painted texture.

    Parameters
    ----------
    image, output : ndarray, shape (H, W) or (H, W, C)
        The same size and channels.

    Returns
    -------
    ndarray, shape (H, W)
        I, 0 or more.

    References
    ----------
    He, Sun and Tang, "Guided image filtering", IEEE Transactions on Pattern Analysis and Machine Intelligence 35(6), 2013,
    for the local affine fit.

    Examples
    --------
    >>> ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))
    >>> bool(hallucinated_structure(ramp, np.sqrt(ramp)).max() < 0.5)
    True
    >>> stripes = np.clip(ramp + 0.1 * np.sin(np.arange(64)[:, np.newaxis]), 0, 1)
    >>> bool(np.median(hallucinated_structure(ramp, stripes.astype(np.float32))) > 10)
    True
    """
    before, after = (_channels(one) for one in (image, output))
    rounding = _step(image) ** 2 / 12
    squares = [_squares(before[:, :, c], after[:, :, c], rounding) for c in range(before.shape[2])]
    return np.asarray(np.sqrt(np.mean(squares, axis=0)))


def _channels(image: Image) -> Map:
    floats = to_float(image).astype(np.float64)
    return floats if floats.ndim == 3 else floats[:, :, np.newaxis]


def _step(image: Image) -> float:
    # Floats mostly come from files of 16 bits.
    return 1 / 255 if image.dtype.name == "uint8" else 1 / 65535


def _squares(x: Map, y: Map, rounding: float) -> Map:
    noise = noise_level(x) ** 2 + rounding
    knots, values = _tone_curve(x, y)
    rise = _slope(x, knots, values, 2 * np.sqrt(noise))
    amplified = _mean_square(rise) * noise + _UNSEEN
    left = np.minimum(_left(np.interp(x, knots, values), y, amplified), _left(x, y, noise))
    # Noise that a local gain has lifted, which the one curve for the whole image does not show.
    lifted = np.where(_mean(rise) > 0, _mean(y) / (_mean(x) + 1 / 255), 0) ** 2 * noise + _UNSEEN
    return np.asarray(left / np.maximum(amplified, lifted))


def _left(u: Map, y: Map, noise: Map | float) -> Map:
    """Return the mean square of what the guided filter of y by u leaves of y."""
    mean_u, mean_y = _mean(u), _mean(y)
    slope = (_mean(u * y) - mean_u * mean_y) / (np.maximum(_mean(u * u) - mean_u**2, 0) + noise)
    left = y - _mean(slope) * u - _mean(mean_y - slope * mean_u)
    return _mean_square(left)


def _tone_curve(x: Map, y: Map) -> tuple[Map, Map]:
    """Return the points of the curve: mean x and mean y of groups of pixels of about the same x."""
    # The lowest and the highest value are groups of their own, so that the curve reaches both ends.
    quantiles = np.quantile(x, np.linspace(0, 1, _KNOTS + 1))
    edges = np.unique([*quantiles, np.nextafter(quantiles[0], 2)])
    group = np.searchsorted(edges, x.ravel(), side="right") - 1
    count = np.bincount(group, minlength=len(edges))
    used = count > 0
    sums = [np.bincount(group, weights=one.ravel(), minlength=len(edges))[used] for one in (x, y)]
    return sums[0] / count[used], sums[1] / count[used]


def _slope(x: Map, knots: Map, values: Map, reach: float) -> Map:
    rise = np.interp(x + reach, knots, values) - np.interp(x - reach, knots, values)
    return np.asarray(rise / (2 * reach))


def _mean(values: Map) -> Map:
    """Return the mean over the window around each pixel; outside the image lies its reflection."""
    return np.asarray(uniform_filter(values, 2 * RADIUS + 1, mode="reflect"))


def _mean_square(values: Map) -> Map:
    # The running sums of the filter end a little below zero where everything is zero.
    return np.maximum(_mean(values * values), 0)
