"""Estimated noise."""

from __future__ import annotations

import numpy as np

from diptych.core.color import luma_or_channels
from diptych.core.image import Image, to_float
from diptych.core.metric import metric
from diptych.core.noise import noise_level


@metric(direction="lower", smallest_side=3)
def noise(image: Image) -> float:
    """Estimated standard deviation of the noise of the luma, as an intensity (1 is white).

    The response to the mask ``[1 -2 1]^T [1 -2 1]`` in the least noisy quarter of the blocks of 16 x 16 pixels, scaled to
    the standard deviation of white noise: see `diptych.core.noise.noise_level`.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any image of the contract, 3 pixels or more on each side; BT.601 luma of an RGB image, else the mean of the
        channels' noises.

    Returns
    -------
    float
        0 or more; 0 for a constant image.

    Notes
    -----
    Low noise is not quality: blur lowers it too. Noise that was smoothed over several pixels, as by JPEG, counts less.

    References
    ----------
    Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding 64 (1996).

    Examples
    --------
    >>> grain = np.random.default_rng(0).normal(0.5, 0.02, (256, 256)).astype(np.float32)
    >>> 0.018 < noise(grain) < 0.021
    True
    """
    channels = luma_or_channels(to_float(image))
    return float(np.mean([noise_level(channels[:, :, c]) for c in range(channels.shape[2])]))
