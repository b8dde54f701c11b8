"""Faster path of `register`: the same alignment, with faster resampling."""

from __future__ import annotations

from diptych.core.image import Image
from diptych.core.operator import FastPath
from diptych.core.parameters import Table
from diptych.operators._kernels.geometry import resample
from diptych.operators.register import find_mapping


def _register(
    image: Image, *, reference: Image | None, thumbnail: Table | None, model: str, interpolation: str, border: str
) -> Image:
    mapping = find_mapping(image, reference, thumbnail, model)
    return resample(image, mapping, (image.shape[0], image.shape[1]), interpolation, border)


PATHS = (FastPath("OpenCV and Numba", ("uint8", "uint16", "float32"), _register),)
