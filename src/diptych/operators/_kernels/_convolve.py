"""Gaussian blur: in one pass over the image, or for wide ones by cosine transforms; any dtype and number of channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.operators._borders import border_index
from diptych.operators._kernels._lines import by_rows, white_or_zero
from diptych.operators._kernels._wide_blur import blurred, spectrum

NO_BLUR = 0.125
"""Below this sigma the window of 4 sigma is a single pixel."""

WIDE = 12.0
"""From this sigma on, cosine transforms are faster than adding up the window."""


def half_gaussian(sigma: float) -> NDArray[np.float64]:
    """Return SciPy's weights from the centre outwards, cut off at 4 sigma.

    >>> half_gaussian(0.5).round(4).tolist()
    [0.7866, 0.1065, 0.0003]
    """
    weights = np.exp(-0.5 * (np.arange(int(4 * sigma + 0.5) + 1) / sigma) ** 2)
    return np.asarray(weights / (2 * weights.sum() - weights[0]))


def convolved(image: Image, weights: NDArray[np.float64], border: str, amount: float = -1.0) -> Image:
    """Convolve along rows and columns with a symmetric kernel, given from the centre outwards.

    With `amount`, return ``image + amount * (image - convolved)``.
    """
    from diptych.operators._kernels._convolve_numba import convolve

    radius = max(3, -(-(len(weights) - 1) // 3) * 3)  # the kernel takes three pairs of neighbours at a time
    kernel = np.zeros(radius + 1, np.float32)
    kernel[: len(weights)] = weights
    rows, columns = (border_index(length, radius, border) for length in image.shape[:2])
    strength, white = np.float32(amount), white_or_zero(image)
    return by_rows(
        lambda flat, out, start, stop: convolve(flat, out, start, stop, rows, columns, kernel, strength, white), image
    )


def transformed(image: Image, sigma: float, amount: float = -1.0) -> Image:
    """Blur with the border ``reflect``, at the same price for any sigma; `amount` as in `convolved`."""
    out, white = np.empty_like(image), white_level(image.dtype)
    for c in range(image.shape[2]):
        plane = np.array(image[:, :, c], np.float32, order="C")
        result = blurred(spectrum(plane), sigma)
        if amount >= 0:
            np.subtract(plane, result, out=result)
            result *= np.float32(amount)
            result += plane
        np.clip(result, 0, white, out=result)
        out[:, :, c] = np.rint(result, out=result) if image.dtype.kind == "u" else result
    return out
