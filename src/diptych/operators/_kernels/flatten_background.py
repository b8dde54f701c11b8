"""Faster paths for `diptych.operators.flatten_background`."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.core.parallel import in_strips
from diptych.operators._kernels._wide_blur import blurred, spectrum
from diptych.operators._kernels.retinex import Plane, level_plane, over_rows

_FLOOR = np.float32(1 / 255)


def _run(image: Image, *, sigma: float, mode: Literal["divide", "subtract"]) -> Image:
    from diptych.operators._kernels import _illumination_numba as kernels

    out, white = np.empty_like(image), np.float32(white_level(image.dtype))
    for channel in range(image.shape[2]):
        plane = level_plane(image, channel)
        flat = _subtracted(plane, sigma) if mode == "subtract" else _divided(plane, sigma)
        over_rows(kernels.store_channel, flat, channel, white, out)
    return out


def _subtracted(plane: Plane, sigma: float) -> Plane:
    flat = blurred(spectrum(plane), sigma, overwrite=True)
    shift = np.float32(_mean(flat))

    def work(start: int, stop: int) -> None:
        part = flat[start:stop]
        np.subtract(plane[start:stop], part, out=part)
        part += shift

    in_strips(work, plane.shape[0])
    return flat


def _divided(plane: Plane, sigma: float) -> Plane:
    ratio = blurred(spectrum(plane), sigma, overwrite=True)

    def work(start: int, stop: int) -> None:
        part = ratio[start:stop]
        part += _FLOOR
        np.divide(plane[start:stop], part, out=part)

    in_strips(work, plane.shape[0])
    scale = np.float32(_mean(plane) / max(_mean(ratio), 1e-6))
    in_strips(lambda start, stop: np.multiply(ratio[start:stop], scale, out=ratio[start:stop]), plane.shape[0])
    return ratio


def _mean(plane: Plane) -> float:
    # By rows, so that the order of the additions does not depend on the strips.
    sums = np.empty(plane.shape[0])
    in_strips(lambda start, stop: plane[start:stop].sum(axis=1, dtype=np.float64, out=sums[start:stop]), sums.size)
    return math.fsum(sums) / plane.size


PATHS = (FastPath("Numba", ("uint8", "uint16", "float32"), _run, note="the blur by a cosine transform"),)
