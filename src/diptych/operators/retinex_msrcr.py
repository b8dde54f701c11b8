"""Multi-scale Retinex with colour restoration."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.core.parameters import Range
from diptych.operators._retinex import FLOOR, detail, stretched


@operator(group="illumination", kernels="retinex")
def retinex_msrcr(
    image: Image,
    *,
    small: Annotated[float, Range(1, 1000, "px")] = 15.0,
    medium: Annotated[float, Range(1, 1000, "px")] = 80.0,
    large: Annotated[float, Range(1, 1000, "px")] = 250.0,
    alpha: Annotated[float, Range(10, 1000)] = 125.0,
    clip: Annotated[float, Range(0, 25, "%")] = 1.0,
) -> Image:
    """Even out the illumination in every channel at three scales, and restore the colour that this removes.

    ``R_i = C_i mean over s of (log(I_i + e) - log(gaussian(I_i, s) + e))``, e = 1/255, with the colour restoration
    ``C_i = log(alpha (I_i + e) / sum over j of (I_j + e))``; R is stretched between its percentiles `clip` and
    100 - `clip`, taken over all channels together. An image without detail (R spans less than 0.02) is returned as it is.

    Parameters
    ----------
    small : float
        Standard deviation of the smallest surround.
    medium : float
        Standard deviation of the middle surround.
    large : float
        Standard deviation of the largest surround.
    alpha : float
        Strength of the non-linearity of the colour restoration: the smaller, the more saturated.
    clip : float
        Share of the values that becomes black, and white.

    Notes
    -----
    The percentile stretch takes the place of the paper's final gain and offset (192 and -30). The paper's factor beta
    (46) is left out: it multiplies all of R, and the stretch takes it away again. Unlike `retinex_ssr` and `retinex_msr`,
    this changes hues: a colour cast of the light is taken away.

    References
    ----------
    Jobson, Rahman and Woodell, "A multiscale retinex for bridging the gap between color images and the human
    observation of scenes", IEEE Transactions on Image Processing 6 (1997), section IV.

    Examples
    --------
    >>> scene = np.random.default_rng(0).uniform(0.2, 0.8, (64, 64, 3)).astype(np.float32)
    >>> cast = scene * np.array([1.0, 0.6, 0.3], np.float32)
    >>> spread = [float(np.ptp(part.mean(axis=(0, 1)))) for part in (cast, retinex_msrcr(cast))]
    >>> spread[1] < 0.5 * spread[0]
    True
    """
    logs = np.log(image + FLOOR)
    restoration = np.log(alpha) + logs - np.log((image + FLOOR).sum(axis=2, keepdims=True))
    details = np.stack([detail(image[:, :, c], [small, medium, large]) for c in range(image.shape[2])], axis=2)
    result = stretched(np.asarray(restoration * details, image.dtype), clip)
    return image if result is None else result
