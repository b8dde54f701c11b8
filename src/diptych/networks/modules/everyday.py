"""Everyday degradations: what phones make of good scenes, from a little too dark to backlit."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_LESS, _UNDER, _BACKLIT, _CONTRASTY, _GOOD = range(5)
_SHARES = (0.35, 0.47, 0.65, 0.78)  # up to which a degradation is of the first kind, the second, and so on
_LEAST = 0.01  # of the light
_DISPLAY = 2.2  # exponent from values to light
_STRONGEST = 10.0  # noise, times that of a small sensor in the dark


class Everyday:
    """Values of everyday degradations of pictures, in the place of those that a model was fitted to.

    With less light, down to a hundredth, and all else as it is; underexposed by up to 2.3 stops of the values, with a steeper
    curve and a cast; backlit, that is, what is bright stays and the rest sinks to between 8 and 50 %; contrasty, with a gamma
    of 1.3 to 3.2, as at night; or good as it is, but for a few per cent.

    Parameters
    ----------
    pictures : Tensor, shape (N, C, H, W)
        The pictures or thumbnails of them.
    generator : torch.Generator
        What everything is drawn from.
    """

    def __init__(self, pictures: Tensor, generator: torch.Generator) -> None:
        def uniform(columns: int) -> Tensor:
            return torch.rand(len(pictures), columns, generator=generator).to(pictures)

        self._kind, self._chosen, self._first, self._second, self._third, self._noise = uniform(6).hsplit(6)
        self._which = torch.bucketize(self._kind.contiguous(), self._kind.new_tensor(_SHARES), right=True)
        self._normal = torch.randn(len(pictures), 4, generator=generator).to(pictures)
        self._mean = pictures.mean((1, 2, 3))[:, None]
        self._spread = float(torch.rand((), generator=generator)) ** 3

    def chosen(self, share: float) -> Tensor:
        """Return which of the samples ``(N, 1)`` are everyday ones."""
        return self._chosen < share

    def values(self, names: tuple[str, ...]) -> Tensor:
        """Return the values ``(N, K)`` of these names."""
        zero = torch.zeros_like(self._kind)
        cast = 0.05 * self._normal

        def choose(ways: dict[int, Tensor]) -> Tensor:
            return torch.stack([ways.get(kind, zero) for kind in range(_GOOD + 1)]).gather(0, self._which[None])[0]

        exposure = {
            _LESS: self._first * math.log(_LEAST) / _DISPLAY,
            _UNDER: -1.6 * self._first,
            _BACKLIT: (0.08 + 0.42 * self._first).log(),
        }
        gamma = {
            _UNDER: torch.log(1.0 + 0.9 * self._second),
            _BACKLIT: torch.log(1.0 + 0.5 * self._second),
            _CONTRASTY: torch.log(1.3 + 1.9 * self._second),
            _GOOD: 0.03 * self._normal[:, 3:],
        }
        found = {
            "exposure": choose(exposure),
            "gamma": choose(gamma),
            "red": choose({_UNDER: cast[:, :1], _CONTRASTY: cast[:, :1]}),
            "blue": choose({_UNDER: cast[:, 1:2], _CONTRASTY: cast[:, 1:2]}),
            "saturation": choose({_UNDER: 0.05 + 0.12 * self._normal[:, 2:3]}),
            "black": choose({_UNDER: -0.02 * self._third}),
        }
        return torch.cat([found.get(name, zero) for name in names], 1)

    def lamps(self) -> Tensor:
        """Return what stays as it is in backlit pictures, see `Sample`."""
        much = (self._which == _BACKLIT).to(self._kind)
        return torch.cat([much, self._mean + 0.25 * self._second, 8 + 12 * self._third], 1)

    def noise(self, strengths: Tensor) -> Tensor:
        """Return factors of the noise like those given: mostly little, in three of ten samples none."""
        own = _STRONGEST * ((self._noise - 0.3) / 0.7).clamp_min(0) ** 2
        return own * torch.exp(0.2 * self._normal[:, : strengths.shape[1]])

    def correlation(self, least: float) -> float:
        """Return a correlation of neighbours, the same for a whole batch, mostly near the least."""
        return least + (0.6 - least) * self._spread
