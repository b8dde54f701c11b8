"""Guided filter."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from diptych.core.errors import ParameterError
from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.core.parameters import Range, Reference, Value


def _refuse_guide(parameters: dict[str, Value]) -> dict[str, Value]:
    # A recipe is a value and holds no picture; guided by itself, the filter needs none.
    if parameters.get("guide") is not None:
        raise ParameterError("guided: guide = an image is not allowed in a recipe; give none, or call the operator")
    return parameters


@operator(
    group="filter", freeze=_refuse_guide, halo=lambda radius, epsilon, guide: 2 * radius if guide is None else None
)
def guided(
    image: Image,
    *,
    radius: Annotated[int, Range(1, 500, "px")] = 4,
    epsilon: Annotated[float, Range(1e-5, 1)] = 0.01,
    guide: Annotated[Image | None, Reference()] = None,
) -> Image:
    """Smooth surfaces and keep the edges of a guide: in every window the result is a linear function of the guide.

    ``out = mean(a) * guide + mean(b)``, ``a = cov(guide, in) / (var(guide) + epsilon)``, ``b = mean(in) - a * mean(guide)``,
    with means, variance and covariance over square windows of side ``2 * radius + 1``, channel by channel.

    Parameters
    ----------
    radius : int
        Half the side of the window.
    epsilon : float
        Variance of the guide below which a window counts as a surface and is smoothed: the square of a contrast.
    guide : ndarray, shape (H, W) or (H, W, C)
        The image whose edges are kept, of the same height and width, any depth, with one channel or as many as the
        image. None: the image itself.

    Raises
    ------
    ImageError
        If the image or the guide breaks the contract.
    ParameterError
        If a parameter is out of its bounds, or the guide has another size or number of channels.

    Notes
    -----
    Outside the image lies its reflection (SciPy's ``reflect``); He et al. shrink the window at the border instead. A guide
    of three channels guides channel by channel, without the covariance of its channels.

    References
    ----------
    He, Sun and Tang, "Guided image filtering", IEEE Transactions on Pattern Analysis and Machine Intelligence 35(6), 2013.

    Examples
    --------
    >>> edge = np.array([[10, 14, 10, 14, 200, 204, 200, 204]] * 5, np.uint8)
    >>> guided(edge, radius=1, epsilon=0.001)[2].tolist()
    [11, 12, 11, 14, 200, 203, 202, 203]
    """
    check_guide(image, guide)
    centred = image - np.float64(0.5)
    leader = centred if guide is None else np.broadcast_to(guide - np.float64(0.5), image.shape)
    mean_leader, mean = _box(leader, radius), _box(centred, radius)
    variance = _box(leader * leader, radius) - mean_leader * mean_leader
    covariance = _box(leader * centred, radius) - mean_leader * mean
    slope = covariance / (np.maximum(variance, 0) + epsilon)
    offset = mean - slope * mean_leader
    return np.asarray(_box(slope, radius) * leader + _box(offset, radius) + 0.5, image.dtype)


def _box(image: FloatImage, radius: int) -> FloatImage:
    from scipy import ndimage

    side = 2 * radius + 1
    return np.asarray(ndimage.uniform_filter(image, size=(side, side, 1), mode="reflect"))


def check_guide(image: Image, guide: Image | None) -> None:
    """Raise `ParameterError` if the guide does not fit the image ``(H, W, C)``."""
    if guide is None or (guide.shape[:2] == image.shape[:2] and guide.shape[2] in (1, image.shape[2])):
        return
    height, width, channels = image.shape
    raise ParameterError(
        f"guided: guide = an image of shape {guide.shape} is not allowed; "
        f"give {height} x {width} pixels with 1 or {channels} channels"
    )


def guided_filter(guide: FloatImage, source: FloatImage, size: int, epsilon: float) -> FloatImage:
    """Return the source ``(H, W)`` smoothed over windows of `size`, except across edges of the guide.

    He, Sun and Tang, "Guided image filtering", ECCV 2010; borders are mirrored (SciPy's ``mirror``).
    """
    slope, offset = guided_lines(guide, source, size, epsilon)
    return np.asarray(slope * guide + offset)


def guided_lines(guide: FloatImage, source: FloatImage, size: int, epsilon: float) -> tuple[FloatImage, FloatImage]:
    """Return slope and offset of the line by which the filter makes each px of its result from the guide's."""
    from scipy import ndimage

    def mean(values: FloatImage) -> FloatImage:
        return np.asarray(ndimage.uniform_filter(values, size, mode="mirror", output=np.float64))

    guide, source = guide.astype(np.float64), source.astype(np.float64)
    average, level = mean(guide), mean(source)
    variance = np.maximum(mean(guide * guide) - average * average, 0)
    slope = (mean(guide * source) - average * level) / (variance + epsilon)
    return mean(slope), mean(level - slope * average)
