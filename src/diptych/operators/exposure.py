"""Exposure: gain with a shoulder, and a lift of the shadows."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from diptych.core.image import FloatImage, Image
from diptych.core.operator import RowWork, operator
from diptych.core.parameters import Range
from diptych.operators.guided import guided_filter, guided_lines

_SHOULDER = 0.8
_EPSILON = 0.01  # of the guided filter: the square of an edge of 0.1, which is kept


def _halo(*, lift: float, local: float, **other: float) -> int | None:
    return 0 if lift == 0 or local == 0 else None  # the surroundings reach as far as the image is large


def _by_rows(
    sample: FloatImage,
    shape: tuple[int, ...],
    step: int,
    /,
    *,
    gain: float,
    lift: float,
    local: float,
    toe: float,
    protect: float,
) -> RowWork:
    """Find the surroundings on the sample: slope and offset of the guided filter's lines are smooth enough to be interpolated.

    He and Sun, "Fast guided filter", arXiv:1505.00996.
    """
    brightness = brightened(sample, gain).max(axis=2)
    side = max(1, round(window(shape) / step)) | 1
    slope, offset = guided_lines(brightness, brightness, side, _EPSILON)

    def work(rows: FloatImage, first: int) -> FloatImage:
        base = brightened(rows, gain)
        numbers = np.arange(first, first + len(base), dtype=np.float64)
        around = base.max(axis=2) * _between(slope, numbers, step, shape[1]) + _between(offset, numbers, step, shape[1])
        around = np.clip(around, 1e-3, 1).astype(base.dtype)[:, :, np.newaxis]
        lifted = curve(around, lift, toe, protect) / around
        result = (1 - local) * curve(base, lift, toe, protect) + local * base * lifted
        return np.asarray(np.clip(result, 0, 1), rows.dtype)

    return work


@operator(group="illumination", halo=_halo, by_rows=_by_rows)
def exposure(
    image: Image,
    *,
    gain: Annotated[float, Range(1, 64)] = 1.0,
    lift: Annotated[float, Range(0, 16)] = 0.0,
    local: Annotated[float, Range(0, 1)] = 0.0,
    toe: Annotated[float, Range(0, 0.1)] = 0.0,
    protect: Annotated[float, Range(0, 4)] = 0.0,
) -> Image:
    """Brighten as a photographer would: gain with soft highlights, then lift the shadows, but not black or lamps.

    First ``x = S(gain * in)``, with ``S(x) = x`` up to 0.8 and ``1 - 0.2 exp(-(x - 0.8) / 0.2)`` above. Then
    ``f(x) = x (1 + g(x) x / (x + toe))``, ``g(x) = lift (1 - x)^(1 + protect) / (1 + lift x)``, which rises and keeps
    0 and 1. ``out = (1 - local) f(x) + local x f(b) / b``, where b is the brightness of the surroundings (the self-guided
    filter of the largest channel, radius 1/16 of the shorter side), so that the local part keeps the contrast of details.

    Parameters
    ----------
    gain : float
        Factor on all intensities; 1 changes nothing.
    lift : float
        Slope that is added in the shadows; 0 changes nothing.
    local : float
        Share of the lift that follows the brightness of the surroundings instead of the pixel's own.
    toe : float
        Intensity under which the lift fades, which keeps black black.
    protect : float
        How much sooner the lift fades towards white.

    References
    ----------
    The curve with ``toe = protect = 0`` is that of Reinhard et al., "Photographic tone reproduction for digital images",
    SIGGRAPH 2002, equation 4 with its white point at 1; the filter is that of He, Sun and Tang, "Guided image
    filtering", ECCV 2010.

    Examples
    --------
    >>> exposure(np.array([[0, 25, 128, 255]], np.uint8), lift=3.0).tolist()
    [[0, 77, 204, 255]]
    """
    base = brightened(image, gain)
    if lift == 0:
        return base
    result = (1 - local) * curve(base, lift, toe, protect)
    if local > 0:
        around = _surroundings(base.max(axis=2))[:, :, np.newaxis]
        result = result + local * base * (curve(around, lift, toe, protect) / around)
    return result


def brightened(image: FloatImage, gain: float) -> FloatImage:
    """Return ``S(gain * image)``: linear up to 0.8, then ever flatter towards 1."""
    if gain == 1:
        return image
    room = 1 - _SHOULDER
    scaled = image * gain
    return np.where(scaled > _SHOULDER, 1 - room * np.exp(np.minimum(_SHOULDER - scaled, 0) / room), scaled)


def curve(image: FloatImage, lift: float, toe: float, protect: float) -> FloatImage:
    """Return ``f(image)``, the lift of the shadows."""
    amount = lift * (1 - image) ** (1 + protect) / (1 + lift * image)
    return image * (1 + amount * image / (image + toe + 1e-6))


def window(shape: tuple[int, ...]) -> int:
    """Return the side of the window that is taken as the surroundings."""
    return 2 * max(4, min(shape[:2]) // 16) + 1


def _surroundings(brightness: FloatImage) -> FloatImage:
    smooth = guided_filter(brightness, brightness, window(brightness.shape), _EPSILON)
    return np.asarray(np.clip(smooth, 1e-3, 1), brightness.dtype)


def _between(values: FloatImage, numbers: FloatImage, step: int, width: int) -> FloatImage:
    """Return rows of a map, given at every `step`-th px, at every column."""
    down = np.minimum(np.asarray(numbers) / step, len(values) - 1)
    across = np.minimum(np.arange(width) / step, values.shape[1] - 1)
    low = np.minimum(down.astype(np.intp), max(len(values) - 2, 0))
    share = (down - low)[:, np.newaxis].astype(np.float32)
    high = np.minimum(low + 1, len(values) - 1)
    left = np.minimum(across.astype(np.intp), max(values.shape[1] - 2, 0))
    right, beside = np.minimum(left + 1, values.shape[1] - 1), (across - left).astype(np.float32)
    rows = values[low].astype(np.float32) * (1 - share) + values[high].astype(np.float32) * share
    return np.asarray(rows[:, left] * (1 - beside) + rows[:, right] * beside)
