"""Haze removal by the dark channel prior."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from scipy import ndimage

from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.core.parameters import Range
from diptych.operators.guided import guided_filter

EPSILON = 1e-3
"""What the guided filter takes as an edge: a variance above this."""

SHARE = 1000
"""One pixel in so many is taken as pure haze."""


@operator(group="illumination")
def dehaze(
    image: Image,
    *,
    patch: Annotated[int, Range(1, 255, "px", step=2)] = 15,
    omega: Annotated[float, Range(0, 1)] = 0.95,
    t0: Annotated[float, Range(0.01, 1)] = 0.1,
    radius: Annotated[int, Range(1, 500, "px")] = 60,
) -> Image:
    """Remove haze by the dark channel prior: without haze, something near every pixel is dark in some channel.

    The dark channel is ``d(in)``, the minimum over the channels and over a window of `patch`. The colour of the haze, A, is the
    mean of the 0.1 % of pixels where d is highest. The share of light that the haze lets through is
    ``t = 1 - omega d(in / A)``, refined by a guided filter along the edges of the image, and
    ``out = (in - A) / max(t, t0) + A``. A grey image has the local minimum as its dark channel.

    Parameters
    ----------
    patch : int
        Side of the window of the dark channel, odd.
    omega : float
        Share of the haze that is removed; 0 leaves the image as it is.
    t0 : float
        Lowest transmission, which bounds how much contrast may grow: with the paper's 0.1 tenfold, which turns the noise of
        skies into neon colours. 0.5 keeps them clean, and is what the recipe ``haze`` takes.
    radius : int
        Radius of the guided filter's window.

    Notes
    -----
    Where several pixels tie for the last place of the 0.1 %, all of them count. The guide is the mean of the channels,
    and the guided filter (epsilon 0.001) stands in for the soft matting of the first paper, as its authors propose in the
    second. Bright surfaces without shadows (a white wall, snow) are taken for haze: a known limit of the prior.

    References
    ----------
    He, Sun and Tang, "Single image haze removal using dark channel prior", CVPR 2009, section 4; "Guided image
    filtering", ECCV 2010.

    Examples
    --------
    >>> scene = np.random.default_rng(0).uniform(0, 0.6, (64, 64, 3)).astype(np.float32)
    >>> hazy = 0.5 * scene + 0.5 * 0.9
    >>> bool(np.std(dehaze(hazy)) > 1.5 * np.std(hazy))
    True
    """
    haze = _haze(image, ndimage.minimum_filter(image.min(axis=2), patch, mode="reflect"))
    dark = ndimage.minimum_filter((image / np.maximum(haze, 1e-3)).min(axis=2), patch, mode="reflect")
    refined = guided_filter(image.mean(axis=2), 1 - omega * dark, 2 * radius + 1, EPSILON)
    transmission = np.clip(refined, t0, 1)[:, :, np.newaxis]
    return (image - haze) / transmission + haze


def _haze(image: FloatImage, dark: FloatImage) -> FloatImage:
    count = max(dark.size // SHARE, 1)
    threshold = np.partition(dark.ravel(), dark.size - count)[dark.size - count]
    return np.asarray(image[dark >= threshold].mean(axis=0, dtype=np.float64))
