"""The faster paths of `denoise_nlm`, `denoise_photo` and `denoise_bilateral`: non-local means tile by tile.

Tiles are cut out, compared and put back; their grid does not depend on the number of threads. The bilateral filter is non-local
means with patches of one pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.color import RGB_FROM_YCBCR, YCBCR_FROM_RGB
from diptych.core.image import Image, white_level
from diptych.core.operator import Declaration, FastPath
from diptych.core.parallel import in_strips
from diptych.operators.denoise_photo import EXPECTED, LEAST, OWN, AtSize, at_sizes

_DTYPES = ("uint8", "uint16", "float32")
_TILE = 80, 640  # a tile, its margin and its sums fit into the second-level cache
_CUT = 5.0  # scikit-image takes no patch whose weight would be under exp(-5)
_PER_UNIT = 2**23 / np.log(2)

Planes = NDArray[np.float32]


@dataclass(frozen=True)
class Search:
    """How patches are compared: see `nlm_numba.compare`; `outside` is the name of NumPy's padding, `own` the weight of a
    pixel for itself.

    `level` is one for all offsets, or an array for the offsets dy = 0 ... radius, dx = -radius ... radius.
    """

    radius: int
    box: int
    before: int
    scale: float
    level: float | NDArray[Any]
    soft: bool
    outside: str
    own: float = 1.0

    @property
    def pad(self) -> int:
        """Width of the margin that a tile needs."""
        return self.radius + self.box - 1 - self.before


def denoise(
    image: Image,
    search: Search,
    there: Planes | None = None,
    back: Planes | None = None,
    change: Planes | None = None,
) -> Image:
    """Return the image after non-local means; `there` and `back` take RGB to the space of comparison and back.

    `change` ``(C, H / 2, W / 2)`` is what is added to the image before, at twice its size.
    """
    from diptych.operators._kernels import _tiles_numba as tiles
    from diptych.operators._kernels import nlm_numba as kernels

    out = np.empty_like(image)
    pad, channels = search.pad, image.shape[2]
    rows, columns = (np.pad(np.arange(length), pad, mode=search.outside) for length in image.shape[:2])  # type: ignore[call-overload]
    grid = _grid(*image.shape[:2])
    limit, whole = np.float32(white_level(image.dtype)), image.dtype.kind == "u"
    patch = (search.radius, search.box, search.before)
    levels = np.empty((search.radius + 1, 2 * search.radius + 1), np.float32)
    levels[:] = search.level
    # The approximated exponential of 0 is not quite 1.
    own = np.float32(search.own) if search.soft else kernels.ONE.reshape(1).view(np.float32)[0]
    weight = (np.float32(search.scale), levels, search.soft)

    def one(top: int, bottom: int, left: int, right: int) -> None:
        planes = np.empty((channels, bottom - top + 2 * pad, right - left + 2 * pad), np.float32)
        inside = rows[top : bottom + 2 * pad], columns[left : right + 2 * pad]
        tiles.load(image, *inside, planes)
        if change is not None:
            tiles.add_doubled(change, *inside, planes)
        if there is not None:
            tiles.mix(planes, there)
        total = np.zeros((channels, bottom - top, right - left), np.float32)
        weights = np.empty((1 if there is None else 2, *total.shape[1:]), np.float32)
        weights[0], weights[1:] = (own ** np.float32(power) for power in (1, 0.25))
        kernels.compare(planes, total, weights, patch, weight)
        tiles.settle(planes, total, weights)
        if back is not None:
            tiles.mix(total, back)
        tiles.store(total, limit, whole, out[top:bottom, left:right])

    in_strips(lambda start, stop: _each(one, grid[start:stop]), len(grid), smallest=1)
    return out


def _grid(height: int, width: int) -> list[tuple[int, int, int, int]]:
    down = 2 * -(-height // (2 * _TILE[0])) if height > 1 else 1  # even, for two threads
    across = -(-width // _TILE[1])
    tops = [height * k // down for k in range(down + 1)]
    lefts = [width * k // across for k in range(across + 1)]
    return [(tops[j], tops[j + 1], lefts[k], lefts[k + 1]) for j in range(down) for k in range(across)]


def _each(work: Callable[[int, int, int, int], None], tiles: list[tuple[int, int, int, int]]) -> None:
    for tile in tiles:
        work(*tile)


def _nlm(image: Image, *, strength: float, patch: int, search: int) -> Image:
    # A patch of scikit-image's fast mode has patch - 1 rows and columns, but its distance is divided by patch².
    area = image.shape[2] * (strength * white_level(image.dtype) * patch) ** 2
    how = Search(search // 2, patch - 1, patch // 2 - 1, _PER_UNIT / area, _CUT * area, False, "reflect")
    return denoise(image, how)


def _photo(
    image: Image, *, luma: float, chroma: float, coarse: float, strength: float, patch: int, search: int, scales: int
) -> Image:
    return _at_sizes(image, at_sizes(luma, chroma, coarse, search, scales), strength, patch)


def _at_sizes(image: Image, sizes: Sequence[AtSize], strength: float, patch: int) -> Image:
    now, *smaller = sizes
    change = None
    if smaller:
        half = _halved(image)
        change = _at_sizes(half, smaller, strength, patch)
        change = np.ascontiguousarray(((change - half) * white_level(image.dtype)).transpose(2, 0, 1), np.float32)
    terms = image.shape[2] * patch * patch
    # The kernel's exponential is the fourth root of the weight, to base 2.
    scale, level = 1 / (4 * np.log(2) * strength**2 * terms), EXPECTED * terms
    if image.shape[2] == 3:
        sigmas = white_level(image.dtype) * np.array([[now.luma], [now.chroma], [now.chroma]])
        there, back = YCBCR_FROM_RGB / sigmas, RGB_FROM_YCBCR * sigmas.T
        matrices = there.astype(np.float32), back.astype(np.float32)
        return denoise(image, _photo_search(now.search, patch, scale, level), *matrices, change=change)
    variance = (white_level(image.dtype) * now.luma) ** 2
    return denoise(image, _photo_search(now.search, patch, scale / variance, level * variance), change=change)


def _halved(image: Image) -> Planes:
    """Return the means of 2 x 2 px as intensities; an odd last row or column is repeated."""
    from diptych.operators._kernels import _tiles_numba as tiles

    height, width, channels = image.shape
    half = np.empty((-(-height // 2), -(-width // 2), channels), np.float32)
    quarter = np.float32(0.25 / white_level(image.dtype))
    in_strips(lambda start, stop: tiles.halve(image, quarter, half, start, stop), len(half))
    return half


def _photo_search(search: int, patch: int, scale: float, level: float) -> Search:
    return Search(search // 2, patch, patch // 2, scale, level, True, "symmetric", OWN)


def _bilateral(image: Image, *, sigma_color: float, sigma_spatial: float, size: int) -> Image:
    radius = size // 2
    # The kernel's exponential is the fourth root of the weight, to base 2; the distance of the pixels is a head start.
    scale = 1 / (8 * np.log(2) * image.shape[2] * (sigma_color * white_level(image.dtype)) ** 2)
    y, x = np.mgrid[0 : radius + 1, -radius : radius + 1]
    start = -(y**2 + x**2) / (8 * np.log(2) * sigma_spatial**2)
    return denoise(image, Search(radius, 1, 0, scale, start / scale, True, "symmetric"))


_PATHS: dict[str, tuple[FastPath, ...]] = {
    "denoise_nlm": (
        FastPath(
            "Numba",
            _DTYPES,
            _nlm,
            when=lambda image, *, strength, **_: strength >= 1e-6,
            note="strength > 0",
        ),
    ),
    "denoise_photo": (
        FastPath(
            "Numba",
            _DTYPES,
            _photo,
            when=lambda image, *, luma, **_: luma >= LEAST,
            note="luma > 0",
        ),
    ),
    "denoise_bilateral": (
        FastPath(
            "Numba",
            _DTYPES,
            _bilateral,
            when=lambda image, *, sigma_color, size, **_: sigma_color >= 1e-6 and size > 1,
            note="sigma_color > 0, size > 1",
        ),
    ),
}


def paths(declaration: Declaration) -> tuple[FastPath, ...]:
    """Return the faster paths of one of these operators."""
    return _PATHS[declaration.name]
