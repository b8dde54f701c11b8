"""The guided filter, as operators use it to smooth a map along the edges of the image."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from diptych.core.image import FloatImage


def guided_filter(guide: FloatImage, source: FloatImage, size: int, epsilon: float) -> FloatImage:
    """Return the source ``(H, W)`` smoothed over windows of `size`, except across edges of the guide.

    He, Sun and Tang, "Guided image filtering", ECCV 2010; borders are mirrored (SciPy's ``mirror``).
    """
    slope, offset = lines(guide, source, size, epsilon)
    return np.asarray(slope * guide + offset)


def lines(guide: FloatImage, source: FloatImage, size: int, epsilon: float) -> tuple[FloatImage, FloatImage]:
    """Return slope and offset of the line by which the filter makes each px of its result from the guide's."""

    def mean(values: FloatImage) -> FloatImage:
        return np.asarray(ndimage.uniform_filter(values, size, mode="mirror", output=np.float64))

    guide, source = guide.astype(np.float64), source.astype(np.float64)
    average, level = mean(guide), mean(source)
    variance = np.maximum(mean(guide * guide) - average * average, 0)
    slope = (mean(guide * source) - average * level) / (variance + epsilon)
    return mean(slope), mean(level - slope * average)
