"""The faster paths of `gaussian`, `unsharp_mask`, `sobel` and `laplacian`, and the convolution that `uniform` shares.

A Gaussian is convolved in one pass over the image, a large one by cosine transforms; any dtype and number of channels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.core.operator import Declaration, FastPath
from diptych.operators._borders import border_index
from diptych.operators._kernels._lines import by_rows, white_or_zero
from diptych.operators._kernels._wide_blur import blurred, spectrum

_DTYPES = ("uint8", "uint16", "float32")
_NO_BLUR = 0.125
"""Below this sigma the window of 4 sigma is a single pixel."""

_LARGE = 12.0
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
        result = blurred(spectrum(plane), sigma, overwrite=True)
        if amount >= 0:
            np.subtract(plane, result, out=result)
            result *= np.float32(amount)
            result += plane
        np.clip(result, 0, white, out=result)
        out[:, :, c] = np.rint(result, out=result) if image.dtype.kind == "u" else result
    return out


def _gaussian(image: Image, *, sigma: float, border: str) -> Image:
    return convolved(image, half_gaussian(sigma), border) if sigma >= _NO_BLUR else image.copy()


def _gaussian_by_cosines(image: Image, *, sigma: float, border: str) -> Image:
    return transformed(image, sigma)


def _gaussian_is_large(image: Image, *, sigma: float, border: str) -> bool:
    return sigma >= _LARGE and border == "reflect"


def _unsharp(image: Image, *, sigma: float, amount: float) -> Image:
    return convolved(image, half_gaussian(sigma), "reflect", amount) if sigma >= _NO_BLUR else image.copy()


def _unsharp_by_cosines(image: Image, *, sigma: float, amount: float) -> Image:
    return transformed(image, sigma, amount)


def _unsharp_is_large(image: Image, *, sigma: float, amount: float) -> bool:
    return sigma >= _LARGE


def _sobel(image: Image, *, output: str, border: str) -> Image:
    from diptych.operators._kernels._stencils_numba import sobel_rows

    rows, columns = (border_index(length, 1, border) for length in image.shape[:2])
    white = white_or_zero(image)
    offset = 0.0 if output == "magnitude" else 0.5 * (float(white) or 1.0)
    shares = (output == "horizontal", output == "vertical", offset, white)
    numbers = [np.float32(number) for number in shares]
    return by_rows(lambda flat, out, start, stop: sobel_rows(flat, out, start, stop, rows, columns, *numbers), image)


def _laplacian(image: Image, *, output: str, border: str) -> Image:
    from diptych.operators._kernels._stencils_numba import laplacian_rows

    rows, columns = (border_index(length, 1, border) for length in image.shape[:2])
    white = white_or_zero(image)
    factor, offset = (0.25, 0.0) if output == "magnitude" else (0.125, 0.5 * (float(white) or 1.0))
    numbers = (np.float32(factor), np.float32(offset), white)
    return by_rows(
        lambda flat, out, start, stop: laplacian_rows(flat, out, start, stop, rows, columns, *numbers), image
    )


_PATHS: dict[str, tuple[FastPath, ...]] = {
    "gaussian": (
        FastPath(
            "SciPy",
            _DTYPES,
            _gaussian_by_cosines,
            when=_gaussian_is_large,
            note="sigma from 12, reflect: cosine transform",
        ),
        FastPath(
            "Numba",
            _DTYPES,
            _gaussian,
            note="rounds once; OpenCV's GaussianBlur rounds the weights and both passes of an integer image",
        ),
    ),
    "unsharp_mask": (
        FastPath(
            "SciPy",
            _DTYPES,
            _unsharp_by_cosines,
            when=_unsharp_is_large,
            note="sigma from 12: cosine transform",
        ),
        FastPath("Numba", _DTYPES, _unsharp, note="blur and difference row by row, fused"),
    ),
    "sobel": (FastPath("Numba", _DTYPES, _sobel, note="both components and the length in one pass"),),
    "laplacian": (FastPath("Numba", _DTYPES, _laplacian, note="differences and scaling in one pass"),),
}


def paths(declaration: Declaration) -> tuple[FastPath, ...]:
    """Return the faster paths of one of these operators."""
    return _PATHS[declaration.name]
