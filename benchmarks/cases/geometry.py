"""Geometry: turning, zooming, affine maps, crops, flips and registration at 1080p RGB."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
from scipy import ndimage
from skimage import registration, util

from diptych import operators
from diptych.operators._resample import turning
from harness import Case

DTYPES = ("uint8", "uint16", "float32")
ANGLE, MATRIX = 13.0, np.array([[0.97, 0.1, -20.5], [-0.08, 1.02, 31.25]])
ORDERS = {"nearest": 0, "linear": 1, "cubic": 3}
FLAGS = {"nearest": cv2.INTER_NEAREST, "linear": cv2.INTER_LINEAR}


def _scipy_rotate(image, kind):
    return ndimage.rotate(image, ANGLE, reshape=False, order=ORDERS[kind], mode="grid-constant")


def _scipy_affine(image, kind, matrix=MATRIX):
    # Channel by channel: as one 3-D transform SciPy would be slower still.
    (a, b, c), (d, e, f) = matrix
    parts = [
        ndimage.affine_transform(image[:, :, k], [[e, d], [b, a]], [f, c], order=ORDERS[kind], mode="grid-constant")
        for k in range(image.shape[2])
    ]
    return np.stack(parts, axis=2)


def _opencv_affine(image, kind, matrix=MATRIX):
    return cv2.warpAffine(image, matrix, image.shape[1::-1], flags=FLAGS[kind] | cv2.WARP_INVERSE_MAP)


def _opencv_rotate(image, kind):
    mapping = turning(ANGLE, image.shape[:2], image.shape[:2])
    return _opencv_affine(image, kind, mapping[::-1][:, [1, 0, 2]])


def _opencv_zoom(image, factor, how):
    height, width = (round(n * factor) for n in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=how)


def _scipy_zoom(image, factor, kind):
    # Channel by channel: as one 3-D image SciPy would filter across the channels too.
    parts = [
        ndimage.zoom(image[:, :, k], factor, order=ORDERS[kind], mode="reflect", grid_mode=True)
        for k in range(image.shape[2])
    ]
    return np.stack(parts, axis=2)


def _scipy_area(image):
    # The mean of blocks of 4 x 4 by NumPy; scikit-image's downscale_local_mean does the same.
    height, width, channels = image.shape
    return image.reshape(height // 4, 4, width // 4, 4, channels).mean(axis=(1, 3)).astype(image.dtype)


def _shifted(image):
    return np.roll(image, (7, -12), axis=(0, 1))


def _skimage_register(image):
    shift, _, _ = registration.phase_cross_correlation(
        image.mean(axis=2), _shifted(image).mean(axis=2), upsample_factor=20
    )
    return np.stack([ndimage.shift(image[:, :, c], shift, order=1) for c in range(image.shape[2])], axis=2)


def _opencv_register(image):
    target = cv2.cvtColor(_shifted(image), cv2.COLOR_RGB2GRAY).astype(np.float32)
    moving = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    shift, _ = cv2.phaseCorrelate(target, moving, cv2.createHanningWindow(target.shape[::-1], cv2.CV_32F))
    return _opencv_affine(image, "linear", np.array([[1, 0, shift[0]], [0, 1, shift[1]]]))


def _opencv_ecc(image):
    target = cv2.cvtColor(_shifted(image), cv2.COLOR_RGB2GRAY).astype(np.float32)
    moving = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    start = np.array([[1, 0, 12], [0, 1, -7]], np.float32)
    _, matrix = cv2.findTransformECC(
        target,
        moving,
        start,
        cv2.MOTION_EUCLIDEAN,
        (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-5),
        None,
        5,
    )
    return _opencv_affine(image, "linear", matrix)


CASES = []
for dtype in DTYPES:
    for kind in ORDERS:
        CASES += [
            Case(
                "rotate", dtype,
                ours=partial(operators.rotate, angle=ANGLE, interpolation=kind),
                opencv=partial(_opencv_rotate, kind=kind) if kind in FLAGS else None,
                reference=partial(_scipy_rotate, kind=kind), note=f"13°, {kind}",
            ),
            Case(
                "affine", dtype,
                ours=partial(operators.affine, matrix=MATRIX, interpolation=kind),
                opencv=partial(_opencv_affine, kind=kind) if kind in FLAGS else None,
                reference=partial(_scipy_affine, kind=kind), note=kind,
            ),
        ]  # fmt: skip
    CASES += [
        Case(
            "rotate", dtype,
            ours=partial(operators.rotate, angle=90.0, reshape=True),
            opencv=partial(cv2.rotate, rotateCode=cv2.ROTATE_90_COUNTERCLOCKWISE),
            reference=lambda image: np.ascontiguousarray(np.rot90(image)), reference_name="NumPy", note="90°",
        ),
        *(
            Case(
                "zoom", dtype,
                ours=partial(operators.zoom, factor=factor, interpolation=kind),
                opencv=partial(_opencv_zoom, factor=factor, how=how) if how is not None else None,
                reference=partial(_scipy_zoom, factor=factor, kind=kind), note=f"× {factor:g}, {kind}",
            )
            for factor, kind, how in (
                (1.5, "nearest", cv2.INTER_NEAREST_EXACT),
                (1.5, "linear", cv2.INTER_LINEAR),
                (1.5, "cubic", None),
                (0.6, "linear", cv2.INTER_LINEAR),
            )
        ),
        Case(
            "zoom", dtype,
            ours=partial(operators.zoom, factor=0.25, interpolation="area"),
            opencv=partial(_opencv_zoom, factor=0.25, how=cv2.INTER_AREA),
            reference=_scipy_area, reference_name="NumPy", note="× 0.25, area",
        ),
        Case(
            "crop", dtype,
            ours=partial(operators.crop, top=40, left=60, height=1000, width=1800),
            reference=partial(util.crop, crop_width=((40, 40), (60, 60), (0, 0)), copy=True),
            reference_name="scikit-image",
        ),
        Case(
            "flip", dtype,
            ours=operators.flip,
            opencv=partial(cv2.flip, flipCode=1),
            reference=lambda image: np.ascontiguousarray(np.flip(image, 1)), reference_name="NumPy",
        ),
    ]  # fmt: skip
    # OpenCV's grey conversion takes these three dtypes, its registration float32 planes.
    CASES += [
        Case(
            "register", dtype,
            ours=lambda image: operators.register(image, reference=_shifted(image)),
            opencv=_opencv_register, reference=_skimage_register, reference_name="scikit-image", note="translation",
        ),
        Case(
            "register", dtype,
            ours=lambda image: operators.register(image, reference=_shifted(image), model="euclidean"),
            opencv=_opencv_ecc, note="euclidean",
        ),
    ]  # fmt: skip
