"""The target ``cube``: the model's global colour transform as a 3-D look-up table for ffmpeg, darktable, Resolve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.core.enhancer import Enhancer, EnhancerSpec
from diptych.core.image import Image, check_image, from_float, to_float
from diptych.export.distance import decibels
from diptych.export.errors import ExportError

Floats = NDArray[np.float64]

SIZE = 33
_SAMPLES = 200_000
_SMOOTH = 0.05  # weight of a node's curvature against one sample
_STEPS = 150


class Cube(NamedTuple):
    """A table, and what it cannot carry.

    Attributes
    ----------
    table : ndarray, shape (n, n, n, 3)
        Colours in [0, 1]; the axes are blue, green, red, as the file lists them.
    decibels : float
        PSNR of the table's results against the model's own, over the pictures: what is missing is what the model does
        apart from a change of colour (noise, detail, light that depends on the place or on the picture).
    identity_decibels : float
        PSNR of the untouched pictures against the model's results, to compare with.
    """

    table: Floats
    decibels: float
    identity_decibels: float


def to_cube(enhancer: Enhancer, pictures: Sequence[Image], *, size: int = SIZE, seed: int = 0) -> Cube:
    """Fit a look-up table to what a model does to pictures.

    Least squares over pixels: with S the trilinear interpolation between nodes, minimise ``|S t - y|² + w |D t|²``, where y
    are the model's colours and D the second differences along the three axes, which continue the table smoothly into
    colours that no picture has. Solved by conjugate gradients from the best affine transform.

    Parameters
    ----------
    enhancer : Enhancer
        The model with its steps.
    pictures : sequence of ndarray, shape (H, W, 3)
        What it is fitted on.
    size : int
        Nodes along an axis.
    seed : int
        Decides which pixels are taken, 200,000 at most.

    Returns
    -------
    Cube
        The table, and the decibels.

    Raises
    ------
    ExportError
        If a picture has not three channels, or there is none.
    """
    if not pictures or any(picture.ndim != 3 or picture.shape[2] != 3 for picture in pictures):
        raise ExportError("a .cube is a table of colours; give pictures with three channels to fit it on with `images`")
    pairs = [_pair(enhancer, picture) for picture in pictures]
    generator = np.random.default_rng(seed)
    share = max(1, _SAMPLES // len(pairs))
    chosen = [generator.choice(len(x), min(share, len(x)), replace=False) for x, _ in pairs]
    inputs, outputs = (
        np.concatenate([pair[which][index] for pair, index in zip(pairs, chosen, strict=True)]).astype(np.float64)
        for which in (0, 1)
    )
    table = fit(inputs, outputs, size)
    carried = float(np.mean([decibels(apply_table(table, x), y) for x, y in pairs]))
    untouched = float(np.mean([decibels(x, y) for x, y in pairs]))
    return Cube(table, carried, untouched)


def _pair(enhancer: Enhancer, picture: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    floats = np.asarray(to_float(picture), np.float32)
    result = enhancer(floats)
    if result.shape != floats.shape:
        raise ExportError("a .cube keeps the three channels; this model has another number of them")
    return floats.reshape(-1, 3), result.reshape(-1, 3)


def fit(inputs: Floats, outputs: Floats, size: int) -> Floats:
    """Return the table ``(n, n, n, 3)`` that takes colours ``(N, 3)`` nearest to others, smooth where there are none."""
    corners, weights = _places(inputs, size)
    nodes = size**3

    def spread(values: Floats) -> Floats:
        return np.stack(
            [np.bincount(corners.ravel(), (weights * values[:, c : c + 1]).ravel(), nodes) for c in range(3)], axis=1
        )

    def normal(table: Floats) -> Floats:
        sampled = np.einsum("nk,nkc->nc", weights, table[corners])
        return spread(sampled) + _SMOOTH * _curvature(table, size)

    start = _affine(inputs, outputs, size)
    return np.clip(_conjugate_gradients(normal, spread(outputs), start), 0, 1).reshape(size, size, size, 3)


def apply_table(table: Floats, colours: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return colours ``(N, 3)`` after a table, by trilinear interpolation."""
    flat = table.reshape(-1, 3)
    parts = [colours[start : start + _SAMPLES] for start in range(0, len(colours), _SAMPLES)]
    return np.concatenate([_sampled(flat, part, len(table)) for part in parts])


def _sampled(flat: Floats, colours: NDArray[np.floating], size: int) -> Floats:
    corners, weights = _places(colours, size)
    return np.einsum("nk,nkc->nc", weights, flat[corners])


def _places(colours: NDArray[np.floating], size: int) -> tuple[NDArray[np.intp], Floats]:
    """Return the eight nodes around each colour, as indices with red fastest, and their weights: both ``(N, 8)``."""
    position = colours.astype(np.float64) * (size - 1)
    below = np.clip(np.floor(position).astype(np.intp), 0, size - 2)
    share = position - below
    corners, weights = [], []
    for corner in range(8):
        offset = np.array([corner & 1, corner >> 1 & 1, corner >> 2])
        red, green, blue = (below + offset).T
        corners.append((blue * size + green) * size + red)
        weights.append(np.prod(np.where(offset, share, 1 - share), axis=1))
    return np.stack(corners, axis=1), np.stack(weights, axis=1)


def _curvature(table: Floats, size: int) -> Floats:
    """Return ``D'D t``: the gradient of half the sum of squared second differences."""
    grid = table.reshape(size, size, size, 3)
    result = np.zeros_like(grid)
    for axis in range(3):
        t, r = np.moveaxis(grid, axis, 0), np.moveaxis(result, axis, 0)
        bend = t[:-2] - 2 * t[1:-1] + t[2:]
        r[:-2] += bend
        r[1:-1] -= 2 * bend
        r[2:] += bend
    return result.reshape(-1, 3)


def _affine(inputs: Floats, outputs: Floats, size: int) -> Floats:
    ones = np.ones((len(inputs), 1))
    matrix, *_ = np.linalg.lstsq(np.hstack([inputs, ones]), outputs, rcond=1e-6)
    axis = np.linspace(0, 1, size)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    nodes = np.stack([red, green, blue, np.ones_like(red)], axis=-1).reshape(-1, 4)
    return nodes @ matrix


def _conjugate_gradients(normal, target: Floats, start: Floats) -> Floats:  # type: ignore[no-untyped-def]
    found = start.copy()
    left = target - normal(found)
    direction = left.copy()
    power = (left * left).sum(axis=0)
    for _ in range(_STEPS):
        if power.max() < 1e-12:
            break
        image = normal(direction)
        length = power / np.maximum((direction * image).sum(axis=0), 1e-30)
        found += length * direction
        left -= length * image
        before, power = power, (left * left).sum(axis=0)
        direction = left + power / np.maximum(before, 1e-30) * direction
    return found


def cube_text(table: Floats, title: str) -> str:
    """Return a table as the text of a ``.cube`` file (Cube LUT Specification 1.0, Adobe 2013): red runs fastest."""
    clean = "".join(letter if letter.isprintable() and letter != '"' else " " for letter in title)[:240]
    lines = [f'TITLE "{clean}"', f"LUT_3D_SIZE {len(table)}", "DOMAIN_MIN 0.0 0.0 0.0", "DOMAIN_MAX 1.0 1.0 1.0"]
    lines += [f"{red:.6f} {green:.6f} {blue:.6f}" for red, green, blue in table.reshape(-1, 3)]
    return "\n".join(lines) + "\n"


class CubeEnhancer:
    """A table, applied to pictures: to measure it as the others are.

    Parameters
    ----------
    table : ndarray, shape (n, n, n, 3)
        As `fit` gives it.
    """

    def __init__(self, table: Floats) -> None:
        self._table = table
        self.spec = EnhancerSpec("cube", "a 3-D look-up table")

    @classmethod
    def from_text(cls, text: str) -> CubeEnhancer:
        """Read what `cube_text` wrote."""
        lines = text.splitlines()
        size = next(int(line.split()[1]) for line in lines if line.startswith("LUT_3D_SIZE"))
        numbers = [line.split() for line in lines if line and line[0] in "-0123456789"]
        return cls(np.array(numbers, np.float64).reshape(size, size, size, 3))

    def __call__(self, image: Image, /) -> Image:
        """Return the image after the table: same dtype."""
        floats = to_float(check_image(image))
        return from_float(apply_table(self._table, floats.reshape(-1, 3)).reshape(floats.shape), image.dtype)
