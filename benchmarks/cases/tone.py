"""Tone operators."""

from __future__ import annotations

import cv2
import numpy as np
from skimage import exposure

from diptych import operators
from harness import Case

GAMMA_LUT = np.rint(255 * (np.arange(256) / 255) ** 0.7).astype(np.uint8)
TARGET = operators.specify_histogram.declaration.parameter("quantiles").default


def opencv_stretch(image):
    counts = sum(cv2.calcHist([image], [c], None, [256], [0, 256]).ravel() for c in range(3)).cumsum()
    low, high = np.searchsorted(counts, np.array([0.01, 0.99]) * counts[-1])
    return cv2.LUT(image, np.clip((np.arange(256) - low) * 255 / max(high - low, 1), 0, 255).astype(np.uint8))


def opencv_equalize(image):
    return cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(image)])


def opencv_levels(image):
    if image.dtype == np.float32:
        scaled = cv2.addWeighted(image, 1 / 0.8, image, 0, -0.1 / 0.8)
        return cv2.min(cv2.max(scaled, 0), 1)
    return cv2.convertScaleAbs(cv2.subtract(image, (25, 25, 25, 0)), alpha=1 / 0.8)


def numpy_stretch(image):
    low, high = np.percentile(image, [1, 99])
    return exposure.rescale_intensity(image, in_range=(low, high))


def skimage_equalize(image):
    return np.stack([exposure.equalize_hist(image[..., c]) for c in range(3)], axis=-1)


def numpy_specify(image):
    q = np.percentile(image, np.linspace(0, 100, 257))
    return np.interp(image, q, np.interp(np.linspace(0, 1, 257), np.linspace(0, 1, len(TARGET[0])), TARGET[0]))


def numpy_balance(image):
    means = (image.astype(np.float32) ** 6).mean(axis=(0, 1)) ** (1 / 6)
    return image * (means.mean() / means).astype(np.float32)


def white(dtype):
    return 1.0 if dtype == "float32" else float(np.iinfo(dtype).max)


REFERENCE = {dtype: np.clip(np.random.default_rng(1).beta(2, 2, (512, 512, 3)), 0, 1) for dtype in ("float32",)}
REFERENCE["float32"] = REFERENCE["float32"].astype(np.float32)
REFERENCE["uint8"] = np.rint(REFERENCE["float32"] * 255).astype(np.uint8)
REFERENCE["uint16"] = np.rint(REFERENCE["float32"] * 65535).astype(np.uint16)


def rows(dtype):
    only8 = dtype == "uint8"
    reference = REFERENCE[dtype]
    return [
        Case("stretch", dtype, operators.stretch, opencv_stretch if only8 else None, numpy_stretch, "scikit-image"),
        Case(
            "gamma",
            dtype,
            lambda x: operators.gamma(x, gamma=0.7),
            {"uint8": lambda x: cv2.LUT(x, GAMMA_LUT), "float32": lambda x: cv2.pow(x, 0.7)}.get(dtype),
            lambda x: exposure.adjust_gamma(x, 0.7),
            "scikit-image",
        ),
        Case(
            "equalize",
            dtype,
            lambda x: operators.equalize(x, channels="each"),
            opencv_equalize if only8 else None,
            skimage_equalize,
            "scikit-image",
        ),
        Case(
            "match_histogram",
            dtype,
            lambda x: operators.match_histogram(x, reference=reference),
            None,
            lambda x: exposure.match_histograms(x, reference, channel_axis=-1),
            "scikit-image",
        ),
        Case("specify_histogram", dtype, operators.specify_histogram, None, numpy_specify, "NumPy"),
        Case(
            "levels",
            dtype,
            lambda x: operators.levels(x, black=0.1, white=0.9),
            None if dtype == "uint16" else opencv_levels,
            lambda x: exposure.rescale_intensity(x, in_range=(0.1 * white(dtype), 0.9 * white(dtype))),
            "scikit-image",
        ),
        Case("sigmoid", dtype, operators.sigmoid, None, exposure.adjust_sigmoid, "scikit-image"),
        Case("log_tone", dtype, operators.log_tone, None, exposure.adjust_log, "scikit-image"),
        Case("white_balance", dtype, operators.white_balance, None, numpy_balance, "NumPy"),
    ]


CASES = [case for dtype in ("uint8", "uint16", "float32") for case in rows(dtype)]
