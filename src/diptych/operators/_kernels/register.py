"""Faster path of `register`: the same search, with faster resampling."""

from __future__ import annotations

from diptych.core.image import Image, to_float
from diptych.core.operator import FastPath
from diptych.core.parameters import Table
from diptych.operators._alignment import Matrix, Plane
from diptych.operators._kernels._geometry import resample
from diptych.operators.register import found


def _warp(plane: Plane, matrix: Matrix) -> Plane:
    shape = plane.shape[0], plane.shape[1]
    return resample(plane[:, :, None], matrix[:2], shape, "linear", "nearest")[:, :, 0]


def _register(
    image: Image, *, reference: Image | None, thumbnail: Table | None, model: str, interpolation: str, border: str
) -> Image:
    floats = to_float(reference) if reference is not None else None
    matrix = found(to_float(image), floats, thumbnail, model, _warp)
    return resample(image, matrix[:2], (image.shape[0], image.shape[1]), interpolation, border)


PATHS = (FastPath("OpenCV and Numba", ("uint8", "uint16", "float32"), _register),)
