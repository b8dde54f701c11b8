"""Spatial filters; borders as SciPy's ``reflect`` for everyone, where they can."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from scipy import ndimage
from skimage import filters

from diptych import operators
from harness import Case

DTYPES = ("uint8", "uint16", "float32")
REFLECT = cv2.BORDER_REFLECT
Filter = Callable[[np.ndarray], np.ndarray]


def gaussian_opencv(image: np.ndarray, sigma: float) -> np.ndarray:
    side = 2 * int(4 * sigma + 0.5) + 1
    return cv2.GaussianBlur(image, (side, side), sigma, borderType=REFLECT)


def gaussian_scipy(image: np.ndarray, sigma: float) -> np.ndarray:
    return ndimage.gaussian_filter(image, (sigma, sigma, 0))


def unsharp_opencv(image: np.ndarray, sigma: float, amount: float) -> np.ndarray:
    return cv2.addWeighted(image, 1 + amount, gaussian_opencv(image, sigma), -amount, 0)


def unsharp_skimage(image: np.ndarray, sigma: float, amount: float) -> np.ndarray:
    return filters.unsharp_mask(image, radius=sigma, amount=amount, channel_axis=2)


def back(floats: np.ndarray, image: np.ndarray) -> np.ndarray:
    return floats if image.dtype == np.float32 else np.rint(floats).astype(image.dtype)


def laplacian_opencv(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8:
        return cv2.convertScaleAbs(cv2.Laplacian(image, cv2.CV_16S, borderType=REFLECT), alpha=0.25)
    response = cv2.Laplacian(image, cv2.CV_32F, scale=0.25, borderType=REFLECT)
    return back(np.abs(response, out=response), image)


def laplacian_scipy(image: np.ndarray) -> np.ndarray:
    return back(np.abs(ndimage.laplace(image.astype(np.float32), axes=(0, 1))) / 4, image)


def sobel_opencv(image: np.ndarray) -> np.ndarray:
    scale = 1 / np.sqrt(32)
    parts = [cv2.Sobel(image, cv2.CV_32F, *axes, scale=scale, borderType=REFLECT) for axes in ((1, 0), (0, 1))]
    length = cv2.magnitude(*parts)
    return cv2.convertScaleAbs(length) if image.dtype == np.uint8 else back(length, image)


def sobel_skimage(image: np.ndarray) -> np.ndarray:
    floats = image.astype(np.float32)
    return back(np.stack([filters.sobel(floats[:, :, c]) for c in range(3)], axis=2), image)


def guided_by(box: Filter, image: np.ndarray, epsilon: float = 0.01) -> np.ndarray:
    white = 1 if image.dtype == np.float32 else np.iinfo(image.dtype).max
    floats = image.astype(np.float32) / np.float32(white)
    mean = box(floats)
    variance = box(floats * floats) - mean * mean
    slope = variance / (variance + np.float32(epsilon))
    return back((box(slope) * floats + box(mean - slope * mean)) * np.float32(white), image)


def bilateral_opencv(image: np.ndarray) -> np.ndarray:
    return cv2.bilateralFilter(image, 7, 0.1 * (255 if image.dtype == np.uint8 else 1), 2.0)


def cases(
    name: str,
    parameters: dict,
    opencv: Filter | None,
    reference: Filter | None,
    who: str = "SciPy",
    opencv_takes: tuple[str, ...] = DTYPES,
) -> list[Case]:
    """One case for each dtype."""
    ours = partial(operators.get(name), **parameters)
    note = ", ".join(f"{key}={value}" for key, value in parameters.items())
    return [
        Case(name, dtype, ours, opencv if dtype in opencv_takes else None, reference, who, note) for dtype in DTYPES
    ]


def median_cases(size: int) -> list[Case]:
    return cases(
        "median",
        {"size": size},
        lambda image: cv2.medianBlur(image, size),
        lambda image: ndimage.median_filter(image, size=(size, size, 1)),
        opencv_takes=DTYPES if size <= 5 else ("uint8",),
    )


def uniform_cases(size: int) -> list[Case]:
    return cases(
        "uniform",
        {"size": size},
        lambda image: cv2.blur(image, (size, size), borderType=REFLECT),
        lambda image: ndimage.uniform_filter(image, size=(size, size, 1)),
    )


def gaussian_cases(sigma: float) -> list[Case]:
    return cases(
        "gaussian", {"sigma": sigma}, partial(gaussian_opencv, sigma=sigma), partial(gaussian_scipy, sigma=sigma)
    )


CASES = [
    *gaussian_cases(1.5),
    *gaussian_cases(5),
    *gaussian_cases(20),
    *median_cases(3),
    *median_cases(5),
    *median_cases(9),
    *uniform_cases(5),
    *uniform_cases(31),
    *cases("bilateral", {"sigma_space": 2, "sigma_color": 0.1}, bilateral_opencv, None, "", ("uint8", "float32")),
    *cases(
        "guided",
        {"radius": 8, "epsilon": 0.01},
        partial(guided_by, lambda image: cv2.blur(image, (17, 17), borderType=REFLECT)),
        partial(guided_by, lambda image: ndimage.uniform_filter(image, size=(17, 17, 1))),
    ),
    *cases("laplacian", {}, laplacian_opencv, laplacian_scipy),
    *cases("sobel", {}, sobel_opencv, sobel_skimage, "scikit-image"),
    *cases(
        "unsharp_mask",
        {"sigma": 1.5, "amount": 0.6},
        partial(unsharp_opencv, sigma=1.5, amount=0.6),
        partial(unsharp_skimage, sigma=1.5, amount=0.6),
        "scikit-image",
    ),
]
