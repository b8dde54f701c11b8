"""Faster paths of `guided`."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, to_float, white_level
from diptych.core.operator import FastPath
from diptych.operators._borders import border_index
from diptych.operators._kernels._blocks import by_blocks, edges_of_blocks
from diptych.operators._kernels._lines import by_rows, white_or_zero
from diptych.operators._kernels._opencv import by_channels
from diptych.operators.guided import check_guide

Floats = NDArray[np.float32]

_SMALL = 1 << 17


def _guided(image: Image, *, radius: int, epsilon: float, guide: Image | None) -> Image:
    check_guide(image, guide)
    images = (image,) if guide is None else (image, np.broadcast_to(guide, image.shape))

    def filtered(block: Image, leader: Image | None = None) -> Image:
        centred = _centred(block)
        result = _filter(centred, centred if leader is None else _centred(leader), 2 * radius + 1, epsilon)
        return _restored(result, block.dtype)

    return by_blocks(filtered, images, 2 * radius, "reflect", padded=False)


def _centred(block: Image) -> Floats:
    # Around 0 the difference of two squares keeps more digits.
    return np.subtract(to_float(block), np.float32(0.5), dtype=np.float32)


def _restored(result: Floats, dtype: np.dtype[np.generic]) -> Image:
    white = white_level(dtype)
    result += np.float32(0.5)
    np.clip(result, 0, 1, out=result)
    return result if dtype.kind == "f" else np.asarray(result * np.float32(white) + np.float32(0.5)).astype(dtype)


def _filter(image: Floats, leader: Floats, side: int, epsilon: float) -> Floats:
    mean = _box(image, side)
    mean_leader = mean if leader is image else _box(leader, side)
    variance = _box(leader * leader, side)
    variance -= mean_leader * mean_leader
    np.maximum(variance, 0, out=variance)
    if leader is image:
        slope = np.divide(variance, variance + np.float32(epsilon), dtype=np.float32)
    else:
        slope = _box(leader * image, side)
        slope -= mean_leader * mean
        slope /= variance + np.float32(epsilon)
    offset = mean - slope * mean_leader
    result = _box(slope, side)
    result *= leader
    result += _box(offset, side)
    return result


def _box(image: Floats, side: int) -> Floats:
    return by_channels(lambda part: cv2.blur(part, (side, side), borderType=cv2.BORDER_REFLECT), image)


def _self_guided(image: Image, *, radius: int, epsilon: float, guide: Image | None) -> Image:
    from diptych.operators._kernels.guided_numba import guided_rows

    height, width = image.shape[:2]
    rows, columns = border_index(height, 2 * radius, "reflect"), border_index(width, radius, "reflect")
    white = white_or_zero(image)
    return by_rows(
        lambda flat, out, start, stop: guided_rows(flat, out, start, stop, rows, columns, radius, epsilon, white),
        image,
        edges_of_blocks(height, 2 * radius),
    )


def _is_large(image: Image, *, guide: Image | None, **parameters: object) -> bool:
    # What is gained on less, a millisecond, is not worth compiling for: plans look at such samples.
    return guide is None and image.size > _SMALL


PATHS = (
    FastPath(
        "Numba",
        ("uint8", "uint16", "float32"),
        _self_guided,
        when=_is_large,
        note="without a guide, 131,072 values and more",
    ),
    FastPath("OpenCV", ("uint8", "uint16", "float32"), _guided, note="its running sums, on blocks in the cache"),
)
