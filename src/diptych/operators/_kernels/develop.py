"""Faster paths for `diptych.operators.develop`: the curve as a table, and one pass over the rows."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, to_float, white_level
from diptych.core.kernels import rows_in, rows_out
from diptych.core.operator import FastPath
from diptych.core.parallel import in_strips
from diptych.operators._tone_curve import EPSILON, ToneCurve, sample_step, window
from diptych.operators.develop import balance, curve_of

Floats = NDArray[Any]

_FIRST_BITS = {"uint8": 0x38000000, "uint16": 0x33000000, "float32": 0x30000000}  # 2^-15, 2^-25, 2^-31
_DARKEST, _WHITE = 0x3A800000, 0x3F800000  # 2^-10, 1
_UNSEEN = 0.75  # of a level: less never makes two once it is rounded
_LAST = 0x40C00000  # 6, more than the largest factor of a channel


def _neutral(image: Image, *, saturation: float, gamma: float, **rest: float) -> bool:
    changes = ("exposure", "shadows", "warmth", "tint", "color_floor")
    return saturation == gamma == 1 and not any(rest[name] for name in changes)


def _copy(image: Image, **numbers: float) -> Image:
    return image.copy()


def _develop(image: Image, *, dtype: np.dtype[Any] | None = None, **numbers: float) -> Image:
    from diptych.operators._kernels import develop_numba as kernels

    curve, out = curve_of(numbers), np.empty(image.shape, dtype or image.dtype)
    factors = balance(image.shape[2], numbers["warmth"], numbers["tint"], np.float64)
    levels = white_level(out.dtype) * max(numbers["saturation"], 1)
    is_local = numbers["shadows"] > 0 and numbers["local"] > 0 and (out.dtype.kind == "f" or _shows(curve, levels))
    nowhere = np.zeros((1, 1), np.float32)
    lines = _lines(image, curve, factors) if is_local else (nowhere, nowhere, 0)
    # Where x is 1 the curve has a corner; on the keys it lies at 1, which is an entry of the table.
    scale = min(curve.gain, 1.0)
    given = (
        (factors * scale / white_level(image.dtype)).astype(np.float32),
        *map(np.float32, (numbers["follow"], numbers["saturation"], numbers["color_floor"] * scale)),
        np.float32(white_level(out.dtype)),
        out.dtype == np.uint8,
    )
    tables = _tables(curve, scale, _FIRST_BITS[image.dtype.name], is_local)

    rows, out_rows = rows_in(image), rows_out(out)

    def work(start: int, stop: int) -> None:
        scratch = np.zeros((kernels.ROWS + image.shape[2]) * kernels.PITCH, np.float32)
        views = (scratch, scratch.view(np.uint32), scratch.view(np.uint64))
        line = np.empty(kernels.PIECE * image.shape[2], np.float32)
        around = np.zeros((4, image.shape[1] + kernels.PIECE), np.float32)
        kernels.develop(rows, out_rows, views, line, around, given, tables, lines, start, stop)

    in_strips(work, image.shape[0])
    return out


def _shows(curve: ToneCurve, levels: float) -> bool:
    """Tell whether the surroundings can change a result of so many levels by what would be seen in it."""
    around = np.linspace(1e-3, 1, 256)
    return curve.local * float(np.ptp(curve.lifted(around) / around)) * levels > _UNSEEN


def _tables(curve: ToneCurve, scale: float, first: int, is_local: bool) -> tuple[Any, ...]:
    base = curve.base(_keys(first, _LAST) / scale)
    lifted, share = curve.lifted(base), curve.local if is_local else 0.0
    lifted[0] = base[0] = 0
    around = np.clip(_keys(_DARKEST, _WHITE), 1e-3, 1)
    lift = share * curve.lifted(around) / around
    return _table((1 - share) * lifted, base, (first, _LAST)), _table(lift, np.zeros_like(lift), (_DARKEST, _WHITE))


def _keys(first: int, last: int) -> Floats:
    """Return the keys of a table, and one more, to interpolate to."""
    return np.arange(first, last + 0x4000, 0x2000, dtype=np.uint32).view(np.float32).astype(np.float64)


def _table(one: Floats, other: Floats, ends: tuple[int, int]) -> tuple[Any, ...]:
    entries = np.stack([one, other], axis=1).astype(np.float32)
    return entries, entries.reshape(-1).view(np.uint64), *map(np.uint32, ends)


def _lines(image: Image, curve: ToneCurve, factors: Floats) -> tuple[Floats, Floats, int]:
    """Return slope and offset of the surroundings and their step, as `Surroundings.of` finds them."""
    step = sample_step(image.shape)
    sample = np.ascontiguousarray(image[::step, ::step])
    largest = to_float(sample[:, :, 0]) * np.float32(factors[0])
    for channel in range(1, image.shape[2]):
        np.maximum(largest, to_float(sample[:, :, channel]) * np.float32(factors[channel]), out=largest)
    side = window(image.shape, step)

    def mean(plane: Floats) -> Floats:
        return cv2.boxFilter(plane, -1, (side, side), borderType=cv2.BORDER_REFLECT_101)

    base = curve.base(largest).astype(np.float64)
    average = mean(base)
    variance = np.maximum(mean(base * base) - average * average, 0)
    slope = variance / (variance + EPSILON)
    lines = mean(slope), mean(average - slope * average)
    return lines[0].astype(np.float32), lines[1].astype(np.float32), step


PATHS = (
    FastPath("copy", ("uint8", "uint16", "float32"), _copy, when=_neutral, note="numbers that change nothing"),
    FastPath("Numba", ("uint8", "uint16", "float32"), _develop, note="the curve as a table", any_depth=True),
)
"""Kernels of `diptych.operators.develop`."""
