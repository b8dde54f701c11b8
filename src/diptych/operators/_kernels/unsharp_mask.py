"""Faster paths of `unsharp_mask`."""

from __future__ import annotations

from diptych.core.image import Image
from diptych.core.operator import FastPath
from diptych.operators._kernels._convolve import NO_BLUR, WIDE, convolved, half_gaussian, transformed


def _numba(image: Image, *, sigma: float, amount: float) -> Image:
    return convolved(image, half_gaussian(sigma), "reflect", amount) if sigma >= NO_BLUR else image.copy()


def _scipy(image: Image, *, sigma: float, amount: float) -> Image:
    return transformed(image, sigma, amount)


def _is_wide(image: Image, *, sigma: float, amount: float) -> bool:
    return sigma >= WIDE


PATHS = (
    FastPath("SciPy", ("uint8", "uint16", "float32"), _scipy, when=_is_wide, note="sigma from 12: cosine transform"),
    FastPath("Numba", ("uint8", "uint16", "float32"), _numba, note="blur and difference row by row, fused"),
)
