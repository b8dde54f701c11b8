"""A sampler that says where in its picture a sample lies: views of thumbnails.

A position is a box in shares of the picture: top, left, height and width. A negative width is a mirrored view, whose left edge
lies to the right.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diptych.core.color import luma
from diptych.core.image import Image, to_float
from diptych.data.folder import PhotoFolder
from diptych.data.sampler import Sampler
from diptych.recipes import Recipe, step

THUMBNAIL_SIDE = 192
"""Side in px of the square thumbnails."""

_BRIGHTNESSES = 8  # groups of pictures by their mean luma
_LEAST_COUNT = 5  # pictures that a group is taken to have, so that no single picture is seen all the time

_ASPECT = 0.85, 1.15  # height of a view relative to its width, as shares

Floats = NDArray[np.float32]


def thumbnails_of(folder: PhotoFolder, *, cache_bytes: int, side: int = THUMBNAIL_SIDE) -> PhotoFolder:
    """Return the folder's pictures as small squares, area-averaged, whatever their shape.

    Parameters
    ----------
    folder : PhotoFolder
        The pictures.
    cache_bytes : int
        Bytes that the small squares may take in memory.
    side : int
        Of a square, in px.

    Examples
    --------
    ``thumbnails_of(PhotoFolder("bright"), cache_bytes=1 << 26)[0]``
    """
    shrink = step("zoom", height=side, width=side, interpolation="area")
    preprocess = Recipe(*folder.preprocess.steps, shrink, name="thumbnail")
    return PhotoFolder(
        folder.path, preprocess=preprocess, channels=folder.channels, cache_bytes=cache_bytes, names=folder.names
    )


class ViewSampler:
    """Random views of thumbnails, numbered like the crops of a `Sampler`.

    Parameters
    ----------
    thumbnails : PhotoFolder
        From `thumbnails_of`.
    domain : str
        Any word; samplers of different domains draw independently.
    seed : int
        0 or more.
    flips : bool
        Mirror half of the views left to right.
    min_share : float
        Smallest share of the picture that a view shows along either axis.
    weights : ndarray, shape (pictures,), optional
        Probability that a view is of each picture. By default each comes up once in an epoch.
    """

    def __init__(
        self,
        thumbnails: PhotoFolder,
        *,
        domain: str,
        seed: int,
        flips: bool = True,
        min_share: float = 0.6,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        self.folder = thumbnails
        self._min_share = min_share
        self._weights = weights
        self._sampler = Sampler(thumbnails, domain=f"{domain} view", crop=1, seed=seed)
        self._flips = flips

    def batch(self, start: int, count: int) -> tuple[Floats, Floats]:
        """Return thumbnails ``(count, C, THUMBNAIL_SIDE, THUMBNAIL_SIDE)`` and the boxes ``(count, 4)`` of views in them."""
        views = [self._view(number) for number in range(start, start + count)]
        return np.stack([picture for picture, _ in views]), np.array([box for _, box in views], np.float32)

    def _view(self, number: int) -> tuple[Floats, tuple[float, float, float, float]]:
        generator = self._sampler.generator(number)
        if self._weights is None:
            index = self._sampler.index(number)
        else:
            index = int(generator.choice(len(self._weights), p=self._weights))
        return _planes(self.folder.picture(index)), self._box(generator)

    def _box(self, generator: np.random.Generator) -> tuple[float, float, float, float]:
        width = generator.uniform(self._min_share, 1)
        height = float(np.clip(width * generator.uniform(*_ASPECT), self._min_share, 1))
        top, left = generator.uniform(0, 1 - height), generator.uniform(0, 1 - width)
        mirrored = self._flips and generator.random() < 0.5
        return (top, left + width, height, -width) if mirrored else (top, left, height, width)


def balanced(thumbnails: PhotoFolder, share: float) -> NDArray[np.float64]:
    """Return the probability of each picture if some draws are even over brightness, and the others over the pictures.

    Parameters
    ----------
    thumbnails : PhotoFolder
        From `thumbnails_of`; all are read.
    share : float
        Of the draws in which each eighth of the range of mean lumas comes up equally often.

    Examples
    --------
    ``balanced(thumbnails_of(folder, cache_bytes=1 << 26), share=0.5)``
    """
    pictures = (thumbnails.picture(index) for index in range(len(thumbnails)))
    means = np.array([float(luma(to_float(picture)).mean()) for picture in pictures])
    counts, edges = np.histogram(means, _BRIGHTNESSES)
    groups = np.clip(np.digitize(means, edges) - 1, 0, _BRIGHTNESSES - 1)
    even = 1 / np.maximum(counts, _LEAST_COUNT)[groups]
    weights = share * even / even.sum() + (1 - share) / len(means)
    return np.asarray(weights / weights.sum(), np.float64)


def _planes(picture: Image) -> Floats:
    return np.ascontiguousarray(to_float(picture).transpose(2, 0, 1), np.float32)
