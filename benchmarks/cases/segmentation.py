"""Thresholds of the luma of RGB, given back as a mask of three channels.

OpenCV's adaptive threshold takes 8 bits only, its Otsu 8 and 16 bits. scikit-image's luma has the weights of BT.709 and its
Otsu 256 levels here.
"""

from __future__ import annotations

import cv2
import numpy as np
from skimage import color, filters

from diptych import operators
from diptych.core.image import white_level
from harness import Case

_ADAPTIVE = {"mean": cv2.ADAPTIVE_THRESH_MEAN_C, "gaussian": cv2.ADAPTIVE_THRESH_GAUSSIAN_C}


def _luma(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def _mask(above: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return np.repeat(above[:, :, np.newaxis], 3, axis=2).astype(dtype) * dtype.type(white_level(dtype))


def _opencv_otsu(image: np.ndarray) -> np.ndarray:
    _, mask = cv2.threshold(_luma(image), 0, white_level(image.dtype), cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return cv2.merge([mask] * 3)


def _skimage_otsu(image: np.ndarray) -> np.ndarray:
    luma = color.rgb2gray(image)
    return _mask(luma > filters.threshold_otsu(luma), image.dtype)


def _local(dtype: str, window: str, size: int) -> Case:
    def opencv(image: np.ndarray) -> np.ndarray:
        mask = cv2.adaptiveThreshold(_luma(image), 255, _ADAPTIVE[window], cv2.THRESH_BINARY, size, 0)
        return cv2.merge([mask] * 3)

    def reference(image: np.ndarray) -> np.ndarray:
        luma = color.rgb2gray(image)
        return _mask(luma > filters.threshold_local(luma, size, method=window), image.dtype)

    return Case(
        "threshold",
        dtype,
        ours=lambda image: operators.threshold(image, method="local", window=window, size=size),
        opencv=opencv if dtype == "uint8" else None,
        reference=reference,
        reference_name="scikit-image",
        note=f"local {window}, size={size}",
    )


CASES = []
for _dtype in ("uint8", "uint16", "float32"):
    CASES += [
        Case(
            "threshold",
            _dtype,
            ours=operators.threshold,
            opencv=_opencv_otsu if _dtype != "float32" else None,
            reference=_skimage_otsu,
            reference_name="scikit-image",
            note="otsu",
        ),
        _local(_dtype, "mean", 51),
        _local(_dtype, "gaussian", 21),
    ]
