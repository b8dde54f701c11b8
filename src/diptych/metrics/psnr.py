"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math

import numpy as np

from diptych.core.image import Image, white_level
from diptych.core.metric import metric


@metric(unit="dB", direction="higher", lowest=0.0, identity=math.inf, symmetric=True)
def psnr(image: Image, reference: Image) -> float:
    """Peak signal-to-noise ratio: how far an image is from its reference, by the mean of the squared differences.

    ``10 log10(1 / mean((image - reference)^2))`` with intensities in [0, 1], over all pixels and channels together.

    Returns
    -------
    float
        Decibels, 0 or more; infinity for identical images.

    Notes
    -----
    Same as `skimage.metrics.peak_signal_noise_ratio`, computed in float64.

    References
    ----------
    Huynh-Thu and Ghanbari, "Scope of validity of PSNR in image/video quality assessment", Electronics Letters 44 (2008).

    Examples
    --------
    >>> image = np.full((8, 8), 128, np.uint8)
    >>> psnr(image, image)
    inf
    >>> round(psnr(image, image + 10), 2)
    28.13
    """
    difference = image.astype(np.float64) - reference.astype(np.float64)
    error = float(np.mean(difference * difference)) / white_level(image.dtype) ** 2
    return decibels(error)


def decibels(error: float) -> float:
    """Return the ratio in dB for a mean squared error of intensities in [0, 1]."""
    return 10 * math.log10(1 / error) if error > 0 else math.inf
