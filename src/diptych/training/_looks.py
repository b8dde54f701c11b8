"""How pictures of a domain look, tone, colour and texture as a few numbers each, and how far other pictures are from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diptych.core.color import luma
from diptych.core.noise import noise_level
from diptych.training._structure import squares

Floats: TypeAlias = NDArray[np.floating[Any]]

Look: TypeAlias = tuple[Floats, ...]
"""Tone, colour and texture of one picture."""

_TONES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
_OCTAVES = 4
_LEVEL = 0.5 / 255  # what 8 bits cannot show does not count as texture
_WIDTHS = (0.03, 0.01, 0.15)  # a domain more even than this (tone, colour, logarithm of texture) is taken to be so wide
_SPLITS = 8


class Domain:
    """A domain, known by some of its pictures."""

    def __init__(self, looks: Sequence[Look]) -> None:
        self._looks = tuple(looks)
        self._own = self._between_halves()

    def away(self, looks: Sequence[Look]) -> float:
        """Return how far pictures are from the domain: about 0 if they belong to it, and growing like a logarithm.

        ``sum over tone, colour, texture of log(1 + D)``, less the same of one part of the domain against another; D² is the
        mean over the features of ``((mean - mean_B)² + (spread - spread_B)²) / spread_B²``, the diagonal Fréchet distance in
        units of the domain's own spread from picture to picture.
        """
        return float(np.log1p(_distances(looks, self._looks)).sum() - self._own)

    def _between_halves(self) -> float:
        count = len(self._looks)
        if count < 2:
            return 0.0
        draw, found = np.random.default_rng(0), []
        for _ in range(_SPLITS):
            order = draw.permutation(count)
            first, second = ([self._looks[i] for i in part] for part in np.array_split(order, 2))
            found.append((_distances(first, second) + _distances(second, first)) / 2)
        # Means of half as many pictures vary more, by sqrt(2).
        return float(np.log1p(np.mean(found, axis=0) / np.sqrt(2)).sum())


def luminance_of(picture: Floats) -> Floats:
    """Return the luminance ``(H, W)`` of a picture ``(H, W, C)``: BT.601 of RGB, else the mean of the channels."""
    return luma(picture)


def look_of(picture: Floats) -> Look:
    """Return the look of a picture ``(H, W, C)`` in [0, 1].

    Tone is seven quantiles of the luminance; colour the mean and the spread of each channel's difference from the luminance;
    texture the logarithms of the noise and of what is lost from each square of 1, 2, 4, 8 px to the square of twice the side.
    """
    luminance = luminance_of(picture)
    thin, thin_luminance = picture[::2, ::2], luminance[::2, ::2]
    casts = (thin - thin_luminance[:, :, np.newaxis]).reshape(-1, picture.shape[2])
    color = np.concatenate([casts.mean(axis=0), casts.std(axis=0)])
    return np.quantile(thin_luminance, _TONES), color, _texture(luminance)


def _texture(luminance: Floats) -> Floats:
    details = [noise_level(luminance)]
    for _ in range(_OCTAVES):
        if min(luminance.shape) < 2:
            details.append(0.0)
            continue
        coarse = squares(luminance, 2)
        finer = luminance[: 2 * coarse.shape[0], : 2 * coarse.shape[1]]
        detail = finer - np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)
        details.append(float(np.sqrt(np.mean(detail**2))))
        luminance = coarse
    return np.log(np.asarray(details) + _LEVEL)


def _distances(looks: Sequence[Look], domain: Sequence[Look]) -> Floats:
    groups = zip(zip(*looks, strict=True), zip(*domain, strict=True), _WIDTHS, strict=True)
    return np.array([_distance(np.stack(a), np.stack(b), width) for a, b, width in groups])


def _distance(values: Floats, domain: Floats, width: float) -> float:
    if values.shape[1] != domain.shape[1]:  # colours of other channels: the picture counts as grey
        values = np.zeros((len(values), domain.shape[1]))
    scale = np.sqrt(domain.var(axis=0) + width**2)
    means = (values.mean(axis=0) - domain.mean(axis=0)) / scale
    spreads = (values.std(axis=0) - domain.std(axis=0)) / scale
    return float(np.sqrt(np.mean(means**2 + spreads**2)))
