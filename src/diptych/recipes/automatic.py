"""The recipe ``auto``: looks at an image, decides, and needs neither a reference nor a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diptych.core.color import LUMA, luma
from diptych.core.enhancer import EnhancerSpec
from diptych.core.image import FloatImage, Image, check_image, to_float
from diptych.core.noise import NoiseModel, measure_noise
from diptych.core.noise.level import white_noise
from diptych.core.tones import ImageTones
from diptych.operators.deblock import as_parameters
from diptych.operators.develop import STOP
from diptych.recipes._shadows import PROTECT, Shadows, ramp
from diptych.recipes.recipe import Recipe
from diptych.recipes.steps import Step, step

# Of 465 good photographs the mean luma has the median 0.45 (a tenth lies under 0.24) and the brightest channel's 99.5th
# percentile lies near 0.9; of 179 under-exposed ones, after gain, the mean has the median 0.24.
_GOOD_MEAN = 0.45
_WHITE = 0.8
_DARK_MEAN = 0.24
_STOPS_UNDER = (
    1.4,
    2.4,
)  # 170 of 179 photographs of dark rooms lie over 1.9; of 615 others, nearly all good ones, seven
_ALIKE = (0.28, 0.40)  # mean luma over highlights: of nine in ten good photographs over 0.35, of low keys 0.2 to 0.3
_LOW_KEY = 0.8  # share of the lift that a night, or a picture that is dark on purpose, does not get
_OPENED = {"local": 0.95, "follow": 0.6, "color_floor": 0.006}

_COARSE = 8.0
"""Mean step of the low frequencies of a JPEG, after brightening, from which on its blocks are removed: quality 70 as it is."""

_MOST_IN_LIGHT = 0.0055
"""Of noise of luma that is taken away from a well-lit picture: what looks like more is more often the subject's own grain."""

# From the darkest to the lightest: of dark rooms 0.047 or more. And that of squares over what noise leaves of it: of noise 5.
_SEEN, _OVER_NOISE = (0.02, 0.04), (6.0, 9.0)
_SQUARE = 8  # px of the sample

_FALSE_NOISE = 0.2  # from here on what is stronger than the picture varies is no noise: text on an empty ground

COLOR_FLOOR = 0.014
"""Of under-exposed pictures: three and a half levels of 255, below which colours are mostly errors of black and noise."""
_SPREAD = 1.0
"""Stops: of 40 dark scenes that were also photographed with enough light, two thirds have it 0.6 under to 1.3 over the plan."""


@dataclass(frozen=True)
class ImageStatistics:
    """What `auto` measures in an image; intensities in [0, 1].

    Attributes
    ----------
    mean : float
        Mean luma.
    highlight : float
        99.5th percentile of the largest channel.
    stops : float
        From the median of the largest channel up to the highlight, in factors of two.
    shadows : float
        Share of pixels with a luma under 0.1.
    black, white : float
        0.5th and 99.5th percentile over all channels.
    luma_noise, chroma_noise : float
        Standard deviation of the noise.
    coarseness : float
        Share of it that is left where 2 x 2 px are averaged.
    noise : NoiseModel
        All that is known of it; None where it was not measured.
    shapes : float
        From the darkest to the lightest square of the sample, over the noise that is left in squares; infinite if unknown.
    """

    mean: float
    highlight: float
    stops: float
    shadows: float
    black: float
    white: float
    luma_noise: float
    chroma_noise: float
    coarseness: float
    noise: NoiseModel | None = None
    shapes: float = np.inf

    @property
    def night(self) -> float:
        """How far this is a night with lights of its own, a few of them in a black frame: 0 to 1."""
        return ramp(self.stops, 3.5, 5.0)

    @property
    def dark(self) -> float:
        """How far this is darker than four of five good photographs (0) or than nearly all (1)."""
        return ramp(self.mean, 0.30, 0.12)

    @property
    def seen(self) -> float:
        """How far there is anything to brighten: 0 if flat, of a lens cap, or black but for a few stars; mostly 1."""
        return ramp(self.span, *_SEEN) * ramp(self.shapes, *_OVER_NOISE)

    @property
    def span(self) -> float:
        """From the darkest to the lightest."""
        return self.white - self.black

    @property
    def under_exposed(self) -> float:
        """How far this is a picture that got too little light, so that even its highlights are dark: 0 to 1.

        Either all of it is dark alike, or it is so dark that it was photographed in the dark: two stops and more under a good
        picture, those of the mean and those of the highlights taken together. What is dark because it is meant so is neither.
        """
        highlights, mean = np.log2(_WHITE / self.highlight), np.log2(_DARK_MEAN / max(self.mean, 1e-3))
        alike = ramp(self.mean / self.highlight, *_ALIKE)
        return self.seen * self.dark * ramp(highlights, 0.3, 1.0) * max(alike, ramp(highlights + mean, *_STOPS_UNDER))


class Auto:
    """The recipe that makes itself for each image: denoise, levels, develop, each only if it is called for.

    Examples
    --------
    >>> noise = np.random.default_rng(0).uniform(0, 0.02, (64, 64, 3))
    >>> dark = noise + np.linspace(0, 0.1, 64)[:, np.newaxis, np.newaxis]
    >>> [step.operator for step in Auto().plan(dark).steps][-2:]
    ['denoise_photo', 'develop']
    """

    @property
    def spec(self) -> EnhancerSpec:
        """Name and summary."""
        return EnhancerSpec(
            "auto", "Correct exposure, contrast and noise as far as the picture needs it, and no further.", by_rows=True
        )

    def plan(self, image: Image, /) -> Recipe:
        """Return the recipe for this image, without applying it. A good photo gets the empty recipe."""
        return self.plan_for(*measured(image))

    def plan_for(self, statistics: ImageStatistics, sample: FloatImage) -> Recipe:
        """Return the recipe for an image from its statistics and a subsample of its pixels ``(H, W, C)``."""
        return Recipe(*_decide(statistics, sample), name="auto", summary="made by auto for one image")

    def spread(self, image: Image, /) -> float:
        """Return how far the right exposure may lie from the planned one, in stops: the same for every image."""
        check_image(image)
        return _SPREAD

    def __call__(self, image: Image, /) -> Image:
        """Return the enhanced image: same dtype, same number of axes."""
        return self.plan(image)(image)


auto = Auto()


def measured(image: Image, *, noise_side: int | None = None) -> tuple[ImageStatistics, FloatImage]:
    """Return the statistics of an image, and the subsample ``(H, W, C)`` that they are of.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any image of the contract.
    noise_side : int, optional
        Side in px of the square in the middle that the noise is measured in, as if it were white: quick, and enough where
        it is not taken away. Default: all of the image, as it is.
    """
    checked = check_image(image)
    planes = checked if checked.ndim == 3 else checked[:, :, np.newaxis]
    sample = to_float(subsample(planes))
    if noise_side is None:
        return image_statistics(sample, measure_noise(planes)), sample
    top, left = (max(0, (length - noise_side) // 2) for length in planes.shape[:2])
    square = to_float(planes[top : top + noise_side, left : left + noise_side])
    return image_statistics(sample, white_noise(square)), sample


def image_statistics(image: FloatImage, noise: NoiseModel | tuple[float, float] | None = None) -> ImageStatistics:
    """Measure an image of shape ``(H, W, C)``; its noise, or the levels of luma and chroma if it is white, may be given."""
    sample = subsample(image)
    light, largest = luma(sample), sample.max(axis=2)
    middle, highlight = np.percentile(largest, [50, 99.5])
    middle, highlight = max(float(middle), 1 / 255), max(float(highlight), 0.02)
    black, white = np.percentile(sample, [0.5, 99.5])
    noise = measure_noise(image) if noise is None else noise
    levels = noise if isinstance(noise, tuple) else (noise.luma_level, noise.chroma_level)
    if levels[0] > max(_FALSE_NOISE, 1.25 * float(light.std())):
        levels = 0.0, 0.0
    return ImageStatistics(
        mean=float(light.mean()),
        highlight=highlight,
        stops=float(np.log2(highlight / middle)),
        shadows=float((light < 0.1).mean()),
        black=float(black),
        white=float(white),
        luma_noise=levels[0],
        chroma_noise=levels[1],
        coarseness=0.5 if isinstance(noise, tuple) else noise.coarseness,
        noise=None if isinstance(noise, tuple) else noise,
        shapes=_shapes(light, levels[0]),
    )


def _shapes(light: FloatImage, noise: float) -> float:
    height, width = (length // _SQUARE for length in light.shape)
    if height * width < 16 or noise == 0:
        return np.inf
    cut = light[: height * _SQUARE, : width * _SQUARE]
    squares = cut.reshape(height, _SQUARE, width, _SQUARE).mean(axis=(1, 3))
    low, high = np.percentile(squares, [2, 98])
    return float(high - low) / (noise / _SQUARE)


def _decide(statistics: ImageStatistics, sample: FloatImage) -> list[Step]:
    dark, night, under = statistics.dark, statistics.night, statistics.under_exposed
    flat = ramp(statistics.span, 0.5, 0.25) * (1 - dark)  # haze, fog, a radiograph
    if statistics.span < max(0.1, 6 * statistics.luma_noise):  # nothing there to see: a blank page
        flat = 0.0
    gain = float((_WHITE / statistics.highlight) ** under) if under > 0 else 1.0
    shadows = Shadows.of(sample[::2, ::2])
    lift = _lift(statistics, np.clip(sample * gain, 0, 1)) * (1 - _LOW_KEY * max(shadows.low_key, night) * (1 - under))
    backlit = shadows.backlit * (1 - night) * (1 - under)
    opened = shadows.lift(backlit, statistics.luma_noise) if backlit > 0.05 else 0.0
    lift, opened = statistics.seen * lift, statistics.seen * opened
    steps = []
    brightened = gain * (1 + 0.5 * max(lift, opened))
    jpeg = statistics.noise.jpeg if statistics.noise else None
    if jpeg and brightened * jpeg.coarseness >= _COARSE:
        steps.append(step("deblock", **as_parameters(jpeg)))
    share = _share_of_noise(statistics, brightened, max(dark, under))
    if share > 0:
        of_luma, of_chroma = (min(share * one, 0.5) for one in (statistics.luma_noise, statistics.chroma_noise))
        steps.append(_step("denoise_photo", luma=of_luma, chroma=of_chroma, coarse=statistics.coarseness))
    if flat > 0.05:
        steps.append(_step("levels", black=flat * statistics.black, white=1 - flat * (1 - statistics.white)))
    if opened > max(lift, 0.05):  # of two lifts the stronger, which works locally
        steps.append(_step("develop", shadows=opened, toe=2 / 255, protect=PROTECT, **_OPENED))
    elif gain > 1.01 or lift >= 0.05:
        steps.append(_exposed(sample, gain, lift, under))
    return steps


def _share_of_noise(statistics: ImageStatistics, brightened: float, dark: float) -> float:
    """Return how much of the noise is worth taking away: of what will show as more than 1.5 levels of 255.

    Of a picture that is well lit and stays as it is, more: there it hardly shows, and strong noise is often meant, the grain of
    a film or of the subject, unless it is as strong in the colours.
    """
    if statistics.luma_noise == 0:
        return 0.0
    visible = 255 * statistics.luma_noise * brightened
    least = 1.5 + 1.5 * (1 - dark) * ramp(brightened, 1.3, 1.0)
    grain = (1 - dark) * ramp(statistics.chroma_noise, 0.3 * statistics.luma_noise, 0.15 * statistics.luma_noise)
    colour = ramp(statistics.chroma_noise, 0.4 * statistics.luma_noise, 0.8 * statistics.luma_noise)
    colour *= ramp(statistics.coarseness, 0.96, 0.9)  # what is all left at half the size is the picture's own
    strong = (1 - dark) * (1 - colour) * ramp(255 * statistics.luma_noise, 5.0, 10.0)
    most = (_MOST_IN_LIGHT + dark + colour) / statistics.luma_noise
    return min(ramp(visible, least, 2 * least) * (1 - 0.75 * max(grain, strong)), most)


def _exposed(sample: FloatImage, gain: float, lift: float, under: float) -> Step:
    lit = 1 - under  # a scene with lights of its own: work locally, keep black and lamps
    numbers = {"exposure": float(np.log2(gain)) / STOP, "shadows": lift, "toe": 2 / 255 * lit, "protect": 1.5 * lit}
    numbers |= {"local": 0.85 * lit, "follow": 1 - 0.25 * lit, "color_floor": COLOR_FLOOR * under + 0.006 * lit}
    if under > 0.05:
        numbers |= _balance(_step("develop", **numbers)(sample[::4, ::4]), 0.4 * under)
    return _step("develop", **numbers)


def _balance(sample: FloatImage, amount: float) -> dict[str, float]:
    """Return the warmth and tint that take a share of the cast away; as `white_balance` with a norm of 3 measures it."""
    if sample.shape[2] != 3:
        return {}
    red, green, blue = -amount * np.log(ImageTones(sample).power_means(3.0) + 1e-4)
    warmth, tint = (red - blue) / 2, (red + blue) / 2 - green
    return {"warmth": float(np.clip(warmth, -1, 1)), "tint": float(np.clip(tint, -1, 1))}


def _lift(statistics: ImageStatistics, sample: FloatImage) -> float:
    """Return the lift that brings the mean to where it should be, and opens large deep shadows a little."""
    dark, night, under = statistics.dark, statistics.night, statistics.under_exposed
    pull = dark * (0.57 + 0.2 * (1 - ramp(statistics.stops, 2, 4)))
    shadows = ramp(statistics.shadows, 0.15, 0.55) * (1 - under) * (1 - 0.4 * night)
    mean = max(float(luma(sample).mean()), 1e-3)
    # A dark scene with lights of its own goes about half of the way to a good mean; an under-exposed one all the way,
    # but the darker of two stays the darker.
    scene = mean * max(_GOOD_MEAN / mean, 1.0) ** pull
    aim = max(mean, scene ** (1 - under) * (_GOOD_MEAN * (mean / _DARK_MEAN) ** 0.25) ** under)
    low, high = 0.0, 4 * (1 - 0.4 * night) * (1 - under) + 12 * under
    toe, protect = 2 / 255 * (1 - under), 1.5 * (1 - under)
    values, shares = _distribution(sample)
    for _ in range(16):
        lift = (low + high) / 2
        curved = values * (
            1 + lift * (1 - values) ** (1 + protect) / (1 + lift * values) * values / (values + toe + 1e-6)
        )
        low, high = (lift, high) if curved @ shares < aim else (low, lift)
    return max((low + high) / 2, 2 * shadows)


def _distribution(sample: FloatImage) -> tuple[FloatImage, FloatImage]:
    """Return 1024 values and their shares over the channels, each channel by its weight in luma: means of curves follow."""
    levels = np.rint(sample.reshape(-1, sample.shape[2]) * 1023).astype(np.int64)
    weights = LUMA if sample.shape[2] == len(LUMA) else np.full(sample.shape[2], 1 / sample.shape[2])
    counts = sum(w * np.bincount(levels[:, channel], minlength=1024) for channel, w in enumerate(weights))
    return np.arange(1024) / 1023, np.asarray(counts) / len(levels)


def _step(name: str, **values: float) -> Step:
    return step(name, **{key: round(float(value), 5) for key, value in values.items()})


def subsample(image: FloatImage) -> FloatImage:
    """Return every n-th pixel of every n-th row, some 60,000 in all: what the statistics of tones are taken from."""
    step = subsample_step(image.shape)
    return image[::step, ::step]


def subsample_step(shape: tuple[int, ...]) -> int:
    """Return the n of `subsample` for an image of this shape."""
    return max(1, int(np.sqrt(shape[0] * shape[1] / 60_000)))
