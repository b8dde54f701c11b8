"""Develop: the tone and the colour of a photograph by a dozen numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from diptych.core.color import LUMA, luma
from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.core.parameters import Range
from diptych.operators.guided import guided_filter

STOP = 1 / 2.2
"""A stop of light is a factor of ``2 ** STOP`` of encoded values."""

SHOULDER = 0.8
"""Where the shoulder begins."""

LEVEL = 1 / 255
"""Below it the gamma becomes a straight line, so that black does not have an infinite slope."""

EPSILON = 0.01
"""Of the guided filter: the square of an edge of 0.1, which is kept."""


def _halo(*, shadows: float, local: float, **other: float) -> int | None:
    return 0 if shadows == 0 or local == 0 else None  # the surroundings reach as far as the image is large


@operator(group="illumination", halo=_halo)
def develop(
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
) -> Image:
    """Develop a photograph: white balance, exposure, gamma, shadows, and colours that follow the tone; hues stay.

    The channels are multiplied by ``exp(warmth)``, ``exp(-tint)`` and ``exp(-warmth)`` and by what keeps the luma of grey. The
    curve of tones is ``f(v) = (1 - local) T(x) + local x T(b) / b``, ``x = S(G(2^(exposure / 2.2) v))``, with the gamma
    ``G(v) = v ((v + e) / (1 + e))^(gamma - 1)``, e = 1/255; the shoulder S, straight up to 0.8, beyond which what was white becomes
    white; the lift of the shadows ``T(x) = x (1 + g(x) x / (x + toe))``, ``g(x) = shadows (1 - x)^(1 + protect) / (1 + shadows x)``;
    and b, the brightness of the surroundings (the self-guided filter of x of the largest channel, radius 1/16 of the shorter side).
    With the luma y of a pixel, its largest and its smallest channel u and l, ``out = f(y) + k (in - y)``,
    ``k = saturation ((1 - follow) f(y) / y + follow (f(u) - f(l)) / (u - l))``; k gives way where a channel would fall below 0, and
    the whole pixel is scaled where one would exceed 1.

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
    warmth, tint : float
        Natural logarithm of what red gains and blue loses, and of what green loses (magenta). RGB only.

    Notes
    -----
    Luma is BT.601 for RGB, and the mean of any other number of channels.

    References
    ----------
    The shoulder and T with ``toe = protect = 0`` are Reinhard et al., "Photographic tone reproduction for digital images",
    SIGGRAPH 2002, equation 4; a curve on the largest and the smallest channel, with the rest in between, is that of the
    Adobe DNG SDK's reference rendering; the filter is He, Sun and Tang, "Guided image filtering", ECCV 2010.

    Examples
    --------
    >>> develop(np.array([[0, 25, 128, 255]], np.uint8), shadows=3.0).tolist()
    [[0, 77, 204, 255]]
    """
    curve = ToneCurve(exposure, gamma, shadows, toe, protect)
    balanced = image * balance(image.shape[2], warmth, tint, image.dtype)
    largest, smallest, light = balanced.max(axis=2), balanced.min(axis=2), luma(balanced)
    gain: FloatImage | None = None
    if shadows > 0 and local > 0:
        gain = local_gain(curve, curve.base(largest), side=window(image.shape))
    return recolor(balanced, (smallest, light, largest), lambda v: curve.applied(v, local, gain), follow, saturation)


@dataclass(frozen=True)
class ToneCurve:
    """The curve of tones without its surroundings: ``base`` is x, ``lifted`` is T."""

    exposure: float
    gamma: float
    shadows: float
    toe: float
    protect: float

    def base(self, values: FloatImage) -> FloatImage:
        """Return x, the values after exposure, gamma and shoulder."""
        gain = 2.0 ** (self.exposure * STOP)
        return shouldered(powered(values * np.asarray(gain, values.dtype), self.gamma), self.white)

    @property
    def white(self) -> float:
        """What white becomes before the shoulder."""
        return float(powered(np.float64(2.0 ** (self.exposure * STOP)), self.gamma))

    def lifted(self, base: FloatImage) -> FloatImage:
        """Return T(x)."""
        if self.shadows == 0:
            return base
        room = np.maximum(1 - base, 0)
        amount = self.shadows * room ** (1 + self.protect) / (1 + self.shadows * base)
        return np.asarray(base * (1 + amount * base / (base + (self.toe + 1e-6))), base.dtype)

    def applied(self, values: FloatImage, local: float, gain: FloatImage | None) -> FloatImage:
        """Return f(v) of values ``(H, W)``; `gain` is that of the surroundings, T(b) / b."""
        base = self.base(values)
        lifted = self.lifted(base)
        return lifted if gain is None else np.asarray((1 - local) * lifted + local * base * gain, values.dtype)


def powered(values: Any, gamma: float) -> Any:
    """Return ``G(values)``."""
    return values if gamma == 1 else values * ((values + LEVEL) / (1 + LEVEL)) ** (gamma - 1)


def shouldered(values: FloatImage, white: float) -> FloatImage:
    """Return ``S(values)``: straight up to 0.8, then flatter so that `white` becomes 1."""
    if white <= 1:
        return values
    room = 1 - SHOULDER
    last = (white - SHOULDER) / room
    over = np.maximum(values - SHOULDER, 0) / room
    return np.asarray(np.minimum(values, SHOULDER) + room * over * (1 + over / last**2) / (1 + over), values.dtype)


def balance(channels: int, warmth: float, tint: float, dtype: Any) -> FloatImage:
    """Return the factors of the channels."""
    if channels != 3:
        return np.ones(channels, dtype)
    factors = np.exp([warmth, -tint, -warmth])
    return np.asarray(factors / (factors @ np.array(LUMA)), dtype)


def window(shape: tuple[int, ...]) -> int:
    """Return the side of the window that is taken as the surroundings."""
    return 2 * max(4, min(shape[:2]) // 16) + 1


def local_gain(curve: ToneCurve, base: FloatImage, side: int) -> FloatImage:
    """Return T(b) / b, where b is the brightness of the surroundings, found from x of the largest channel."""
    around = np.clip(guided_filter(base, base, side, EPSILON), 1e-3, 1).astype(base.dtype)
    return curve.lifted(around) / around


def recolor(
    image: FloatImage,
    extremes: tuple[FloatImage, FloatImage, FloatImage],
    curve: Any,
    follow: float,
    saturation: float,
) -> FloatImage:
    """Return ``f(y) + k (in - y)`` for an image of which smallest channel, luma and largest channel are given."""
    smallest, light, largest = extremes
    dark, tone, bright = (np.clip(curve(values), 0, 1) for values in extremes)
    range_ = largest - smallest
    ratio = tone / np.maximum(light, 1e-4)
    slope = np.where(range_ > 1e-4, (bright - dark) / np.maximum(range_, 1e-4), ratio)
    chroma = saturation * (ratio + follow * (slope - ratio))
    chroma = np.minimum(chroma, tone / np.maximum(light - smallest, 1e-6))[:, :, np.newaxis]
    result = tone[:, :, np.newaxis] + chroma * (image - light[:, :, np.newaxis])
    return np.asarray(result / np.maximum(result.max(axis=2, keepdims=True), 1), image.dtype)
