"""Measurements: functions that take an image and return a number, so no operators."""

from __future__ import annotations

import numpy as np

from diptych.core.image import FloatImage, Image, check_image, to_float
from diptych.core.noise import noise_level

_BLACK, _WHITE = 4 / 255, 0.96  # what `noise_level` takes for black and white
_REACH = 2.0  # standard deviations from black and white that a block has to keep
_UNBIASED = (
    1.03  # the calmest quarter of equally noisy blocks is 1.06 too calm; the picture's own texture makes up for half
)


def estimate_noise(image: Image) -> float:
    """Estimate the standard deviation of the noise of an image.

    Each channel is convolved with the mask ``[1 -2 1]ᵀ [1 -2 1]``, which is blind to edges and slopes; the noise is read
    from the calmest quarter of the blocks of 16 x 16 that are two standard deviations away from black and white (see
    `diptych.core.noise.noise_level`). The result is the mean over the channels.

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
    return float(np.mean([_channel(channels[:, :, c]) for c in range(channels.shape[2])]))


def _channel(channel: FloatImage) -> float:
    # Where the noise reaches black or white it is cut off and looks weaker: such blocks are left out, which takes a first
    # estimate to know.
    sigma = noise_level(channel)
    for _ in range(2):
        margin = min(_REACH * sigma, 0.4)
        sigma = noise_level(channel, _BLACK + (channel - margin) / (1 - 2 * margin) * (_WHITE - _BLACK))
    return _UNBIASED * sigma
