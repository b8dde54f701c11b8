"""Faster paths for `diptych.operators.retinex_ssr`."""

from __future__ import annotations

from diptych.core.image import Image
from diptych.core.operator import FastPath
from diptych.operators._kernels._retinex import even_out


def _run(image: Image, *, sigma: float, clip: float) -> Image:
    return even_out(image, [sigma], clip)


PATHS = (FastPath("Numba", ("uint8", "uint16", "float32"), _run, note="the surround by a cosine transform"),)
