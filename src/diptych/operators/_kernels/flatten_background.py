"""Faster paths for `diptych.operators.flatten_background`."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.core.parallel import in_chunks, in_strips
from diptych.operators._kernels._wide_blur import blurred, spectrum
from diptych.operators._kernels.retinex import CHUNK, Plane, level_plane, over_rows

_FLOOR = np.float32(1 / 255)


def _run(image: Image, *, sigma: float, mode: Literal["divide", "subtract"]) -> Image:
    from diptych.operators._kernels import _illumination_numba as kernels

    out, white = np.empty_like(image), np.float32(white_level(image.dtype))
    for channel in range(image.shape[2]):
        flat = (_subtracted if mode == "subtract" else _divided)(image, channel, sigma)
        over_rows(kernels.store_channel, flat, channel, white, out)
        del flat  # before the next one is made
    return out


def _subtracted(image: Image, channel: int, sigma: float) -> Plane:
    flat = blurred(spectrum(level_plane(image, channel), overwrite=True), sigma, overwrite=True)
    shift = np.float32(_mean(flat))

    def work(rows: slice) -> None:
        part = flat[rows]
        np.subtract(level_plane(image[rows], channel), part, out=part)
        part += shift

    in_chunks(work, len(image), CHUNK)
    return flat


def _divided(image: Image, channel: int, sigma: float) -> Plane:
    plane = level_plane(image, channel)
    mean = _mean(plane)
    ratio = blurred(spectrum(plane, overwrite=True), sigma, overwrite=True)

    def work(rows: slice) -> None:
        part = ratio[rows]
        part += _FLOOR
        np.divide(level_plane(image[rows], channel), part, out=part)

    in_chunks(work, len(image), CHUNK)
    scale = np.float32(mean / max(_mean(ratio), 1e-6))
    in_strips(lambda start, stop: np.multiply(ratio[start:stop], scale, out=ratio[start:stop]), len(ratio))
    return ratio


def _mean(plane: Plane) -> float:
    # By rows, so that the order of the additions does not depend on the strips.
    sums = np.empty(plane.shape[0])
    in_strips(lambda start, stop: plane[start:stop].sum(axis=1, dtype=np.float64, out=sums[start:stop]), sums.size)
    return math.fsum(sums) / plane.size


PATHS = (FastPath("Numba", ("uint8", "uint16", "float32"), _run, note="the blur by a cosine transform"),)
