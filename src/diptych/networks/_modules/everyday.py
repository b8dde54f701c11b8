"""Shots of every day: what phones make of good scenes, from a little too dark to backlit."""

from __future__ import annotations

import torch
from torch import Tensor

_SHARES = (0.31, 0.56, 0.71)  # up to which a shot is underexposed, backlit, contrasty; the rest is good as it is
_STRONGEST = 10.0  # noise, times that of a camera in the dark


class Everyday:
    """Values of everyday shots of pictures, in the place of those that a camera was fitted to.

    Underexposed by up to 2.3 stops of the values, with a steeper curve; backlit, that is, what is bright stays and the rest
    sinks to between 8 and 50 %; contrasty, with a gamma of 1.3 to 3.2, as at night; or good as it is, but for a few per cent.

    Parameters
    ----------
    whole : Tensor, shape (N, C, H, W)
        The pictures or thumbnails of them.
    generator : torch.Generator
        What everything is drawn from.
    """

    def __init__(self, whole: Tensor, generator: torch.Generator) -> None:
        def uniform(columns: int) -> Tensor:
            return torch.rand(len(whole), columns, generator=generator).to(whole)

        self._kind, self._chosen, self._first, self._second, self._third, self._noise = uniform(6).hsplit(6)
        self._normal = torch.randn(len(whole), 4, generator=generator).to(whole)
        self._mean = whole.mean((1, 2, 3))[:, None]
        self._spread = float(torch.rand((), generator=generator)) ** 3

    def chosen(self, share: float) -> Tensor:
        """Return which of the shots ``(N, 1)`` are everyday ones."""
        return self._chosen < share

    def values(self, names: tuple[str, ...]) -> Tensor:
        """Return the values ``(N, K)`` of these names."""
        under, backlit, contrasty = (self._kind < share for share in _SHARES)
        cast = torch.where(under | contrasty, 0.05 * self._normal, 0.0)

        def choose(*ways: Tensor) -> Tensor:
            good = 0.03 * self._normal[:, 3:] if len(ways) == 4 else torch.zeros_like(self._kind)
            return torch.where(under, ways[0], torch.where(backlit, ways[1], torch.where(contrasty, ways[2], good)))

        zero = torch.zeros_like(self._kind)
        found = {
            "exposure": choose(-1.6 * self._first, (0.08 + 0.42 * self._first).log(), zero, zero),
            "gamma": choose(*(torch.log(a + b * self._second) for a, b in ((1.0, 0.9), (1.0, 0.5), (1.3, 1.9)))),
            "red": cast[:, :1],
            "blue": cast[:, 1:2],
            "saturation": torch.where(under, 0.05 + 0.12 * self._normal[:, 2:3], zero),
            "black": torch.where(under, -0.02 * self._third, zero),
        }
        return torch.cat([found.get(name, zero) for name in names], 1)

    def lamps(self) -> Tensor:
        """Return what stays as it is in backlit shots, see `Shot`."""
        much = ((self._kind >= _SHARES[0]) & (self._kind < _SHARES[1])).to(self._kind)
        return torch.cat([much, self._mean + 0.25 * self._second, 8 + 12 * self._third], 1)

    def noise(self, strengths: Tensor) -> Tensor:
        """Return factors of the noise like those given: mostly little, in three of ten shots none."""
        own = _STRONGEST * ((self._noise - 0.3) / 0.7).clamp_min(0) ** 2
        return own * torch.exp(0.2 * self._normal[:, : strengths.shape[1]])

    def correlation(self, least: float) -> float:
        """Return a correlation of neighbours; that of all shots that are drawn together, mostly near the least."""
        return least + (0.6 - least) * self._spread
