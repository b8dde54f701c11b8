"""Structural similarity."""

from __future__ import annotations

import numpy as np

from diptych.core.image import Image, white_level
from diptych.core.metric import metric

WINDOW = 7
K1, K2 = 0.01, 0.03


@metric(direction="higher", lowest=-1.0, highest=1.0, identity=1.0, symmetric=True, smallest_side=WINDOW)
def ssim(image: Image, reference: Image) -> float:
    """Structural similarity: how alike the brightness, contrast and structure of small windows are.

    In each window of 7 x 7 pixels, with the means ``mx, my``, the sample variances ``vx, vy`` and the sample
    covariance ``vxy`` of the two images, and intensities in [0, 1],

    ``((2 mx my + 0.01^2) (2 vxy + 0.03^2)) / ((mx^2 + my^2 + 0.01^2) (vx + vy + 0.03^2))``

    averaged over all windows that lie inside the image and over the channels.

    Returns
    -------
    float
        -1 to 1; 1 for identical images. Two constant images differ by their brightness only.

    Notes
    -----
    Same as ``skimage.metrics.structural_similarity(image, reference, channel_axis=2, data_range=1)`` with its
    defaults, computed in float64. Windows with Gaussian weights, luma alone, or a rescaled image give other values.

    References
    ----------
    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural similarity", IEEE
    Transactions on Image Processing 13 (2004).

    Examples
    --------
    >>> image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    >>> ssim(image, image)
    1.0
    >>> ssim(image, 255 - image) < 0
    True
    """
    from scipy.ndimage import uniform_filter

    def mean(values: Image) -> Image:
        inner = slice(WINDOW // 2, -(WINDOW // 2))
        return uniform_filter(values, (WINDOW, WINDOW, 1))[inner, inner]

    white = white_level(image.dtype)
    x, y = image.astype(np.float64) / white, reference.astype(np.float64) / white
    mx, my = mean(x), mean(y)
    sample = WINDOW**2 / (WINDOW**2 - 1)
    variances = sample * (mean(x * x) - mx * mx + mean(y * y) - my * my)
    covariance = sample * (mean(x * y) - mx * my)
    likeness = (2 * mx * my + K1**2) * (2 * covariance + K2**2)
    return min(float(np.mean(likeness / ((mx * mx + my * my + K1**2) * (variances + K2**2)))), 1.0)
