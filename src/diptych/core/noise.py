"""How noisy an image is, measured from the image alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diptych.core.image import FloatImage

# The mask multiplies the standard deviation by 6; the mean of |normal| is sqrt(2 / pi) of it.
_SCALE = float(np.sqrt(np.pi / 2) / 6)
_BLOCK = 16
_FEWEST_BLOCKS = 16
_CALM = 25.0  # percentile of the blocks that is read
_UNBIASED = 1.03  # that of equally noisy blocks is 1.06 too calm; the picture's own texture makes up for half
_REACH = 2.0  # standard deviations from black and white that a block has to keep
_BLACK = 0.02  # added to the brightness: in black there is noise too
_POWERS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
_CLEARLY = 0.97  # noise is the same everywhere unless another power explains it so much better


def noise_level(channel: FloatImage, brightness: FloatImage | None = None) -> float:
    """Estimate the standard deviation of the noise of one channel.

    The response to the mask ``[1 -2 1]ᵀ [1 -2 1]``, which is blind to edges and slopes, is averaged in blocks of 16 x
    16; the noise is read from the calmest quarter of the blocks that are neither black nor white, so that texture does
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
    """Return noise and brightness of each whole block of 16 x 16 px, as `noise_level` measures them."""
    response = _response(channel)
    down, across = response.shape[0] // _BLOCK, response.shape[1] // _BLOCK
    return _SCALE * _block_means(response, down, across), _block_means(brightness[1:-1, 1:-1], down, across)


def level_of_blocks(local: FloatImage, level: FloatImage) -> float:
    """Return the standard deviation of the noise from `noise_blocks`, however many they were measured in."""
    usable = (level > 4 / 255) & (level < 0.96)
    return float(np.percentile(local[usable] if usable.sum() >= _FEWEST_BLOCKS else local, _CALM))


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
        """Return the standard deviation where an image ``(H, W, C)`` is so bright."""
        return np.asarray(self.levels * _shape(brightness, self.power), np.float32)


def noise_curve(parts: Sequence[FloatImage]) -> NoiseCurve:
    """Measure the noise of an image, given as parts ``(H, W, C)`` of it: how strong, and how it grows with brightness.

    As `noise_level`, from the calmest quarter of the blocks. The power is the one for which that quarter, all blocks
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
    margin = np.minimum(_REACH * curve(means), 0.4)
    usable = (means > np.maximum(margin, 4 / 255)) & (means < np.minimum(1 - margin, 0.96))
    return usable | (usable.sum(axis=0) < _FEWEST_BLOCKS)


def _levels(means: FloatImage, local: FloatImage, power: float, usable: FloatImage | None = None) -> FloatImage:
    divided = np.where(True if usable is None else usable, local / _shape(means, power), np.nan)
    return np.asarray(_UNBIASED * _SCALE * np.nanpercentile(divided, _CALM, axis=0))


def _fit(means: FloatImage, local: FloatImage, usable: FloatImage, power: float) -> float:
    left = np.log((local + 1e-6) / _shape(means, power))
    left = np.where(usable, left, np.nan)
    above = left - np.nanpercentile(left, _CALM, axis=0)
    return float(np.nanmean(np.maximum(_CALM / 100 * above, (_CALM / 100 - 1) * above)))


def _shape(brightness: FloatImage, power: float) -> FloatImage:
    return np.asarray(((np.clip(brightness, 0, 1) + _BLACK) / (1 + _BLACK)) ** (power / 2))


def _response(channel: FloatImage) -> FloatImage:
    rows = channel[:-2] - 2 * channel[1:-1] + channel[2:]
    return np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])


def _block_means(values: FloatImage, down: int, across: int) -> FloatImage:
    blocks = values[: down * _BLOCK, : across * _BLOCK].reshape(down, _BLOCK, across, _BLOCK)
    return blocks.mean(axis=(1, 3), dtype=np.float64)
