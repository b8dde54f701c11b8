"""The faster path of `deblock`: the same in rows of blocks, on threads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, from_float, to_float
from diptych.core.noise import find_jpeg
from diptych.core.noise.blocks import dct_matrix
from diptych.core.operator import FastPath
from diptych.core.parallel import bands, in_strips
from diptych.core.parameters import Table
from diptych.operators.deblock import HALO, SHIFTS, as_parameters, deblocked_image

_SIDE = 8
_ROWS = 16  # of blocks that are worked on at once
_BAND = 2_500_000  # values of an image that are floats at once

Plane = NDArray[np.float32]


def _plane(plane: Plane, table: Plane, strength: float) -> Plane:
    from diptych.operators._kernels import deblock_numba as kernels

    around, out = np.pad(plane, _SIDE, mode="symmetric"), np.empty_like(plane)
    matrix, shifts = dct_matrix(_SIDE), np.array(SHIFTS)
    tables = np.stack([table * np.float32(strength), table * np.float32(0.5), matrix, matrix.T])

    def work(first: int, last: int) -> None:
        scratch = np.empty((4, _SIDE, _SIDE, plane.shape[1] // _SIDE + 1), np.float32)
        flat = scratch.reshape(4, _SIDE, -1)
        for start in range(_SIDE * first, _SIDE * last, _SIDE * _ROWS):
            total = around[start + _SIDE : min(start + _SIDE * _ROWS, _SIDE * last) + _SIDE].copy()
            kernels.deblock_rows(around, shifts, tables, total, np.ones_like(total), scratch, flat, out, start)

    in_strips(work, len(plane) // _SIDE, smallest=_ROWS)
    return out


def _deblock(image: Image, *, luma: Table | None, **parameters: Any) -> Image:
    """Deblock in bands of rows: floats of all planes, several at a time, are many times an image."""
    if luma is None:
        found = find_jpeg(image)
        if found is None:
            return image.copy()
        luma = as_parameters(found)["luma"]
        parameters |= {name: value for name, value in as_parameters(found).items() if name != "luma"}
    result = np.empty_like(image)
    for band in bands(len(image), _BAND // (image.shape[1] * image.shape[2]), HALO):
        done = deblocked_image(to_float(image[band.top : band.bottom]), _plane, luma=luma, **parameters)
        result[band.start : band.stop] = from_float(band.own(done), image.dtype)
    return result


PATHS = (FastPath("Numba", ("uint8", "uint16", "float32"), _deblock),)
