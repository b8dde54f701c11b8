"""Estimating the noise of an image from the image alone, in one way for the whole project.

All functions measure the response of blocks of 16 x 16 px to a mask that is blind to edges and slopes, and read the noise from
the quarter of the blocks where it is weakest: `noise_level` that of one channel, `picture_noise` that of luma and chroma,
`estimate_noise` without the blocks in which black or white cuts it off, `noise_curve` as a function of brightness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diptych.core.color import CB_SCALE, CR_SCALE, luma
from diptych.core.image import FloatImage, Image, check_image, to_float

# The mask multiplies the standard deviation by 6; the mean of |normal| is sqrt(2 / pi) of it.
_SCALE = float(np.sqrt(np.pi / 2) / 6)
_BLOCK = 16
_FEWEST_BLOCKS = 16
_QUARTER = 25.0  # percentile of the blocks that is read
_UNBIASED = 1.03  # that of equally noisy blocks is 1.06 too low; the picture's own texture makes up for half
_MARGIN = 2.0  # standard deviations from black and white that a block has to keep
_BLACK, _WHITE = 4 / 255, 0.96  # blocks beyond are left out
_FLOOR = 0.02  # added to the brightness: in black there is noise too
_POWERS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
_CLEARLY = 0.97  # noise is the same everywhere unless another power explains it so much better


def noise_level(channel: FloatImage, brightness: FloatImage | None = None) -> float:
    """Estimate the standard deviation of the noise of one channel.

    The response to the mask ``[1 -2 1]ᵀ [1 -2 1]``, which is blind to edges and slopes, is averaged in blocks of 16 x
    16; the noise is read from the least noisy quarter of the blocks that are neither black nor white, so that texture does
    not count as noise.

    Parameters
    ----------
    channel : ndarray, shape (H, W)
        Floats in [0, 1] (or a colour difference).
    brightness : ndarray, shape (H, W), optional
        What tells black and white blocks; the channel itself by default.

    Returns
    -------
    float
        Standard deviation, as an intensity; 0 for an image under 3 x 3.

    References
    ----------
    Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding 64 (1996).

    Examples
    --------
    >>> noisy = 0.5 + np.random.default_rng(0).normal(0, 0.02, (256, 256))
    >>> 0.018 < noise_level(noisy) < 0.021
    True
    """
    if min(channel.shape) < 3:
        return 0.0
    local, level = noise_blocks(channel, channel if brightness is None else brightness)
    if local.size < _FEWEST_BLOCKS:
        return _SCALE * float(_response(channel).mean())
    return level_of_blocks(local, level)


def noise_blocks(channel: FloatImage, brightness: FloatImage) -> tuple[FloatImage, FloatImage]:
    """Return the noise and the brightness of each complete block of 16 x 16 px, as `noise_level` measures them."""
    response = _response(channel)
    down, across = response.shape[0] // _BLOCK, response.shape[1] // _BLOCK
    return _SCALE * _block_means(response, down, across), _block_means(brightness[1:-1, 1:-1], down, across)


def level_of_blocks(local: FloatImage, level: FloatImage) -> float:
    """Return the standard deviation of the noise from `noise_blocks`, however many they were measured in."""
    usable = (level > _BLACK) & (level < _WHITE)
    return float(np.percentile(local[usable] if usable.sum() >= _FEWEST_BLOCKS else local, _QUARTER))


def picture_noise(image: Image) -> tuple[float, float]:
    """Return the standard deviations of the noise of luma and chroma of an image ``(H, W, C)``; chroma is 0 without colour."""
    planes = noise_planes(to_float(image))
    return luma_and_chroma([noise_level(channel, brightness) for channel, brightness in planes])


def noise_planes(image: FloatImage) -> list[tuple[FloatImage, FloatImage]]:
    """Return the planes in which noise is measured, each with its brightness: luma, and for RGB also Cr and Cb."""
    light = luma(image)
    if image.shape[2] != 3:
        return [(light, light)]
    return [
        (light, light),
        ((image[:, :, 0] - light) / CR_SCALE, light),
        ((image[:, :, 2] - light) / CB_SCALE, light),
    ]


def luma_and_chroma(levels: Sequence[float]) -> tuple[float, float]:
    """Return the noise of luma and chroma from that of the planes; chroma is the root mean square of its two planes."""
    light, *colours = levels
    return light, float(np.hypot(colours[0], colours[1]) / np.sqrt(2)) if colours else 0.0


def estimate_noise(image: Image) -> float:
    """Estimate the standard deviation of the noise of an image.

    The mean over the channels of `noise_level`, from the blocks whose mean is two standard deviations of the noise or more
    away from black and white.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any image of the contract.

    Returns
    -------
    float
        Standard deviation, as an intensity in [0, 1] whatever the dtype; 0 for an image under 3 x 3.

    Raises
    ------
    ImageError
        If the image breaks the contract.

    Notes
    -----
    Meant for white noise: what JPEG compression or scaling has smoothed is found too low, and a texture that covers the
    whole image is taken for noise.

    References
    ----------
    Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding 64 (1996).

    Examples
    --------
    >>> noisy = 0.5 + np.random.default_rng(0).normal(0, 0.05, (128, 128, 3))
    >>> 0.045 < estimate_noise(np.clip(noisy, 0, 1)) < 0.055
    True
    """
    floats = to_float(check_image(image))
    channels = floats.reshape(*floats.shape[:2], -1)
    return float(np.mean([_unclipped_level(channels[:, :, c]) for c in range(channels.shape[2])]))


def _unclipped_level(channel: FloatImage) -> float:
    # Where the noise reaches black or white it is cut off and looks weaker: such blocks are left out, which takes a first
    # estimate to know.
    sigma = noise_level(channel)
    for _ in range(2):
        margin = min(_MARGIN * sigma, 0.4)
        sigma = noise_level(channel, _BLACK + (channel - margin) / (1 - 2 * margin) * (_WHITE - _BLACK))
    return _UNBIASED * sigma


@dataclass(frozen=True, eq=False)
class NoiseCurve:
    """Standard deviation of the noise of each channel by brightness: ``level ((I + 0.02) / 1.02)^(power / 2)``.

    `power` is 0 for noise that is the same everywhere, and near 1 for that of counted photons.
    """

    levels: FloatImage
    power: float

    @property
    def visible(self) -> bool:
        """Whether there is noise above a tenth of a level of 8 bits."""
        return bool(np.max(self.levels) > 0.1 / 255)

    def __call__(self, brightness: FloatImage) -> FloatImage:
        """Return the standard deviation of the noise at the brightness of each value of an image ``(H, W, C)``."""
        return np.asarray(self.levels * _shape(brightness, self.power), np.float32)


def noise_curve(parts: Sequence[FloatImage]) -> NoiseCurve:
    """Measure the noise of an image, given as parts ``(H, W, C)`` of it: how strong, and how it grows with brightness.

    As `noise_level`, from the least noisy quarter of the blocks. The power is the one for which that quarter, all blocks
    divided by the curve, is best defined (least mean of the quantile's own loss).

    Examples
    --------
    >>> flat = np.repeat(np.linspace(0.1, 0.9, 256, dtype=np.float32), 256).reshape(256, 256, 1)
    >>> counted = np.random.default_rng(0).poisson(200 * flat).astype(np.float32) / 200
    >>> noise_curve([counted]).power
    1.0
    """
    blocks = [_blocks(part) for part in parts]
    means, local = (np.concatenate([block[side] for block in blocks]) for side in (0, 1))
    curve = NoiseCurve(_levels(means, local, 0.0), 0.0)
    for _ in range(2):
        usable = _usable(means, curve)
        fits = [_fit(means, local, usable, power) for power in _POWERS]
        best = int(np.argmin(fits))
        power = _POWERS[best] if fits[best] < _CLEARLY * fits[0] else 0.0
        curve = NoiseCurve(_levels(means, local, power, usable), power)
    return curve


def _blocks(part: FloatImage) -> tuple[FloatImage, FloatImage]:
    """Return mean and noise of each block, ``(blocks, C)``; of a part smaller than a block, as one."""
    down, across = ((length - 2) // _BLOCK for length in part.shape[:2])
    found = []
    for channel in np.moveaxis(part, 2, 0):
        pair = channel[1:-1, 1:-1], _response(channel)
        whole = not down * across
        found.append([[v.mean()] if whole else _block_means(v, down, across).ravel() for v in pair])
    means, local = np.moveaxis(np.asarray(found, np.float64), 1, 0)
    return means.T, local.T


def _usable(means: FloatImage, curve: NoiseCurve) -> FloatImage:
    margin = np.minimum(_MARGIN * curve(means), 0.4)
    usable = (means > np.maximum(margin, _BLACK)) & (means < np.minimum(1 - margin, _WHITE))
    return usable | (usable.sum(axis=0) < _FEWEST_BLOCKS)


def _levels(means: FloatImage, local: FloatImage, power: float, usable: FloatImage | None = None) -> FloatImage:
    divided = np.where(True if usable is None else usable, local / _shape(means, power), np.nan)
    return np.asarray(_UNBIASED * _SCALE * np.nanpercentile(divided, _QUARTER, axis=0))


def _fit(means: FloatImage, local: FloatImage, usable: FloatImage, power: float) -> float:
    left = np.log((local + 1e-6) / _shape(means, power))
    left = np.where(usable, left, np.nan)
    above = left - np.nanpercentile(left, _QUARTER, axis=0)
    return float(np.nanmean(np.maximum(_QUARTER / 100 * above, (_QUARTER / 100 - 1) * above)))


def _shape(brightness: FloatImage, power: float) -> FloatImage:
    return np.asarray(((np.clip(brightness, 0, 1) + _FLOOR) / (1 + _FLOOR)) ** (power / 2))


def _response(channel: FloatImage) -> FloatImage:
    rows = channel[:-2] - 2 * channel[1:-1] + channel[2:]
    return np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])


def _block_means(values: FloatImage, down: int, across: int) -> FloatImage:
    blocks = values[: down * _BLOCK, : across * _BLOCK].reshape(down, _BLOCK, across, _BLOCK)
    return blocks.mean(axis=(1, 3), dtype=np.float64)
