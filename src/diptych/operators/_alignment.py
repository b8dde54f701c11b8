"""Finding the map that aligns two pictures: phase correlation on a coarse grid, then Lucas-Kanade on finer ones.

Matrices are 3 x 3 in (row, column, 1) order and lead from the reference to the picture, in pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Plane: TypeAlias = NDArray[np.float32]
Matrix: TypeAlias = NDArray[np.float64]
Warp: TypeAlias = Callable[[Plane, Matrix], Plane]

SMALLEST = 12  # px; a side below this says too little
_COARSE = 64  # px; the shorter side of the coarsest picture is at least this
_FINE = 600_000  # px; pictures with more are compared at half their size, or a quarter, ...
_OVERLAP = 0.4  # least share of the picture that must lie on the other
_MOST_SCALE = 0.22  # logarithm of the largest scale along any direction, 1.25
_STEPS = 30  # Gauss-Newton steps on each grid, at most
_SIMPLER: dict[str, tuple[str, ...]] = {
    "translation": (),
    "euclidean": ("translation",),
    "affine": ("translation", "euclidean"),
}
_ANGLES = (0.0, 7.5, -7.5, 15.0, -15.0, 22.5, -22.5, 30.0, -30.0)


def align(picture: Plane, reference: Plane, model: str, warp: Warp) -> Matrix:
    """Return the matrix that makes ``picture(matrix @ p)`` like ``reference(p)``; the identity if nothing is better.

    Both are grey pictures of one size. `warp` is linear interpolation, repeating the edge.
    """
    identity = np.eye(3)
    if min(picture.shape) < SMALLEST or picture.std() < 1e-3 or reference.std() < 1e-3:
        return identity
    levels = _pyramid(picture, reference)
    matrix = _first_guess(*levels[-1], model, warp)
    for simpler in _SIMPLER[model]:
        matrix = _refine(*levels[-1], matrix, simpler, warp, 0.05)
    for index in range(len(levels) - 1, -1, -1):
        if index < len(levels) - 1 or len(levels) == 1 or model != "affine":
            matrix = _refine(*levels[index], matrix, model, warp, 0.05 if index else 5e-3)
        matrix = _enlarged(matrix, 2) if index else matrix
    if _likeness(*levels[0], matrix, warp) <= _likeness(*levels[0], identity, warp):
        return identity
    return _enlarged(matrix, 2 ** _halvings(picture))


def rescaled(matrix: Matrix, old: tuple[int, ...], new: tuple[int, ...], model: str) -> Matrix:
    """Return the matrix for pictures of another size that cover the same area."""
    if tuple(old) == tuple(new):
        return matrix
    scaled = _scaled(matrix, np.array([new[0] / old[0], new[1] / old[1]]))
    if model == "affine":
        return scaled
    # Sides that scale differently would turn a turn into a shear: keep its angle, and where it leads the centre.
    turn = _turn(np.arctan2(scaled[0, 1] - scaled[1, 0], scaled[0, 0] + scaled[1, 1]), new)
    centre = np.array([(new[0] - 1) / 2, (new[1] - 1) / 2, 1.0])
    turn[:2, 2] += (scaled @ centre - turn @ centre)[:2]
    return turn


def _scaled(matrix: Matrix, scale: NDArray[np.float64]) -> Matrix:
    up = np.diag([*scale, 1.0])
    up[:2, 2] = (scale - 1) / 2
    return np.asarray(up @ matrix @ np.linalg.inv(up))


def _enlarged(matrix: Matrix, factor: int) -> Matrix:
    # By the factor of the pyramid, not by the sizes: an odd last row was left out.
    return _scaled(matrix, np.array([factor, factor], np.float64))


def _halvings(picture: Plane) -> int:
    count = 0
    while (picture.shape[0] >> count) * (picture.shape[1] >> count) > _FINE:
        count += 1
    return count


def _pyramid(picture: Plane, reference: Plane) -> list[tuple[Plane, Plane]]:
    pair = picture - picture.mean(), reference - reference.mean()
    for _ in range(_halvings(picture)):
        pair = _half(pair[0]), _half(pair[1])
    levels = [(_smooth(pair[0]), _smooth(pair[1]))]
    while min(pair[0].shape) >= 2 * _COARSE:
        pair = _half(pair[0]), _half(pair[1])
        levels.append((_smooth(pair[0]), _smooth(pair[1])))
    return levels


def _half(plane: Plane) -> Plane:
    even = plane[: plane.shape[0] // 2 * 2, : plane.shape[1] // 2 * 2]
    columns = even[:, ::2] + even[:, 1::2]
    return np.asarray((columns[::2] + columns[1::2]) * np.float32(0.25))


def _smooth(plane: Plane) -> Plane:
    # Linear interpolation blurs a little, depending on where it falls; after this blur that no longer pulls the answer.
    return ndimage.gaussian_filter(plane, 0.8, truncate=3)


def _first_guess(picture: Plane, reference: Plane, model: str, warp: Warp) -> Matrix:
    angles = _ANGLES if model != "translation" else (0.0,)
    best, most = np.eye(3), _likeness(picture, reference, np.eye(3), warp)
    for angle in angles:
        turn = _turn(np.deg2rad(angle), picture.shape)
        shift = np.eye(3)
        shift[:2, 2] = _phase_correlation(warp(picture, turn), reference)
        matrix = turn @ shift
        likeness = _likeness(picture, reference, matrix, warp)
        if likeness > most + 0.01:
            best, most = matrix, likeness
    return best


def _turn(angle: float, shape: tuple[int, ...]) -> Matrix:
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1.0]])
    centre = (np.array(shape) - 1) / 2
    turn[:2, 2] = centre - turn[:2, :2] @ centre
    return turn


def _phase_correlation(picture: Plane, reference: Plane) -> Any:
    """Return the whole-pixel shift, (rows, columns), that leads from the reference to the picture."""
    window = np.outer(np.hanning(picture.shape[0] + 2)[1:-1], np.hanning(picture.shape[1] + 2)[1:-1])
    first, second = (fft.rfft2((plane - plane.mean()) * window) for plane in (picture, reference))
    cross = first * second.conj()
    surface = fft.irfft2(cross / np.maximum(np.abs(cross), 1e-6 * np.abs(cross).max() + 1e-12), s=picture.shape)
    surface = ndimage.gaussian_filter(surface, 1.0, mode="wrap")
    peak = np.array(np.unravel_index(np.argmax(surface), surface.shape))
    size = np.array(surface.shape)
    return np.where(peak > size // 2, peak - size, peak)


def _inside(shape: tuple[int, ...], matrix: Matrix) -> Plane:
    """Return 1 where the matrix leads into the picture, else 0; flat."""
    rows = np.arange(shape[0], dtype=np.float32)[:, np.newaxis]
    columns = np.arange(shape[1], dtype=np.float32)
    inside = np.ones(shape, bool)
    for (a, b, c), size in zip(matrix[:2].astype(np.float32), shape, strict=True):
        middle = np.float32((size - 1) / 2)
        # Half a thousandth of a pixel is rounding.
        inside &= np.abs((a * rows + (c - middle)) + b * columns) <= middle + np.float32(5e-4)
    return inside.ravel().astype(np.float32)


def _centred(values: Plane, inside: Plane) -> Plane:
    flat = np.ravel(values)
    return np.asarray((flat - (flat @ inside) / inside.sum()) * inside)


def _likeness(picture: Plane, reference: Plane, matrix: Matrix, warp: Warp) -> float:
    """Return the correlation coefficient where the two overlap; -1 if too little does."""
    inside = _inside(picture.shape, matrix)
    if inside.mean() < _OVERLAP:
        return -1.0
    a, b = _centred(warp(picture, matrix), inside), _centred(reference, inside)
    return float(a @ b) / max(float(a @ a) * float(b @ b), 1e-12) ** 0.5


def _refine(picture: Plane, reference: Plane, matrix: Matrix, model: str, warp: Warp, enough: float) -> Matrix:
    """Return the matrix after Gauss-Newton steps (inverse compositional Lucas-Kanade), unless they ran away."""
    slopes, begun, longer = _slopes(reference, model), matrix, max(picture.shape)
    inside = _inside(picture.shape, matrix)
    # The border moves little from here on: one inverse serves all steps.
    inverse = np.linalg.pinv((slopes * inside) @ slopes.T, rcond=1e-7)
    for _ in range(_STEPS):
        if inside.mean() < _OVERLAP:
            return begun
        step = (inverse @ (slopes @ _difference(warp(picture, matrix), reference, inside))).astype(np.float64)
        matrix = matrix @ np.linalg.pinv(_motion(step, picture.shape, model))
        if np.abs(np.log(np.maximum(np.linalg.svd(matrix[:2, :2])[1], 1e-9))).max() > _MOST_SCALE:
            return begun
        if np.abs(step).max() * longer < enough:
            break
        inside = _inside(picture.shape, matrix)
    # A little less is the blur of interpolation, a lot less has run away.
    worse = _likeness(picture, reference, begun, warp) - _likeness(picture, reference, matrix, warp)
    return matrix if worse < 0.1 else begun


def _difference(values: Plane, reference: Plane, inside: Plane) -> Plane:
    """Return picture minus reference after the picture's mean and contrast were made those of the reference."""
    a, b = _centred(values, inside), _centred(reference, inside)
    return np.asarray(a * np.float32(np.sqrt((b @ b) / max(float(a @ a), 1e-12))) - b)


def _slopes(reference: Plane, model: str) -> NDArray[np.float32]:
    """Return how each pixel of the reference changes with each parameter, free of a change of gain and offset."""
    down, right = np.gradient(reference)
    size = np.float32(max(reference.shape))
    rows, columns = (
        ((np.arange(n, dtype=np.float32) - (n - 1) / 2) / size).reshape(shape)
        for n, shape in zip(reference.shape, ((-1, 1), (1, -1)), strict=True)
    )
    parts = [down, right]
    if model == "euclidean":
        parts += [down * columns - right * rows]
    elif model == "affine":
        parts += [down * rows, down * columns, right * rows, right * columns]
    slopes = np.stack([part.ravel() for part in parts]) * size
    slopes -= slopes.mean(axis=1, keepdims=True)
    pattern = np.ravel(reference - reference.mean())
    slopes -= np.outer(slopes @ pattern / (pattern @ pattern), pattern)
    return np.asarray(slopes, np.float32)


def _motion(step: Any, shape: tuple[int, ...], model: str) -> Matrix:
    """Return the matrix of a step: parameters in units of the longer side, about the centre."""
    size = max(shape)
    motion = _turn(float(step[2]), shape) if model == "euclidean" else np.eye(3)
    if model == "affine":
        motion[:2, :2] += np.reshape(step[2:6], (2, 2))
        centre = (np.array(shape) - 1) / 2
        motion[:2, 2] = centre - motion[:2, :2] @ centre
    motion[:2, 2] += step[:2] * size
    return motion
