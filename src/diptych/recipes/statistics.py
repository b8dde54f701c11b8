"""What the rules of ``auto`` measure in an image before they decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diptych.core.color import luma
from diptych.core.image import FloatImage, Image, check_image, to_float
from diptych.core.noise import NoiseModel, measure_noise
from diptych.core.noise.level import white_noise
from diptych.recipes._shadows import ramp

# Of 465 good photographs the brightest channel's 99.5th percentile lies near 0.9; of 179 under-exposed ones, after gain, the
# mean luma has the median 0.24.
WHITE = 0.8
"""Where the highlights of an under-exposed picture are brought to."""

DARK_MEAN = 0.24
"""The mean luma that an under-exposed picture then has."""

# Stops under a good picture: 170 of 179 photographs of dark rooms lie over 1.9; of 615 others, nearly all good ones, seven.
_STOPS_UNDER = (1.4, 2.4)
_ALIKE = (0.28, 0.40)  # mean luma over highlights: of nine in ten good photographs over 0.35, of low keys 0.2 to 0.3

# From the darkest to the lightest: of dark rooms 0.047 or more. And that of squares over what noise leaves of it: of noise 5.
_SEEN, _OVER_NOISE = (0.02, 0.04), (6.0, 9.0)
_SQUARE = 8  # px of the sample

_FALSE_NOISE = 0.2  # from here on what is stronger than the picture varies is no noise: text on an empty ground


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
        highlights, mean = np.log2(WHITE / self.highlight), np.log2(DARK_MEAN / max(self.mean, 1e-3))
        alike = ramp(self.mean / self.highlight, *_ALIKE)
        return self.seen * self.dark * ramp(highlights, 0.3, 1.0) * max(alike, ramp(highlights + mean, *_STOPS_UNDER))


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


def subsample(image: FloatImage) -> FloatImage:
    """Return every n-th pixel of every n-th row, some 60,000 in all: what the statistics of tones are taken from."""
    step = subsample_step(image.shape)
    return image[::step, ::step]


def subsample_step(shape: tuple[int, ...]) -> int:
    """Return the n of `subsample` for an image of this shape."""
    return max(1, int(np.sqrt(shape[0] * shape[1] / 60_000)))
