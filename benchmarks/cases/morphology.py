"""Morphology: OpenCV on the array in its own dtype, SciPy with the same element over rows and columns.

OpenCV does not reflect the element of a dilation and leaves out what is outside the image; SciPy reflects at the border.
Squares and disks are symmetric, so that all three compute the same away from the border. OpenCV has no area opening.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage
from skimage import morphology

from diptych import operators
from harness import Case

_OPENCV = {
    "erosion": cv2.MORPH_ERODE,
    "dilation": cv2.MORPH_DILATE,
    "opening": cv2.MORPH_OPEN,
    "closing": cv2.MORPH_CLOSE,
    "white_tophat": cv2.MORPH_TOPHAT,
    "black_tophat": cv2.MORPH_BLACKHAT,
    "morphological_gradient": cv2.MORPH_GRADIENT,
}
_SCIPY = {"erosion": "grey_erosion", "dilation": "grey_dilation", "opening": "grey_opening", "closing": "grey_closing"}


def _element(shape: str, size: int) -> np.ndarray:
    if shape == "disk":
        return morphology.disk(size // 2)
    return np.ones((size, size), np.uint8)


def _case(name: str, dtype: str, shape: str, size: int) -> Case:
    element = _element(shape, size)
    ours, theirs = getattr(operators, name), getattr(ndimage, _SCIPY.get(name, name))
    footprint = element.astype(bool)[:, :, np.newaxis]
    return Case(
        name,
        dtype,
        ours=lambda image: ours(image, shape=shape, size=size),
        opencv=lambda image: cv2.morphologyEx(image, _OPENCV[name], element),
        reference=lambda image: theirs(image, footprint=footprint),
        note=f"{shape} {size}",
    )


def _specks(dtype: str, area: int) -> Case:
    def reference(image: np.ndarray) -> np.ndarray:
        return np.stack([morphology.area_opening(image[:, :, c], area) for c in range(3)], axis=2)

    return Case(
        "remove_specks",
        dtype,
        ours=lambda image: operators.remove_specks(image, area=area),
        reference=reference,
        reference_name="scikit-image",
        note=f"area={area}, 480 x 270",
        shape=(270, 480, 3),  # scikit-image takes minutes at 1080p
    )


_DTYPES = ("uint8", "uint16", "float32")
_ELEMENTS = {
    "erosion": [("square", 3), ("square", 31), ("disk", 15)],
    "opening": [("square", 5), ("square", 31), ("disk", 15)],
}
CASES = [
    _case(name, dtype, shape, size)
    for name in _OPENCV
    for shape, size in _ELEMENTS.get(name, [("square", 5)])
    for dtype in _DTYPES
] + [_specks(dtype, 16) for dtype in _DTYPES]
