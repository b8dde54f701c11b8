"""What became of the structure of a picture: edges kept and added, tones in their order, pictures still different.

All of it is measured on luma averaged over blocks, so that removing noise is no loss and copying noise no gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.stats import rankdata

Floats = NDArray[np.floating[Any]]

SCALES = (2, 4)
"""Sides of the blocks, in px."""

_WINDOW = 7
_FLOOR = 0.02  # gradients below this part of the brightness are flat, as in the loss `structure`
_THUMBNAIL = 16  # blocks on each side of the thumbnails by which pictures are told apart
_FLAT = 0.01  # a thumbnail that varies less than this shows nothing
_NOTHING = 1e-8  # mean square of normalised gradients under which there is no edge at all


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges of a picture at one scale.

    Attributes
    ----------
    gradients : ndarray, shape (2, H, W)
        Forward differences of the luma.
    normalised : ndarray, shape (2, H, W)
        The same over their local root mean square, which takes brightness and contrast out.
    noise : float
        What the noise adds to the local mean of the squared gradients.
    """

    gradients: Floats
    normalised: Floats
    noise: float


def edges_of(luma: Floats, noise: float) -> tuple[Edges, ...]:
    """Return the edges of a luma ``(H, W)`` with noise of this standard deviation, at each of the scales."""
    return tuple(_edges(block_means(luma, scale), noise / scale) for scale in SCALES)


def structure_kept(source: Sequence[Edges], result: Sequence[Edges]) -> float:
    """Return the correlation of the normalised gradients, from 0 (none, or the negative) to 1; two flat pictures agree.

    References
    ----------
    Heeger, "Normalization of cell responses in cat striate cortex", Visual Neuroscience 9 (1992).
    """
    return max(0.0, float(np.mean([_cosine(a.normalised, b.normalised) for a, b in zip(source, result, strict=True)])))


def structure_added(source: Sequence[Edges], result: Sequence[Edges]) -> float:
    """Return the share of the result's squared gradients, beyond its noise, that no local contrast makes of the source's."""
    return float(np.mean([_unexplained(a, b) for a, b in zip(source, result, strict=True)]))


def rank_correlation(source: Floats, result: Floats) -> float:
    """Return Spearman's rank correlation of two lumas ``(H, W)``, on blocks; 1 if the first is flat, 0 if the second is.

    Examples
    --------
    >>> ramp = np.linspace(0, 1, 64 * 64).reshape(64, 64)
    >>> rank_correlation(ramp, np.sqrt(ramp)), rank_correlation(ramp, 1 - ramp)
    (1.0, -1.0)
    """
    a, b = (_thumbnail(values, 2 * _THUMBNAIL).ravel() for values in (source, result))
    if min(a.std(), b.std()) < _FLAT / 10:
        return float(a.std() < _FLAT / 10)
    return float(np.clip(np.corrcoef(rankdata(a), rankdata(b))[0, 1], -1, 1))


def color_correlation(source: Floats, result: Floats) -> float | None:
    """Return the correlation of the colour differences of two pictures ``(H, W, C)``, on blocks; None where either is grey.

    A colour difference is a channel less the mean of the channels; a cast, the same everywhere, is left out.
    """
    if source.shape[2] != result.shape[2] or source.shape[2] == 1:
        return None
    a, b = (_color_differences(values) for values in (source, result))
    spreads = a.std(), b.std()
    if (
        spreads[0] < _FLAT * 2 * float(source.mean())
        or spreads[1] < _FLAT * float(result.mean())
        or min(spreads) < 1e-4
    ):
        return None
    return float(np.mean(a * b) / (spreads[0] * spreads[1]))


def contrast(luma: Floats) -> float:
    """Return the standard deviation of a luma ``(H, W)``, on blocks, so that noise has little part in it."""
    return float(_thumbnail(luma, 2 * _THUMBNAIL).std())


def diversity(lumas: Sequence[Floats]) -> float:
    """Return how much pictures differ in what they show: the mean of ``1 - r`` over all pairs of thumbnails.

    r is the correlation of two thumbnails of 16 x 16 blocks; flat thumbnails count as the same as each other.
    """
    rows = np.stack([_standardised(_thumbnail(values, _THUMBNAIL)) for values in lumas])
    squared = np.sum((rows[:, np.newaxis] - rows[np.newaxis]) ** 2, axis=2)
    pairs = len(rows) * (len(rows) - 1)
    return float(squared.sum() / 2 / pairs) if pairs else 0.0


def block_means(values: Floats, side: int) -> Floats:
    """Return the means of blocks of side x side; what is left over at the right and below is dropped."""
    side = max(1, min(side, *values.shape))
    down, across = values.shape[0] // side, values.shape[1] // side
    return np.asarray(values[: down * side, : across * side].reshape(down, side, across, side).mean(axis=(1, 3)))


def _edges(luma: Floats, noise: float) -> Edges:
    gradients = np.zeros((2, *luma.shape), luma.dtype)
    gradients[0, :-1] = np.diff(luma, axis=0)
    gradients[1, :, :-1] = np.diff(luma, axis=1)
    energy = _local_mean(np.sum(gradients**2, axis=0))
    # White noise adds 2 sigma² to the square of each difference.
    flat = (_FLOOR * (_local_mean(luma) + 0.02)) ** 2 + 4 * noise**2
    return Edges(gradients, gradients / np.sqrt(energy + flat), 4 * noise**2)


def _cosine(first: Floats, second: Floats) -> float:
    of_first, of_second = (float(np.mean(values**2)) for values in (first, second))
    if min(of_first, of_second) < _NOTHING:
        return float(max(of_first, of_second) < _NOTHING)
    return float(np.mean(first * second)) / float(np.sqrt(of_first * of_second))


def _unexplained(source: Edges, result: Edges) -> float:
    # In each window the result's gradients are fitted by a multiple of the source's; what is left over was added.
    shared = _local_mean(np.sum(source.gradients * result.gradients, axis=0))
    of_source, of_result = (_local_mean(np.sum(one.gradients**2, axis=0)) for one in (source, result))
    explained = np.maximum(shared, 0) ** 2 / np.maximum(of_source, 1e-9)
    total = float(of_result.mean())
    added = float(np.maximum(of_result - explained - result.noise, 0).mean())
    return added / total if total > _NOTHING else 0.0


def _local_mean(values: Floats) -> Floats:
    """Return the means over 7 x 7 windows, which at the borders are cut off."""
    sums, counts = (
        uniform_filter(part, _WINDOW, np.float64, mode="constant") for part in (values, np.ones(values.shape))
    )
    return np.asarray(sums / counts)


def _thumbnail(values: Floats, side: int) -> Floats:
    rows, columns = (np.arange(side) * length // side for length in values.shape)
    for axis, starts in ((0, rows), (1, columns)):
        if values.shape[axis] <= side:
            values = np.take(values, starts, axis=axis)
            continue
        counts = np.diff(np.append(starts, values.shape[axis]))
        values = np.add.reduceat(values, starts, axis=axis) / np.expand_dims(counts, 1 - axis)
    return values


def _color_differences(picture: Floats) -> Floats:
    thumbnails = np.stack([_thumbnail(channel, 2 * _THUMBNAIL) for channel in np.moveaxis(picture, 2, 0)])
    away = thumbnails - thumbnails.mean(axis=0)
    return np.asarray(away - away.mean(axis=(1, 2), keepdims=True))


def _standardised(values: Floats) -> Floats:
    away = (values - values.mean()).ravel()
    spread = float(np.sqrt(np.mean(away**2)))
    return away / max(spread, _FLAT) / np.sqrt(away.size)
