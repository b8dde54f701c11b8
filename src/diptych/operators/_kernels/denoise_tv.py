"""Faster path of `denoise_tv`: strips of rows, several iterations in one pass over each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.core.operator import FastPath
from diptych.core.parallel import in_strips

_ROWS = 128  # of a strip
_AT_ONCE = 16  # iterations in one pass; a strip needs as many rows more on either side

Field = NDArray[np.float32]


def _numba(image: Image, *, weight: float, iterations: int) -> Image:
    out = np.empty_like(image)
    fields = np.empty((2, *image.shape[:2]), np.float32)
    for channel in range(image.shape[2]):
        fields[:] = 0
        for done in range(0, iterations, _AT_ONCE):
            _pass(image, channel, fields, min(_AT_ONCE, iterations - done), weight)
        _finish(image, channel, fields, out)
    return out


def _strips(height: int) -> list[tuple[int, int]]:
    count = -(-height // _ROWS)
    return [(height * k // count, height * (k + 1) // count) for k in range(count)]


def _pass(image: Image, channel: int, fields: Field, count: int, weight: float) -> None:
    # The rows beside a strip are put aside first, because its neighbours overwrite them.
    from diptych.operators._kernels import _tv_numba as kernels

    strips = _strips(image.shape[0])
    beside = [(fields[:, max(a - count, 0) : a].copy(), fields[:, b : b + count].copy()) for a, b in strips]

    def work(first: int, last: int) -> None:
        for (a, b), (above, below) in zip(strips[first:last], beside[first:last], strict=True):
            local = np.concatenate([above, fields[:, a:b], below], axis=1)
            top = above.shape[1]
            kernels.iterate(_rows(image, channel, a - top, local.shape[1]), local[0], local[1], count, weight)
            fields[:, a:b] = local[:, top : top + b - a]

    in_strips(work, len(strips), smallest=1)


def _rows(image: Image, channel: int, top: int, count: int) -> Field:
    from diptych.operators._kernels import _tv_numba as kernels

    rows = np.empty((count, image.shape[1]), np.float32)
    kernels.load(image, channel, top, np.float32(1 / white_level(image.dtype)), rows)
    return rows


def _finish(image: Image, channel: int, fields: Field, out: Image) -> None:
    from diptych.operators._kernels import _tv_numba as kernels

    scale: Any = np.float32(white_level(image.dtype))
    whole = image.dtype.kind == "u"

    def work(start: int, stop: int) -> None:
        top = max(start - 1, 0)
        rows = _rows(image, channel, top, stop - top)
        kernels.finish(
            rows, fields[0, top:stop], fields[1, top:stop], scale, whole, channel, start - top, out[start:stop]
        )

    in_strips(work, image.shape[0])


PATHS = (
    FastPath(
        "Numba",
        ("uint8", "uint16", "float32"),
        _numba,
        when=lambda image, *, weight, **_: weight >= 1e-6,
        note="weight > 0",
    ),
)
