"""The faster paths of the three Retinex operators: one logarithm per pixel, of the product of all ratios."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.core.operator import Declaration, FastPath
from diptych.core.parallel import in_chunks, in_strips
from diptych.operators._kernels._wide_blur import blurred, spectrum
from diptych.operators._retinex import FLOOR, LEAST

Plane = NDArray[np.float32]
_FLOOR = np.float32(FLOOR)
CHUNK = 64  # rows, which stay in the cache
_LARGE = 10_000_000  # px


def paths(declaration: Declaration) -> tuple[FastPath, ...]:
    """Return the faster path of a Retinex operator."""
    runs: dict[str, Callable[..., Image]] = {"retinex_ssr": _ssr, "retinex_msr": _msr, "retinex_msrcr": _msrcr}
    run = runs[declaration.name]
    return (FastPath("Numba", ("uint8", "uint16", "float32"), run, note="the surrounds by a cosine transform"),)


def _ssr(image: Image, *, sigma: float, clip: float) -> Image:
    return _with_detail(image, [sigma], clip)


def _msr(image: Image, *, small: float, medium: float, large: float, clip: float) -> Image:
    return _with_detail(image, [small, medium, large], clip)


def _msrcr(image: Image, *, small: float, medium: float, large: float, alpha: float, clip: float) -> Image:
    from diptych.operators._kernels import _illumination_numba as kernels

    white = np.float32(white_level(image.dtype))
    result = np.empty(image.shape, np.float32)
    for channel in range(image.shape[2]):
        result[:, :, channel] = detail(functools.partial(level_plane, channel=channel), image, [small, medium, large])
    in_strips(lambda start, stop: _restore(image[start:stop], result[start:stop], white, alpha), image.shape[0])
    if not stretch(result, clip):
        return image.copy()
    if image.dtype == np.float32:
        return result
    out = np.empty_like(image)
    over_rows(kernels.store_rows, result, white, out)
    return out


def _restore(image: Image, details: Image, white: np.float32, alpha: float, rows: int = 16) -> None:
    # A few rows at a time, which stay in the cache.
    for start in range(0, image.shape[0], rows):
        part = image[start : start + rows] / white + np.float32(FLOOR)
        part /= part.sum(axis=2, keepdims=True)
        part *= np.float32(alpha)
        details[start : start + rows] *= np.log(part, out=part)


def _with_detail(image: Image, sigmas: Sequence[float], clip: float) -> Image:
    """Return what `_retinex.stretched_detail` makes of the luma of an RGB image, or of every channel of another."""
    from diptych.operators._kernels import _illumination_numba as kernels

    out, white = np.empty_like(image), np.float32(white_level(image.dtype))
    colour = image.shape[2] == 3
    for channel in range(1 if colour else image.shape[2]):
        new = detail(luma_plane if colour else functools.partial(level_plane, channel=channel), image, sigmas)
        if not stretch(new, clip):
            part = slice(None) if colour else channel
            out[:, :, part] = image[:, :, part]
        elif colour:
            over_rows(kernels.relight, image, white, new, out)
        else:
            over_rows(kernels.store_channel, new, channel, white, out)
    return out


def over_rows(kernel: Callable[..., object], *arguments: Any) -> None:
    """Call a kernel on strips of its arguments: arrays of two axes or more are cut into strips, anything else is passed on."""
    rows = max(value.shape[0] for value in arguments if np.ndim(value) > 1)

    def work(start: int, stop: int) -> None:
        kernel(*(value[start:stop] if np.ndim(value) > 1 else value for value in arguments))

    in_strips(work, rows)


def luma_plane(image: Image) -> Plane:
    """Return the luma of an RGB image, in [0, 1]."""
    from diptych.operators._kernels import _illumination_numba as kernels

    plane, white = np.empty(image.shape[:2], np.float32), np.float32(white_level(image.dtype))
    over_rows(kernels.lumas, image, white, plane)
    return plane


def level_plane(image: Image, channel: int) -> Plane:
    """Return one channel as a plane of floats in [0, 1]."""
    from diptych.operators._kernels import _illumination_numba as kernels

    plane, white = np.empty(image.shape[:2], np.float32), np.float32(white_level(image.dtype))
    over_rows(kernels.levels, image, channel, white, plane)
    return plane


def detail(level: Callable[[Image], Plane], image: Image, sigmas: Sequence[float]) -> Plane:
    """Return `_retinex.detail` of a plane of an image, which `level` finds for any rows of it.

    The spectrum of a large picture is found anew for each blur, which takes its place.
    """
    count, cosines, product = len(sigmas), None, None
    large = image.shape[0] * image.shape[1] > _LARGE
    for number, sigma in enumerate(sigmas, 1):
        cosines = spectrum(level(image), overwrite=True) if cosines is None else cosines
        last = large or number == count
        surround = blurred(cosines, sigma, overwrite=last)
        cosines = None if last else cosines
        product = surround if product is None else product
        in_chunks(functools.partial(_multiply, surround, product), len(image), CHUNK)
        del surround
    assert product is not None
    in_chunks(functools.partial(_logarithm, level, image, product, count), len(image), CHUNK)
    return product


def _multiply(surround: Plane, product: Plane, rows: slice) -> None:
    part = surround[rows]
    part += _FLOOR
    if product is not surround:
        product[rows] *= part


def _logarithm(level: Callable[[Image], Plane], image: Image, product: Plane, count: int, rows: slice) -> None:
    """Write the mean logarithm of the ratios of the plane to its surrounds, in the place of their product."""
    part = level(image[rows])
    part += _FLOOR
    ratio = part / product[rows]
    for _ in range(count - 1):
        ratio *= part
    np.log(ratio, out=part)
    np.multiply(part, np.float32(1 / count), out=product[rows])


def stretch(values: NDArray[Any], clip: float) -> bool:
    """Stretch values in place as `_retinex.stretched` does; say whether there was anything to stretch."""
    from diptych.operators._kernels._percentile_numba import percentiles

    black, white = percentiles(values.reshape(-1), [clip, 100 - clip])
    if white - black < LEAST:
        return False
    scale = np.float32(1 / (white - black))

    def work(start: int, stop: int) -> None:
        part = values[start:stop]
        part -= np.float32(black)
        part *= scale
        np.clip(part, 0, 1, out=part)

    in_strips(work, values.shape[0])
    return True
