"""Quick estimates of white noise from the image alone.

All functions measure the response of blocks of 16 x 16 px to a mask that is blind to edges and slopes, and read the noise from
the quarter of the blocks where it is weakest: `noise_level` that of one channel, `white_noise` that of luma and chroma,
`estimate_noise` without the blocks in which black or white cuts it off.
"""

from __future__ import annotations

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
    response = _response(channel)
    down, across = response.shape[0] // _BLOCK, response.shape[1] // _BLOCK
    local = _SCALE * _block_means(response, down, across)
    if local.size < _FEWEST_BLOCKS:
        return _SCALE * float(response.mean())
    level = _block_means((channel if brightness is None else brightness)[1:-1, 1:-1], down, across)
    usable = (level > _BLACK) & (level < _WHITE)
    return float(np.percentile(local[usable] if usable.sum() >= _FEWEST_BLOCKS else local, _QUARTER))


def white_noise(image: FloatImage) -> tuple[float, float]:
    """Return the standard deviations of the noise of luma and chroma of an image ``(H, W, C)``; chroma is 0 without colour."""
    light = luma(image)
    if image.shape[2] != 3:
        return noise_level(light), 0.0
    colours = [noise_level((image[:, :, c] - light) / scale, light) for c, scale in ((0, CR_SCALE), (2, CB_SCALE))]
    return noise_level(light), float(np.hypot(colours[0], colours[1]) / np.sqrt(2))


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


def _response(channel: FloatImage) -> FloatImage:
    rows = channel[:-2] - 2 * channel[1:-1] + channel[2:]
    return np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])


def _block_means(values: FloatImage, down: int, across: int) -> FloatImage:
    blocks = values[: down * _BLOCK, : across * _BLOCK].reshape(down, _BLOCK, across, _BLOCK)
    return blocks.mean(axis=(1, 3), dtype=np.float64)
