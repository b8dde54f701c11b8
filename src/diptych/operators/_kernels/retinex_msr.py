"""Faster paths for `diptych.operators.retinex_msr`."""

from __future__ import annotations

from diptych.core.image import Image
from diptych.core.operator import FastPath
from diptych.operators._kernels._retinex import even_out


def _run(image: Image, *, small: float, medium: float, large: float, clip: float) -> Image:
    return even_out(image, [small, medium, large], clip)


PATHS = (FastPath("Numba", ("uint8", "uint16", "float32"), _run, note="the surrounds by a cosine transform"),)
