"""Faster paths for `diptych.operators.exposure`: curves as tables for integers, in small pieces for floats."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from diptych.core.image import Image, from_float, white_level
from diptych.core.operator import FastPath
from diptych.core.parallel import in_strips
from diptych.operators._kernels.retinex import Plane, over_rows
from diptych.operators.exposure import brightened, curve, window


def _nothing(image: Image, *, gain: float, lift: float, **rest: float) -> bool:
    return gain == 1 and lift == 0


def _copy(image: Image, **parameters: float) -> Image:
    return image.copy()


def _pointwise(image: Image, *, lift: float, local: float, **rest: float) -> bool:
    return lift == 0 or local == 0


def _bytes(image: Image, *, gain: float, lift: float, local: float, toe: float, protect: float) -> Image:
    lifted = _tables(256, gain, lift, toe, protect)[1]
    return np.asarray(cv2.LUT(image, from_float(lifted, image.dtype))).reshape(image.shape)


def _words(image: Image, *, gain: float, lift: float, local: float, toe: float, protect: float) -> Image:
    from diptych.operators._kernels import exposure_numba as kernels

    table = from_float(_tables(65536, gain, lift, toe, protect)[1], image.dtype)
    out = np.empty_like(image)
    over_rows(kernels.look_up, image.reshape(-1, 1), table, out.reshape(-1, 1))
    return out


def _floats(image: Image, *, gain: float, lift: float, local: float, toe: float, protect: float) -> Image:
    out = np.empty_like(image)

    def work(start: int, stop: int) -> None:
        for rows in _chunks(image, start, stop):
            base = brightened(image[rows], gain)
            _lift(base, lift, toe, protect, out[rows])

    in_strips(work, image.shape[0])
    return out


def _local(image: Image, *, gain: float, lift: float, local: float, toe: float, protect: float) -> Image:
    from diptych.operators._kernels import exposure_numba as kernels
    from diptych.operators._kernels._edge_aware_numba import guided_filter

    plane, out = np.empty(image.shape[:2], np.float32), np.empty_like(image)
    base, lifted = _tables(int(white_level(image.dtype)) + 1, gain, lift, toe, protect)
    if image.dtype.kind == "u":
        over_rows(kernels.brightest, image, base, plane)
    else:
        over_rows(_brightest, image, gain, plane)
    plane = guided_filter(plane, plane, window(plane.shape), 0.01)
    over_rows(_to_gain, plane, local, lift, toe, protect)
    if image.dtype.kind == "u":
        white = np.float32(white_level(image.dtype))
        over_rows(kernels.relight, image, base, lifted * np.float32(1 - local), plane, white, out)
    else:
        over_rows(_relight, image, plane, out, gain, local, lift, toe, protect)
    return out


def _brightest(image: Image, gain: float, plane: Plane) -> None:
    from diptych.operators._kernels import exposure_numba as kernels

    kernels.largest(image, plane)
    if gain > 1:
        for rows in _chunks(plane, 0, plane.shape[0]):
            plane[rows] = brightened(plane[rows], gain)


def _to_gain(plane: Plane, local: float, lift: float, toe: float, protect: float) -> None:
    for rows in _chunks(plane, 0, plane.shape[0]):
        around = np.clip(plane[rows], np.float32(1e-3), np.float32(1))
        _lift(around, lift, toe, protect, plane[rows])
        plane[rows] *= np.float32(local)
        plane[rows] /= around


def _relight(
    image: Image, gains: Plane, out: Image, gain: float, local: float, lift: float, toe: float, protect: float
) -> None:
    for rows in _chunks(image, 0, image.shape[0]):
        base = brightened(image[rows], gain)
        _lift(base, lift, toe, protect, out[rows])
        out[rows] *= np.float32(1 - local)
        out[rows] += base * gains[rows][:, :, np.newaxis]
        np.minimum(out[rows], np.float32(1), out=out[rows])


def _lift(base: Plane, lift: float, toe: float, protect: float, out: Plane) -> None:
    from diptych.operators._kernels import exposure_numba as kernels

    if lift == 0:
        out[...] = base
        return
    room = np.float32(1) - base
    if protect > 0:
        np.power(room, np.float32(1 + protect), out=room)
    kernels.lift(base.reshape(-1), room.reshape(-1), np.float32(lift), np.float32(toe + 1e-6), out.reshape(-1))


def _chunks(image: Image, start: int, stop: int) -> Iterator[slice]:
    # A few rows at a time, so that what is in between stays in the cache.
    rows = max(1, 16384 // image[0].size)
    return (slice(first, min(first + rows, stop)) for first in range(start, stop, rows))


def _tables(entries: int, gain: float, lift: float, toe: float, protect: float) -> tuple[Plane, Plane]:
    base = brightened(np.linspace(0, 1, entries), gain)
    lifted = curve(base, lift, toe, protect) if lift > 0 else base
    return base.astype(np.float32), lifted.astype(np.float32)


PATHS = (
    FastPath("copy", ("uint8", "uint16", "float32"), _copy, when=_nothing, note="gain = 1 and lift = 0"),
    FastPath("OpenCV", ("uint8",), _bytes, when=_pointwise, note="lift = 0 or local = 0: one table"),
    FastPath("Numba", ("uint16",), _words, when=_pointwise, note="lift = 0 or local = 0: one table"),
    FastPath("Numba", ("float32",), _floats, when=_pointwise, note="lift = 0 or local = 0"),
    FastPath("Numba", ("uint8", "uint16", "float32"), _local),
)
