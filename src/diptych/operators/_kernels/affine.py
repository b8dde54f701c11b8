"""Faster paths of `affine`."""

from __future__ import annotations

from diptych.core.image import Image
from diptych.core.operator import FastPath
from diptych.core.parameters import Table
from diptych.operators._kernels._geometry import fits, fits_size, resample
from diptych.operators.affine import checked_map


def _fits(image: Image, *, matrix: Table, interpolation: str, **_: object) -> bool:
    return fits_size(image, interpolation) and fits(checked_map(matrix), (image.shape[0], image.shape[1]))


def _resample(image: Image, *, matrix: Table, interpolation: str, border: str) -> Image:
    return resample(image, checked_map(matrix), (image.shape[0], image.shape[1]), interpolation, border)


PATHS = (
    FastPath(
        "OpenCV and Numba",
        ("uint8", "uint16", "float32"),
        _resample,
        when=_fits,
        note="OpenCV: uint8 linear, but wrap; places within 1e9 px; cubic from 4 px",
    ),
)
