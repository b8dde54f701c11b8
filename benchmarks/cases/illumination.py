"""Illumination. OpenCV has only the building blocks; what it is compared with is the same thing built from them."""

from __future__ import annotations

import cv2
import numpy as np

from diptych import operators
from diptych.core.image import from_float, to_float
from harness import Case

DTYPES = ("uint8", "uint16", "float32")


def relit(image, old, new):
    """Return the image times ``new / old`` in its own dtype, OpenCV's shortest way: without care for what clips."""
    gain = cv2.divide(new, cv2.max(old, 1), dtype=cv2.CV_32F) if old.dtype != np.float32 else new / (old + 1e-4)
    return cv2.multiply(image, cv2.merge([gain] * 3), dtype=MAT_TYPES[image.dtype.name])


MAT_TYPES = {"uint8": cv2.CV_8U, "uint16": cv2.CV_16U, "float32": cv2.CV_32F}


def clahe_opencv(image):
    clahe = cv2.createCLAHE(2.0, (8, 8))
    if image.ndim == 2:
        return clahe.apply(image)
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return relit(image, gray, clahe.apply(gray))


def equalize_adapthist(image):
    from skimage import exposure

    return exposure.equalize_adapthist(image, kernel_size=(image.shape[0] // 8, image.shape[1] // 8), clip_limit=0.02)


def transfer(length, sigma):
    """Return what a Gaussian does to each cosine of the transform."""
    kernel = cv2.getGaussianKernel(2 * int(4 * sigma + 0.5) + 1, sigma)[:, 0]
    folded = np.bincount(np.arange(-(kernel.size // 2), kernel.size // 2 + 1) % (2 * length), kernel, 2 * length)
    return np.fft.rfft(folded).real[:length].astype(np.float32)


def surrounds(image, sigmas):
    """Return wide blurs by OpenCV's cosine transform: for these sigmas, `GaussianBlur` takes 20 to 250 times as long."""
    planes = [cv2.dct(plane) for plane in cv2.split(image)]
    found = []
    for sigma in sigmas:
        rows, columns = (transfer(length, sigma) for length in image.shape[:2])
        found.append(cv2.merge([cv2.idct(cosines * rows[:, np.newaxis] * columns) for cosines in planes]))
    return found


def retinex_opencv(sigmas):
    def run(image):
        floats = to_float(image)
        old = cv2.cvtColor(floats, cv2.COLOR_RGB2GRAY)
        detail = cv2.log(old + 1 / 255)
        for blur in surrounds(old, sigmas):
            detail -= cv2.log(blur + np.float32(1 / 255)) / len(sigmas)
        black, white = np.percentile(detail, [1, 99])
        new = np.clip((detail - black) / (white - black), 0, 1).astype(np.float32)
        return from_float(relit(floats, old, new), image.dtype)

    return run


def msrcr_opencv(image):
    floats = to_float(image) + np.float32(1 / 255)
    logs = cv2.log(floats)
    detail = logs.copy()
    for blur in surrounds(floats, (15, 80, 250)):
        detail -= cv2.log(blur) / 3
    detail *= np.float32(np.log(125)) + logs - cv2.log(cv2.transform(floats, np.ones((1, 3), np.float32)))[:, :, None]
    black, white = np.percentile(detail, [1, 99])
    return from_float((detail - black) / (white - black), image.dtype)


def flatten_opencv(mode):
    def run(image):
        floats = to_float(image)
        background = surrounds(floats, [50])[0]
        if mode == "subtract":
            return from_float(floats - background + background.mean(axis=(0, 1)), image.dtype)
        ratio = floats / (background + np.float32(1 / 255))
        return from_float(ratio * (floats.mean(axis=(0, 1)) / ratio.mean(axis=(0, 1))), image.dtype)

    return run


def guided_opencv(guide, source, size, epsilon):
    def mean(values):
        return cv2.boxFilter(values, cv2.CV_32F, (size, size), borderType=cv2.BORDER_REFLECT_101)

    average, level = mean(guide), mean(source)
    slope = (mean(guide * source) - average * level) / (mean(guide * guide) - average * average + epsilon)
    return mean(slope) * guide + mean(level - slope * average)


def dehaze_opencv(image):
    floats = to_float(image)
    square = np.ones((15, 15), np.uint8)
    dark = cv2.erode(floats.min(axis=2), square)
    threshold = np.partition(dark.ravel(), -(dark.size // 1000))[-(dark.size // 1000)]
    haze = floats[dark >= threshold].mean(axis=0)
    dark = cv2.erode((floats / haze).min(axis=2), square)
    refined = guided_opencv(floats.mean(axis=2), 1 - np.float32(0.95) * dark, 121, 1e-3)
    return from_float((floats - haze) / np.clip(refined, 0.1, 1)[:, :, np.newaxis] + haze, image.dtype)


def develop_opencv(image):
    """Return the lift of the shadows, half of it local, on each channel: without the care for colours."""

    def curve(x):
        return x * (1 + 3 * (1 - x) / (1 + 3 * x) * x / (x + np.float32(1e-6)))

    floats = to_float(image)
    brightness = floats.max(axis=2)
    size = 2 * (min(brightness.shape) // 16) + 1
    base = np.clip(guided_opencv(brightness, brightness, size, 0.01), 1e-3, 1)
    result = 0.5 * curve(floats) + floats * (0.5 * curve(base) / base)[:, :, np.newaxis]
    return from_float(result, image.dtype)


def plain(name, **parameters):
    return lambda image: operators.declaration(name).plain(image, **parameters)


def cases(name, note="", opencv=None, **parameters):
    """One operator in every dtype; the reference is its plain version, written with SciPy and NumPy."""
    return [
        Case(
            name,
            dtype,
            ours=lambda image: operators.get(name)(image, **parameters),
            opencv=opencv,
            reference=plain(name, **parameters),
            reference_name="SciPy",
            note=note,
        )
        for dtype in DTYPES
    ]


def clahe_cases():
    found = []
    for dtype in DTYPES:
        for shape, note in (((1080, 1920, 3), ""), ((1080, 1920), "one channel")):
            opencv = clahe_opencv if dtype != "float32" else None
            found.append(
                Case("clahe", dtype, operators.get("clahe"), opencv, equalize_adapthist, "scikit-image", note, shape)
            )
    return found


CASES = [
    *clahe_cases(),
    *cases("develop", "shadows=3", shadows=3.0),
    *cases("develop", "shadows=3 local=0.5", develop_opencv, shadows=3.0, local=0.5),
    *cases("retinex_ssr", "", retinex_opencv([80])),
    *cases("retinex_msr", "", retinex_opencv([15, 80, 250])),
    *cases("retinex_msrcr", "", msrcr_opencv),
    *cases("flatten_background", "divide", flatten_opencv("divide")),
    *cases("flatten_background", "subtract", flatten_opencv("subtract"), mode="subtract"),
    *cases("dehaze", "", dehaze_opencv),
    *cases("lime"),
]
