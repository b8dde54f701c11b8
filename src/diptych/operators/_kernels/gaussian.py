"""Faster paths of `gaussian`."""

from __future__ import annotations

from diptych.core.image import Image
from diptych.core.operator import FastPath
from diptych.operators._kernels._convolve import NO_BLUR, WIDE, convolved, half_gaussian, transformed


def _numba(image: Image, *, sigma: float, border: str) -> Image:
    return convolved(image, half_gaussian(sigma), border) if sigma >= NO_BLUR else image.copy()


def _scipy(image: Image, *, sigma: float, border: str) -> Image:
    return transformed(image, sigma)


def _is_wide(image: Image, *, sigma: float, border: str) -> bool:
    return sigma >= WIDE and border == "reflect"


PATHS = (
    FastPath(
        "SciPy", ("uint8", "uint16", "float32"), _scipy, when=_is_wide, note="sigma from 12, reflect: cosine transform"
    ),
    FastPath(
        "Numba",
        ("uint8", "uint16", "float32"),
        _numba,
        note="rounds once; OpenCV's GaussianBlur rounds the weights and both passes of an integer image",
    ),
)
