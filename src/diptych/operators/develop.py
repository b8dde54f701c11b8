"""Develop: the tone and the colour of a photograph by a dozen numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np

from diptych.core.color import LUMA, luma
from diptych.core.image import FloatImage, Image
from diptych.core.operator import RowWork, operator
from diptych.core.parameters import Range
from diptych.operators._tone_curve import Surroundings, ToneCurve, sample_step

STOP = 1 / 2.2
"""A stop of light is a factor of ``2 ** STOP`` of encoded values."""

TINY = 1e-6
"""Where two values lie nearer, the slope between them is not asked for."""


def _halo(*, shadows: float, local: float, **other: float) -> int | None:
    return 0 if shadows == 0 or local == 0 else None  # the surroundings reach as far as the image is large


def _by_rows(sample: FloatImage, shape: tuple[int, ...], step: int, /, **numbers: float) -> RowWork:
    """Find the surroundings on the sample, of which every n-th pixel is what the body looks at, too."""
    further = max(1, round(sample_step(shape) / step))
    curve, factors = curve_of(numbers), balance(shape[2], numbers["warmth"], numbers["tint"], sample.dtype)
    balanced = sample[::further, ::further] * factors
    around = Surroundings.of(curve.base(balanced.max(axis=2)), shape, step * further)

    def work(rows: FloatImage, first: int) -> FloatImage:
        return np.asarray(np.clip(_developed(rows * factors, curve, around, first, numbers), 0, 1), rows.dtype)

    return work


@operator(group="illumination", halo=_halo, by_rows=_by_rows)
def develop(  # noqa: PLR0913 (each is a parameter of the operator)
    image: Image,
    *,
    exposure: Annotated[float, Range(-6, 14, "stops")] = 0.0,
    gamma: Annotated[float, Range(0.4, 2.5)] = 1.0,
    shadows: Annotated[float, Range(0, 16)] = 0.0,
    local: Annotated[float, Range(0, 1)] = 0.0,
    toe: Annotated[float, Range(0, 0.1)] = 0.0,
    protect: Annotated[float, Range(0, 4)] = 0.0,
    follow: Annotated[float, Range(0, 1)] = 1.0,
    saturation: Annotated[float, Range(0, 2)] = 1.0,
    warmth: Annotated[float, Range(-1, 1)] = 0.0,
    tint: Annotated[float, Range(-1, 1)] = 0.0,
    color_floor: Annotated[float, Range(0, 0.1)] = 0.0,
) -> Image:
    """Develop a photograph: white balance, exposure, gamma, shadows, and colours that follow the tone; hues nearly stay.

    The channels are multiplied by ``exp(warmth)``, ``exp(-tint)`` and ``exp(-warmth)`` and by what keeps the luma of grey.
    The curve of tones is ``f(v) = (1 - local) T(x) + local x T(b) / b``, ``x = S(G(2^(exposure / 2.2) v))``, with

    - the gamma ``G(v) = v ((v + e) / (1 + e))^(gamma - 1)``, e = 1/255;
    - the shoulder S, straight up to 0.8, beyond which what was white becomes white;
    - the lift of the shadows ``T(x) = x (1 + g(x) x / (x + toe))``, ``g(x) = shadows (1 - x)^(1 + protect) / (1 + shadows x)``;
    - b, the brightness of the surroundings: the self-guided filter of x of the largest channel, its radius 1/16 of a side.

    With the luma y of a pixel, its largest and its smallest channel u and l, ``out = f(y) + k (in - y)``,
    ``k = s ((1 - follow) f(y) / y + follow (f(u) - f(l)) / (u - l))``, ``s = saturation y^2 / (y^2 + color_floor^2)``. k
    gives way where a channel would fall below 0, and the whole pixel is scaled where one would exceed 1.

    Parameters
    ----------
    exposure : float
        In stops of light; one makes encoded values 1.37 times as large. 0 changes nothing.
    gamma : float
        Exponent of the tones: under 1 brightens the middle, above 1 darkens it.
    shadows : float
        Slope that is added in the shadows; 0 changes nothing.
    local : float
        Share of the lift that follows the brightness of the surroundings, and so keeps the contrast of details.
    toe : float
        Intensity under which the lift fades, which keeps black black.
    protect : float
        How much sooner the lift fades towards white.
    follow : float
        How far colours follow the tone: with 1 as in a camera, whose curve works channel by channel; with 0 the ratios of the
        channels stay.
    saturation : float
        Factor of the chroma; 0 is grey.
    warmth : float
        Natural logarithm of what red gains and blue loses. RGB only.
    tint : float
        Natural logarithm of what green loses (magenta). RGB only.
    color_floor : float
        Luma at which half of the chroma is left: in what lies below, colours are mostly noise and errors of black.

    Notes
    -----
    Luma is BT.601 for RGB, and the mean of any other number of channels. The lines of the guided filter are found on every n-th
    pixel of every n-th row, 256 to 512 of the shorter side, and interpolated.

    The curve rises with any shadows up to 9, and with any protect up to 1.3; beyond both it may fall in the middle.

    Of colours of CIELAB lightness 15 to 90 and chroma 10 to 40, 95 % turn their hue by less than 1.2 degrees at two stops, a
    gamma of 0.55 or shadows of 2 with ``follow=0``, and by less than 4.3 with 1; a curve on each channel turns them by 9 to 28.

    References
    ----------
    The shoulder and T with ``toe = protect = 0`` are Reinhard et al., "Photographic tone reproduction for digital images",
    SIGGRAPH 2002, equation 4; a curve on the largest and the smallest channel, with the rest in between, is that of the
    Adobe DNG SDK's reference rendering; the filter is He, Sun and Tang, "Guided image filtering", ECCV 2010, and found on fewer
    pixels He and Sun, "Fast guided filter", arXiv:1505.00996.

    Examples
    --------
    >>> develop(np.array([[0, 25, 128, 255]], np.uint8), shadows=3.0).tolist()
    [[0, 77, 204, 255]]
    """
    numbers = {"exposure": exposure, "gamma": gamma, "shadows": shadows, "local": local, "toe": toe, "protect": protect}
    numbers |= {"follow": follow, "saturation": saturation, "color_floor": color_floor}
    curve = curve_of(numbers)
    balanced = image * balance(image.shape[2], warmth, tint, image.dtype)
    around: Surroundings | None = None
    if shadows > 0 and local > 0:
        step = sample_step(image.shape)
        around = Surroundings.of(curve.base(balanced[::step, ::step].max(axis=2)), image.shape, step)
    return _developed(balanced, curve, around, 0, numbers)


def curve_of(numbers: dict[str, float]) -> ToneCurve:
    """Return the curve of tones of the operator's parameters."""
    gain = 2.0 ** (numbers["exposure"] * STOP)
    return ToneCurve(gain, *(numbers[name] for name in ("gamma", "shadows", "local", "toe", "protect")))


def balance(channels: int, warmth: float, tint: float, dtype: Any) -> FloatImage:
    """Return the factors of the channels."""
    if channels != 3:
        return np.ones(channels, dtype)
    factors = np.exp([warmth, -tint, -warmth])
    return np.asarray(factors / (factors @ np.array(LUMA)), dtype)


def _developed(
    rows: FloatImage, curve: ToneCurve, around: Surroundings | None, first: int, numbers: dict[str, float]
) -> FloatImage:
    """Return rows of the result, the first of which is row `first`, from those of the balanced image."""
    smallest, light, largest = rows.min(axis=2), luma(rows), rows.max(axis=2)
    lift = None
    if around is not None:
        brightness = around.brightness(curve.base(largest), first)
        lift = curve.lifted(brightness) / brightness
    return recolor(
        rows,
        (smallest, light, largest),
        lambda values: curve(values, lift),
        numbers["follow"],
        numbers["saturation"],
        numbers["color_floor"],
    )


def recolor(
    image: FloatImage,
    extremes: tuple[FloatImage, FloatImage, FloatImage],
    curve: Callable[[FloatImage], FloatImage],
    follow: float,
    saturation: float,
    color_floor: float,
) -> FloatImage:
    """Return ``f(y) + k (in - y)`` for an image of which smallest channel, luma and largest channel are given."""
    smallest, light, largest = extremes
    dark, tone, bright = (np.clip(curve(values), 0, 1) for values in extremes)
    ratio = tone / np.maximum(light, TINY)
    slope = np.maximum(bright - dark, 0) / np.maximum(largest - smallest, TINY)
    believed = light**2 / np.maximum(light**2 + color_floor**2, TINY**2)
    chroma = saturation * believed * (ratio + follow * (slope - ratio))
    chroma = np.minimum(chroma, tone / np.maximum(light - smallest, TINY))[:, :, np.newaxis]
    result = tone[:, :, np.newaxis] + chroma * (image - light[:, :, np.newaxis])
    return np.asarray(result / np.maximum(result.max(axis=2, keepdims=True), 1), image.dtype)
