"""Appearance: tone, colour and texture of a picture, those of a domain, and the distance between the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diptych.core.color import luma
from diptych.core.noise import noise_level
from diptych.core.parameters import Table
from diptych.quality.structure import block_means

Floats: TypeAlias = NDArray[np.floating[Any]]

_TONES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
_QUANTILES = 65
_OCTAVES = 4
_LEVEL = 0.5 / 255  # detail below what 8 bits can show does not count as texture
_SPLITS = 8

# Least spread of a domain (tone, colour, logarithm of texture): a more uniform one is taken to be so wide.
_LEAST_SPREAD = {"tone": 0.03, "color": 0.01, "texture": 0.15}


@dataclass(frozen=True, eq=False)
class Appearance:
    """Tone, colour and texture of one picture.

    Attributes
    ----------
    tone : ndarray, shape (7,)
        Quantiles of the luma: 2, 10, 25, 50, 75, 90 and 98 %.
    color : ndarray, shape (2 C,)
        Mean, then standard deviation, of each channel's difference from the luma.
    texture : ndarray, shape (5,)
        Logarithms of the noise, and of the root mean square of what is lost from each block of 1, 2, 4 and 8 px to the block
        of twice the side.
    noise : float
        Standard deviation of the noise, as an intensity.
    """

    tone: Floats
    color: Floats
    texture: Floats
    noise: float


def appearance_of(picture: Floats) -> Appearance:
    """Measure a picture ``(H, W, C)`` of floats in [0, 1].

    Parameters
    ----------
    picture : ndarray, shape (H, W, C)
        Floats in [0, 1].

    Returns
    -------
    Appearance
        Its tone, colour, texture and noise.

    Examples
    --------
    >>> ramp = np.tile(np.linspace(0, 1, 101, dtype=np.float32), (101, 1))[:, :, np.newaxis]
    >>> round(float(appearance_of(ramp).tone[3]), 2)
    0.5
    """
    light = luma(picture)
    noise = noise_level(light)
    subsampled, subsampled_luma = picture[::2, ::2], light[::2, ::2]
    casts = (subsampled - subsampled_luma[:, :, np.newaxis]).reshape(-1, picture.shape[2])
    color = np.concatenate([casts.mean(axis=0), casts.std(axis=0)])
    return Appearance(np.quantile(subsampled_luma, _TONES), color, _texture(light, noise), noise)


class DomainStatistics:
    """Statistics of a domain, known by some of its pictures.

    Parameters
    ----------
    pictures : sequence of Appearance
        One or more.
    """

    def __init__(self, pictures: Sequence[Appearance]) -> None:
        self._pictures = tuple(pictures)
        self._own = self._between_halves()

    def distance(self, pictures: Sequence[Appearance]) -> float:
        """Return how far pictures are from the domain: about 0 if they belong to it, and growing like a logarithm.

        ``sum over tone, colour, texture of log(1 + D)``, less the same of one part of the domain against another; D² is the
        mean over the features of ``((mean - mean_B)² + (spread - spread_B)²) / spread_B²``, the diagonal Fréchet distance in
        units of the domain's own spread from picture to picture.

        References
        ----------
        Dowson and Landau, "The Fréchet distance between multivariate normal distributions", Journal of Multivariate Analysis
        12 (1982).
        """
        return float(np.log1p(_distances(pictures, self._pictures)).sum() - self._own)

    def _between_halves(self) -> float:
        count = len(self._pictures)
        if count < 2:
            return 0.0
        rng, found = np.random.default_rng(0), []
        for _ in range(_SPLITS):
            order = rng.permutation(count)
            first, second = ([self._pictures[i] for i in part] for part in np.array_split(order, 2))
            found.append((_distances(first, second) + _distances(second, first)) / 2)
        # Means of half as many pictures vary more, by sqrt(2).
        return float(np.log1p(np.mean(found, axis=0) / np.sqrt(2)).sum())


def mean_quantiles(images: Sequence[Floats]) -> Table:
    """Return the mean quantile function of pictures, one row for all channels together, as `specify_histogram` takes it."""
    probabilities = np.linspace(0, 1, _QUANTILES)
    mean = np.mean([np.quantile(image, probabilities) for image in images], axis=0)
    return (tuple(np.round(np.clip(mean, 0, 1), 4).tolist()),)


def _texture(light: Floats, noise: float) -> Floats:
    details = [noise]
    for _ in range(_OCTAVES):
        if min(light.shape) < 2:
            details.append(0.0)
            continue
        coarse = block_means(light, 2)
        finer = light[: 2 * coarse.shape[0], : 2 * coarse.shape[1]]
        detail = finer - np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)
        details.append(float(np.sqrt(np.mean(detail**2))))
        light = coarse
    return np.log(np.asarray(details) + _LEVEL)


def _distances(pictures: Sequence[Appearance], domain: Sequence[Appearance]) -> Floats:
    found = []
    for part, least in _LEAST_SPREAD.items():
        ours, theirs = (np.stack([getattr(one, part) for one in side]) for side in (pictures, domain))
        found.append(_distance(ours, theirs, least))
    return np.array(found)


def _distance(values: Floats, domain: Floats, least: float) -> float:
    if values.shape[1] != domain.shape[1]:  # colours of other channels: the picture counts as grey
        values = np.zeros((len(values), domain.shape[1]))
    scale = np.sqrt(domain.var(axis=0) + least**2)
    means = (values.mean(axis=0) - domain.mean(axis=0)) / scale
    spreads = (values.std(axis=0) - domain.std(axis=0)) / scale
    return float(np.sqrt(np.mean(means**2 + spreads**2)))
