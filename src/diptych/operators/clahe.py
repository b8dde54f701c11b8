"""Contrast-limited adaptive histogram equalisation."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.color import luma_or_channels, with_luma
from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.core.parameters import Range

BINS = 256


@operator(group="tone")
def clahe(
    image: Image,
    *,
    tiles: Annotated[int, Range(1, 64)] = 8,
    clip_limit: Annotated[float, Range(1, 256)] = 2.0,
) -> Image:
    """Equalise the histogram locally, with a limit on the contrast.

    The image is cut into ``tiles x tiles`` tiles. In each, the histogram of 256 bins is cut off at `clip_limit` times
    its mean (in whole counts) and what is cut off is spread over all bins; its cumulative sum is the tile's curve. A
    pixel's curve is the bilinear mixture of the curves of the four nearest tiles, and between two bins a curve is
    linear. Works on the luma of an RGB image, whose hue is kept; other channels are treated one by one.

    Parameters
    ----------
    tiles : int
        Number of tiles along each side.
    clip_limit : float
        Largest contrast, as a multiple of the mean height of the histogram; near 1 the image hardly changes.

    Notes
    -----
    Within one level of OpenCV's ``createCLAHE`` on one ``uint8`` channel, where the tiles divide both sides of the
    image or neither (if they divide only one, OpenCV enlarges that side by a whole row of tiles).
    As there, the distance to a tile's centre is measured from a pixel's left upper edge, so that flips nearly commute.
    `skimage.exposure.equalize_adapthist` also stretches the result to the full range, which this does not.

    References
    ----------
    Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV (1994), pages 474-485.

    Examples
    --------
    >>> haze = np.random.default_rng(0).uniform(0.4, 0.6, (64, 64)).astype(np.float32)
    >>> bool(np.std(clahe(haze, clip_limit=4)) > 1.5 * haze.std())
    True
    """
    old = luma_or_channels(image)
    new = np.stack([_clahe(old[:, :, c], tiles, clip_limit) for c in range(old.shape[2])], axis=2)
    return with_luma(image, old, new) if image.shape[2] == 3 else new


def _clahe(channel: FloatImage, tiles: int, clip_limit: float) -> FloatImage:
    height, width = channel.shape
    if np.ptp(channel) == 0:
        return channel
    position = channel * (BINS - 1)
    padded = np.rint(position).astype(np.intp)[np.ix_(padded_index(height, tiles), padded_index(width, tiles))]
    curves = _curves(padded, tiles, clip_limit).astype(channel.dtype)
    rows = nearest_tiles(height, padded.shape[0] // tiles, tiles)
    columns = nearest_tiles(width, padded.shape[1] // tiles, tiles)
    result = np.zeros_like(channel)
    for row, row_weight in rows:
        for column, column_weight in columns:
            weight = (row_weight[:, np.newaxis] * column_weight).astype(channel.dtype)
            result += weight * _look_up(curves, row[:, np.newaxis] * tiles + column, position)
    return result


def padded_index(length: int, tiles: int) -> NDArray[np.intp]:
    """Return which row (or column) each row of the padded image is: mirrored at the end, so that the tiles divide it."""
    mode: Any = "reflect" if length > 1 else "edge"
    return np.pad(np.arange(length), (0, -length % tiles), mode=mode)


def _curves(bins: NDArray[np.intp], tiles: int, clip_limit: float) -> NDArray[np.float64]:
    side_y, side_x = bins.shape[0] // tiles, bins.shape[1] // tiles
    tile = np.arange(bins.shape[0])[:, np.newaxis] // side_y * tiles + np.arange(bins.shape[1]) // side_x
    counts = np.bincount((tile * BINS + bins).ravel(), minlength=tiles * tiles * BINS).reshape(tiles, tiles, BINS)
    return curves_of(counts, side_y * side_x, clip_limit)


def curves_of(counts: NDArray[np.intp], area: int, clip_limit: float) -> NDArray[np.float64]:
    """Return the curve of each tile ``(tiles, tiles, BINS)`` from the counts of its bins and its area in pixels."""
    clipped = _clip(counts.reshape(-1, BINS), max(int(clip_limit * area / BINS), 1))
    return np.cumsum(clipped.reshape(counts.shape), axis=2) / area


def _clip(counts: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
    # Whole numbers, as OpenCV does it: what does not divide by the number of bins goes to evenly spaced bins.
    kept = np.minimum(counts, limit)
    share, rest = np.divmod((counts - kept).sum(axis=1, keepdims=True), BINS)
    spacing = np.maximum(BINS // np.maximum(rest, 1), 1)
    index = np.arange(BINS)
    return np.asarray(kept + share + ((index % spacing == 0) & (index // spacing < rest)))


def nearest_tiles(length: int, side: int, tiles: int) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Return the tile before and the tile after each row (or column), each with its weight."""
    centre = np.arange(length) / side - 0.5
    first = np.floor(centre).astype(np.intp)
    share = centre - first
    return [(np.clip(first, 0, tiles - 1), 1 - share), (np.clip(first + 1, 0, tiles - 1), share)]


def _look_up(curves: FloatImage, tile: NDArray[np.intp], position: FloatImage) -> FloatImage:
    below = np.minimum(position.astype(np.intp), BINS - 2)
    index = tile * BINS + below
    low, high = curves.ravel()[index], curves.ravel()[index + 1]
    return np.asarray(low + (position - below) * (high - low), position.dtype)
