"""Image alignment: phase correlation on a coarse grid, then OpenCV's ECC maximisation on finer and finer ones.

Matrices have two rows of three numbers in (x, y) order and map pixels of the reference to pixels of the image.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from diptych.core.color import luma
from diptych.core.image import Image, to_float
from diptych.core.parallel import in_chunks

Plane: TypeAlias = NDArray[np.float32]
Matrix: TypeAlias = NDArray[np.float64]

_SMALLEST = 12  # px; images with a shorter side are not aligned
_COARSE = 64  # px; smallest shorter side of the coarsest grid
_FINE = 600_000  # px; larger images are aligned at half their size, or a quarter, ...
_OVERLAP = 0.4  # smallest share of the reference that must lie in the image
_MAX_SCALE = 1.25  # along any direction
_STEPS = 50  # of ECC on each grid, at most
_LAST_STEPS = 1  # on the finest grid, where the matrix is nearly right: more came no closer to the truth
_PRECISION = 1e-4  # of the correlation
_ROWS = 16  # of which the luma is taken at once
_BLUR = 3  # px; side of ECC's Gaussian, which makes up for the blur of linear interpolation
_ANGLES = (0.0, 7.5, -7.5, 15.0, -15.0, 22.5, -22.5, 30.0, -30.0)
_MOTIONS: dict[str, tuple[int, ...]] = {
    "translation": (cv2.MOTION_TRANSLATION,),
    "euclidean": (cv2.MOTION_TRANSLATION, cv2.MOTION_EUCLIDEAN),
    "affine": (cv2.MOTION_TRANSLATION, cv2.MOTION_EUCLIDEAN, cv2.MOTION_AFFINE),
}


def grey(image: Image) -> Plane:
    """Return the luma ``(H, W)`` in [0, 1] of an image ``(H, W, C)`` of any depth.

    >>> grey(np.full((1, 2, 3), 51, np.uint8)).astype(float).round(3).tolist()
    [[0.2, 0.2]]
    """
    plane = np.empty(image.shape[:2], np.float32)

    def work(rows: slice) -> None:
        floats = to_float(image[rows])
        rgb = floats.shape[2] == 3 and floats.dtype == np.float32
        plane[rows] = cv2.cvtColor(floats, cv2.COLOR_RGB2GRAY) if rgb else luma(floats)

    in_chunks(work, len(plane), _ROWS)
    return plane


def align(image: Plane, reference: Plane, model: str) -> Matrix:
    """Return the matrix for which ``image(matrix @ p)`` is most similar to ``reference(p)``.

    Both are grey images of one size. The identity is returned if no other matrix gives a higher correlation.
    """
    identity = np.eye(2, 3)
    if min(image.shape) < _SMALLEST:
        return identity
    levels, halvings = _pyramid(image, reference)
    if any(float(cv2.meanStdDev(plane)[1][0, 0]) < 1e-3 for plane in levels[0]):
        return identity
    matrix = _first_guess(*levels[-1], model)
    for motion in _MOTIONS[model]:
        matrix = _refine(*levels[-1], matrix, motion, _STEPS)
    for index in range(len(levels) - 2, -1, -1):
        matrix = _refine(*levels[index], _enlarge(matrix, 2), _MOTIONS[model][-1], _STEPS if index else _LAST_STEPS)
    if _correlation(*levels[0], matrix) <= _correlation(*levels[0], identity):
        return identity
    return _enlarge(matrix, 2**halvings)


def rescale(matrix: Matrix, old: tuple[int, ...], new: tuple[int, ...], model: str) -> Matrix:
    """Convert a matrix for images of one shape to images of another shape that show the same area."""
    if tuple(old) == tuple(new):
        return matrix
    scale = np.array([new[1] / old[1], new[0] / old[0]])
    offset = (scale - 1) / 2
    linear = scale[:, np.newaxis] * matrix[:, :2] / scale
    scaled = np.column_stack([linear, scale * matrix[:, 2] + offset - linear @ offset])
    if model == "affine":
        return scaled
    # Unequal scales would turn a rotation into a shear: keep its angle and its effect on the centre.
    angle = np.rad2deg(np.arctan2(scaled[0, 1] - scaled[1, 0], scaled[0, 0] + scaled[1, 1]))
    rotation, centre = _rotation(angle, new), _centre(new)
    rotation[:, 2] += scaled @ [*centre, 1] - centre
    return rotation


def _enlarge(matrix: Matrix, factor: int) -> Matrix:
    # `cv2.pyrDown` keeps every second pixel: the grids share their origin.
    return matrix * [1, 1, factor]


def _pyramid(image: Plane, reference: Plane) -> tuple[list[tuple[Plane, Plane]], int]:
    """Return pairs of images, the largest first, and how often the sides of the largest were halved."""
    levels, halvings = [(image, reference)], 0
    while min(levels[-1][0].shape) >= 2 * _COARSE or levels[-1][0].size > _FINE:
        levels.append((np.asarray(cv2.pyrDown(levels[-1][0])), np.asarray(cv2.pyrDown(levels[-1][1]))))
        if levels[0][0].size > _FINE:
            levels, halvings = levels[1:], halvings + 1
    return levels, halvings


def _first_guess(image: Plane, reference: Plane, model: str) -> Matrix:
    best, highest = np.eye(2, 3), _correlation(image, reference, np.eye(2, 3))
    for angle in _ANGLES if model != "translation" else (0.0,):
        rotation = _rotation(angle, image.shape)
        shift = _phase_correlation(_warp(image, rotation), reference)
        matrix = np.column_stack([rotation[:, :2], rotation @ [*shift, 1]])
        correlation = _correlation(image, reference, matrix)
        if correlation > highest + 0.01:
            best, highest = matrix, correlation
    return best


def _centre(shape: tuple[int, ...]) -> tuple[float, float]:
    return (shape[1] - 1) / 2, (shape[0] - 1) / 2


def _rotation(degrees: float, shape: tuple[int, ...]) -> Matrix:
    return np.asarray(cv2.getRotationMatrix2D(_centre(shape), degrees, 1), np.float64)


def _warp(image: Plane, matrix: Matrix) -> Plane:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = image.shape[1], image.shape[0]
    return np.asarray(cv2.warpAffine(image, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _phase_correlation(image: Plane, reference: Plane) -> NDArray[np.intp]:
    """Return the shift in whole pixels, (x, y), from the reference to the image."""
    # Not `cv2.phaseCorrelate`, which does not smooth the surface: it missed 4 of 42 shifts of photographs, this one none.
    window = np.outer(np.hanning(image.shape[0] + 2)[1:-1], np.hanning(image.shape[1] + 2)[1:-1])
    first, second = (fft.rfft2((plane - plane.mean()) * window) for plane in (image, reference))
    cross = first * second.conj()
    surface = fft.irfft2(cross / np.maximum(np.abs(cross), 1e-6 * np.abs(cross).max() + 1e-12), s=image.shape)
    surface = ndimage.gaussian_filter(surface, 1.0, mode="wrap")
    peak = np.array(np.unravel_index(np.argmax(surface), surface.shape))
    size = np.array(surface.shape)
    return np.where(peak > size // 2, peak - size, peak)[::-1]


def _correlation(image: Plane, reference: Plane, matrix: Matrix) -> float:
    """Return the correlation coefficient of the overlap; -1 if it is too small."""
    inside = None
    if not np.array_equal(matrix, np.eye(2, 3)):
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        size = image.shape[1], image.shape[0]
        inside = np.asarray(cv2.warpAffine(np.ones(image.shape, np.uint8), matrix, size, flags=flags))
        if cv2.countNonZero(inside) < _OVERLAP * inside.size:
            return -1.0
        image = _warp(image, matrix)
    first, second = (_centred(plane, inside).ravel() for plane in (image, reference))
    return float(first @ second) / max(float(first @ first) * float(second @ second), 1e-12) ** 0.5


def _centred(plane: Plane, inside: Image | None) -> Plane:
    """Return the differences from the mean over a mask, 0 outside of it."""
    result = np.zeros(plane.shape, np.float32)
    mean = cv2.mean(plane, mask=inside)
    return np.asarray(cv2.subtract(plane, mean, dst=result, mask=inside))  # type: ignore[call-overload]


def _refine(image: Plane, reference: Plane, matrix: Matrix, motion: int, steps: int) -> Matrix:
    """Return the matrix after so many steps of ECC maximisation, or when the correlation changes no more."""
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, steps, _PRECISION)
    start = cv2.invertAffineTransform(matrix).astype(np.float32)
    try:
        # ECC takes the gradient of its second image: not of the one that may have empty borders.
        _, end = cv2.findTransformECC(image, reference, start, motion, criteria, None, _BLUR)  # type: ignore[call-overload]
    except cv2.error:  # the images have nothing in common
        return matrix
    refined = np.asarray(cv2.invertAffineTransform(end.astype(np.float64)), np.float64)
    scales = np.linalg.svd(refined[:, :2])[1]
    plausible = bool(np.isfinite(refined).all()) and scales.min() > 1 / _MAX_SCALE and scales.max() < _MAX_SCALE
    return refined if plausible else matrix
