"""How noisy an image is, measured from the image alone."""

from __future__ import annotations

import numpy as np

from diptych.core.image import FloatImage

_BLOCK = 16
_FEWEST_BLOCKS = 16


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
    rows = channel[:-2] - 2 * channel[1:-1] + channel[2:]
    response = np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])
    # The mask multiplies the standard deviation by 6; the mean of |normal| is sqrt(2 / pi) of it.
    scale = float(np.sqrt(np.pi / 2) / 6)
    down, across = response.shape[0] // _BLOCK, response.shape[1] // _BLOCK
    if down * across < _FEWEST_BLOCKS:
        return scale * float(response.mean())
    local = scale * _block_means(response, down, across)
    level = _block_means((channel if brightness is None else brightness)[1:-1, 1:-1], down, across)
    usable = (level > 4 / 255) & (level < 0.96)
    return float(np.percentile(local[usable] if usable.sum() >= _FEWEST_BLOCKS else local, 25))


def _block_means(values: FloatImage, down: int, across: int) -> FloatImage:
    blocks = values[: down * _BLOCK, : across * _BLOCK].reshape(down, _BLOCK, across, _BLOCK)
    return blocks.mean(axis=(1, 3), dtype=np.float64)
