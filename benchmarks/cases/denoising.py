"""Denoising: against scikit-image, and against OpenCV's non-local means."""

from __future__ import annotations

import warnings

import cv2
import numpy as np
import pywt  # noqa: F401  (scikit-image loads these two at its first call, which is not to be measured)
import skimage.color  # noqa: F401
from skimage import restoration

from diptych import operators
from harness import Case

DTYPES = ("uint8", "uint16", "float32")
SMALLER = (720, 1280, 3)


def _scale(image: np.ndarray) -> np.ndarray:
    # scikit-image keeps the range of integers here, so that it is given floats, as its pages advise.
    return image if image.dtype.kind == "f" else image.astype(np.float32) / np.iinfo(image.dtype).max


def _nlm(image: np.ndarray) -> object:
    return restoration.denoise_nl_means(_scale(image), 5, 11, 0.04, fast_mode=True, channel_axis=-1)


def _wavelet(image: np.ndarray) -> object:
    return restoration.denoise_wavelet(_scale(image), wavelet="db2", convert2ycbcr=True, channel_axis=-1)


def _tv(image: np.ndarray) -> object:
    return restoration.denoise_tv_chambolle(_scale(image), 0.1, eps=0, max_num_iter=51, channel_axis=-1)


def _bilateral(image: np.ndarray) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return restoration.denoise_bilateral(_scale(image), 9, 0.1 / np.sqrt(3), 2.0, mode="symmetric", channel_axis=-1)


def _opencv(image: np.ndarray) -> object:
    return cv2.fastNlMeansDenoisingColored(image, None, 10, 10, 5, 23)


def _cases(dtype: str) -> list[Case]:
    return [
        Case(
            "denoise_nlm",
            dtype,
            ours=lambda image: operators.denoise_nlm(image, strength=0.04, patch=5, search=23),
            opencv=_opencv if dtype == "uint8" else None,
            reference=_nlm,
            reference_name="scikit-image",
            note="patch 5, search 23, 720p",
            shape=SMALLER,
        ),
        Case(
            "denoise_photo",
            dtype,
            ours=lambda image: operators.denoise_photo(image, luma=0.015, chroma=0.015),
            reference=lambda image: operators.declaration("denoise_photo").plain(image, luma=0.015, chroma=0.015),
            reference_name="plain NumPy",
            note="search 11, 600 x 400",
            shape=(400, 600, 3),
        ),
        Case(
            "denoise_wavelet",
            dtype,
            ours=lambda image: operators.denoise_wavelet(image, wavelet="db2"),
            reference=_wavelet,
            reference_name="scikit-image",
            note="db2",
        ),
        Case(
            "denoise_tv",
            dtype,
            ours=lambda image: operators.denoise_tv(image, weight=0.1, iterations=50),
            reference=_tv,
            reference_name="scikit-image",
            note="50 iterations",
        ),
        Case(
            "denoise_bilateral",
            dtype,
            ours=lambda image: operators.denoise_bilateral(image, sigma_color=0.1, sigma_spatial=2.0, size=9),
            reference=_bilateral,
            reference_name="scikit-image",
            note="size 9, 720p",
            shape=SMALLER,
        ),
    ]


CASES = [case for dtype in DTYPES for case in _cases(dtype)]
