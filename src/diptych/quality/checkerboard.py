"""Checkerboards: patterns of 2 and 4 px that upsampling leaves in a generator's pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

_TILE = 32
_BESIDE = (-4, -3, 3, 4)  # bins beside a peak, outside the main lobe of the window
_FREQUENCIES = (0, _TILE // 4, _TILE // 2, 3 * _TILE // 4)  # frequencies of no, 4, 2 and again 4 px


VISIBLE = 1 / 255
"""Weaker patterns are not counted: 8 bits do not show them."""


@dataclass(frozen=True)
class Checkerboard:
    """The most prominent pattern.

    Attributes
    ----------
    period : int
        2 or 4 px.
    amplitude : float
        As an intensity.
    prominence : float
        Its power over that of the frequencies beside it.
    """

    period: int
    amplitude: float
    prominence: float


def find_checkerboard(lumas: Sequence[Floats]) -> Checkerboard:
    """Return the most prominent pattern of 2 or 4 px in lumas ``(H, W)``, from the mean power spectrum of their tiles.

    Tiles of 32 x 32 px overlap by a half, under a Hann window. A picture smaller than a tile is left out.

    Parameters
    ----------
    lumas : sequence of ndarray, shape (H, W)
        Floats in [0, 1].

    References
    ----------
    Welch, "The use of fast Fourier transform for the estimation of power spectra", IEEE Transactions on Audio and
    Electroacoustics 15 (1967).

    Examples
    --------
    >>> stripes = np.tile(np.float32([0.45, 0.55]), (64, 32))
    >>> found = find_checkerboard([stripes])
    >>> found.period, round(found.amplitude, 2)
    (2, 0.05)
    """
    power = _power(lumas)
    if power is None:
        return Checkerboard(2, 0.0, 0.0)
    found = [_at(power, u, v) for u in _FREQUENCIES for v in _FREQUENCIES if u or v]
    return max(found, key=lambda board: (board.amplitude >= VISIBLE, board.prominence))


def _power(lumas: Sequence[Floats]) -> Floats | None:
    window = np.hanning(_TILE + 1)[:-1]
    window /= window.sum()
    total, count = np.zeros((_TILE, _TILE)), 0
    for luma in lumas:
        if min(luma.shape) < _TILE:
            continue
        tiles = np.lib.stride_tricks.sliding_window_view(luma, (_TILE, _TILE))[:: _TILE // 2, :: _TILE // 2]
        weighted = (tiles - tiles.mean(axis=(2, 3), keepdims=True)) * np.outer(window, window)
        total += (np.abs(np.fft.fft2(weighted)) ** 2).sum(axis=(0, 1))
        count += tiles.shape[0] * tiles.shape[1]
    return total / count if count else None


def _at(power: Floats, u: int, v: int) -> Checkerboard:
    beside = max(_beside(power[:, v], u), _beside(power[u], v))
    # A wave of 2 px is one point of the spectrum, any other is two halves.
    share = 1.0 if {u, v} <= {0, _TILE // 2} else 2.0
    amplitude = share * float(np.sqrt(max(power[u, v] - beside, 0)))
    period = 2 if _TILE // 2 in (u, v) else 4
    return Checkerboard(period, amplitude, float(power[u, v] / max(beside, 1e-12)))


def _beside(line: Floats, peak: int) -> float:
    return float(np.exp(np.mean(np.log(line[(peak + np.array(_BESIDE)) % _TILE] + 1e-20))))
