"""The recipe ``auto``: looks at an image, decides, and needs neither a reference nor a model."""

from __future__ import annotations

import numpy as np

from diptych.core.color import LUMA, luma
from diptych.core.enhancer import EnhancerSpec
from diptych.core.image import FloatImage, Image, check_image
from diptych.core.tones import ImageTones
from diptych.operators.deblock import as_parameters
from diptych.operators.develop import STOP
from diptych.recipes._shadows import PROTECT, Shadows, ramp
from diptych.recipes.recipe import Recipe
from diptych.recipes.statistics import DARK_MEAN, WHITE, ImageStatistics, measured
from diptych.recipes.steps import Step, step

_GOOD_MEAN = 0.45  # luma: the median of 465 good photographs; a tenth lies under 0.24
_LOW_KEY = 0.8  # share of the lift that a night, or a picture that is dark on purpose, does not get
_OPENED = {"local": 0.95, "follow": 0.6, "color_floor": 0.006}

_COARSE = 8.0
"""Mean step of the low frequencies of a JPEG, after brightening, from which on its blocks are removed: quality 70 as it is."""

_MOST_IN_LIGHT = 0.0055
"""Of noise of luma that is taken away from a well-lit picture: what looks like more is more often the subject's own grain."""

COLOR_FLOOR = 0.014
"""Of under-exposed pictures: three and a half levels of 255, below which colours are mostly errors of black and noise."""
_SPREAD = 1.0
"""Stops: of 40 dark scenes that were also photographed with enough light, two thirds have it 0.6 under to 1.3 over the plan."""


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


def _decide(statistics: ImageStatistics, sample: FloatImage) -> list[Step]:
    dark, night, under = statistics.dark, statistics.night, statistics.under_exposed
    flat = ramp(statistics.span, 0.5, 0.25) * (1 - dark)  # haze, fog, a radiograph
    if statistics.span < max(0.1, 6 * statistics.luma_noise):  # nothing there to see: a blank page
        flat = 0.0
    gain = float((WHITE / statistics.highlight) ** under) if under > 0 else 1.0
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
    a film or of the subject, unless it is as strong in the colours. So it is in the dark where it looks like leaves or wool.
    """
    if statistics.luma_noise == 0:
        return 0.0
    texture = _texture(statistics)
    dark *= 1 - texture
    visible = 255 * statistics.luma_noise * brightened
    least = 1.5 + 1.5 * (1 - dark) * ramp(brightened, 1.3, 1.0)
    grain = (1 - dark) * ramp(statistics.chroma_noise, 0.3 * statistics.luma_noise, 0.15 * statistics.luma_noise)
    colour = ramp(statistics.chroma_noise, 0.4 * statistics.luma_noise, 0.8 * statistics.luma_noise)
    # What is all left at half the size is the picture's own.
    colour *= (1 - texture) * ramp(statistics.coarseness, 0.96, 0.9)
    strong = (1 - dark) * (1 - colour) * ramp(255 * statistics.luma_noise, 5.0, 10.0)
    most = (_MOST_IN_LIGHT + dark + colour) / statistics.luma_noise
    return min(ramp(visible, least, 2 * least) * (1 - 0.75 * max(grain, strong)), most)


def _texture(statistics: ImageStatistics) -> float:
    """Return how far what was found is rather the subject's texture than noise: with little colour, and coarse; 0 to 1.

    In nine of ten photographs of dark rooms the noise of chroma is 0.74 to 0.98 of that of luma, and averaging 2 x 2 px leaves
    0.50 to 0.53 of it; where there are leaves and no flat place, 0.2 to 0.5, and 0.7 to 0.95. Without colour are stars, too.
    What got too little light has noise for sure.
    """
    colour = statistics.chroma_noise / statistics.luma_noise
    without = ramp(colour, 0.25, 0.12) if colour else 0.0
    texture = max(ramp(colour, 0.7, 0.52) * ramp(statistics.coarseness, 0.62, 0.70), without)
    return texture * (1 - statistics.under_exposed)


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
    aim = max(mean, scene ** (1 - under) * (_GOOD_MEAN * (mean / DARK_MEAN) ** 0.25) ** under)
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
