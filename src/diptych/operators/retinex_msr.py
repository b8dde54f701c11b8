"""Multi-scale Retinex."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from diptych.core.color import luma_or_channels, with_luma
from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.core.parameters import Range
from diptych.operators._retinex import stretched_detail


@operator(group="illumination", kernels="retinex")
def retinex_msr(
    image: Image,
    *,
    small: Annotated[float, Range(1, 1000, "px")] = 15.0,
    medium: Annotated[float, Range(1, 1000, "px")] = 80.0,
    large: Annotated[float, Range(1, 1000, "px")] = 250.0,
    clip: Annotated[float, Range(0, 25, "%")] = 1.0,
) -> Image:
    """Even out the illumination: the logarithm of the image over its own surround, at three scales.

    ``R = mean over s of log(Y + e) - log(gaussian(Y, s) + e)``, e = 1/255; R is stretched between its percentiles
    `clip` and 100 - `clip`. Y is the luma of an RGB image, whose hue is kept; other channels are treated one by one.
    An image without detail (R spans less than 0.02) is returned as it is.

    Parameters
    ----------
    small : float
        Standard deviation of the smallest surround.
    medium : float
        Standard deviation of the middle surround.
    large : float
        Standard deviation of the largest surround.
    clip : float
        Share of the values that becomes black, and white.

    Notes
    -----
    The percentile stretch takes the place of the paper's fixed gain and offset.

    References
    ----------
    Jobson, Rahman and Woodell, "A multiscale retinex for bridging the gap between color images and the human
    observation of scenes", IEEE Transactions on Image Processing 6 (1997), section III.

    Examples
    --------
    >>> stripes = np.tile([0.3, 0.6], (64, 32)).astype(np.float32)
    >>> shaded = stripes * np.linspace(0.1, 1, 64, dtype=np.float32)
    >>> contrast = [float(np.ptp(part[:, :8].mean(axis=0))) for part in (shaded, retinex_msr(shaded))]
    >>> contrast[1] > 4 * contrast[0]
    True
    """
    old = luma_or_channels(image)
    new = np.stack([stretched_detail(old[:, :, c], [small, medium, large], clip) for c in range(old.shape[2])], axis=2)
    return with_luma(image, old, new) if image.shape[2] == 3 else new
