"""The noise of a sensor: its strength, and how channels and neighbours agree in it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

_READ, _SHOT = 1.5 / 255, 1e-4  # a small sensor in the dark, 8 bits
_NORMAL_SIDE = 512.0


class Grain(nn.Module):
    """Noise of variance ``read^2 + shot * x`` in each channel, Gaussian, with correlated channels and neighbours.

    Its numbers are buffers: a fit measures them, no gradient moves them.

    Attributes
    ----------
    read : Tensor, shape (C,)
        Standard deviation in black.
    shot : Tensor, shape (C,)
        Variance that full intensity adds.
    spread, spread_channels : Tensor
        Standard deviations of the logarithm of the strength, from picture to picture and from channel to channel.
    between_channels, between_neighbours : Tensor
        Correlations.
    side : Tensor
        Root of the area in px of the pictures that were measured, which says what of the noise a smaller copy keeps.
    """

    read: Tensor
    shot: Tensor
    spread: Tensor
    spread_channels: Tensor
    between_channels: Tensor
    between_neighbours: Tensor
    side: Tensor

    def __init__(self, channels: int, *, silent: bool) -> None:
        super().__init__()
        start = {
            "read": torch.full((channels,), 0.0 if silent else _READ),
            "shot": torch.full((channels,), 0.0 if silent else _SHOT),
            "spread": torch.tensor(0.45),
            "spread_channels": torch.tensor(0.15),
            "between_channels": torch.tensor(0.3),
            "between_neighbours": torch.tensor(0.1),
            "side": torch.tensor(_NORMAL_SIDE),
        }
        for name, value in start.items():
            self.register_buffer(name, value)

    def strengths(self, common: Tensor, own: Tensor, spread: float) -> Tensor:
        """Return factors ``(N, C)`` from standard normal values ``(N, 1)`` and ``(N, C)``."""
        return torch.exp(spread * (self.spread * common + self.spread_channels * own))

    def forward(
        self, x: Tensor, strengths: Tensor, generator: torch.Generator, *, correlation: float | None = None
    ) -> Tensor:
        """Return the picture with noise; strengths ``(N, C)`` multiply its standard deviation."""
        if not strengths.any():
            return x
        return x + self._deviation(x, strengths) * self.drawn(x.shape, generator, correlation=correlation).to(x)

    def cut_off(self, x: Tensor, strengths: Tensor) -> Tensor:
        """Return the mean of the noisy values after those below 0 were set to it, ``E[max(0, x + n)]``."""
        deviation = self._deviation(x, strengths).clamp_min(1e-6)
        away = (x / deviation).clamp(-8, 8)
        below = torch.exp(-0.5 * away**2) / math.sqrt(2 * math.pi)
        mean = x * (0.5 + 0.5 * torch.erf(away / math.sqrt(2))) + deviation * below
        return torch.where(strengths[:, :, None, None] > 0, mean, x)

    def _deviation(self, x: Tensor, strengths: Tensor) -> Tensor:
        read, shot = self.read.view(-1, 1, 1), self.shot.view(-1, 1, 1)
        # No gradient through the strength: a darker picture must not pay for its noise.
        return (read**2 + shot * x.detach()).sqrt() * strengths[:, :, None, None]

    def remaining(self, side: float) -> float:
        """Return the share of the standard deviation that the average over areas leaves in a copy of `side` px."""
        neighbour = _neighbour(float(self.between_neighbours))
        grows = (1 + 2 * neighbour) ** 2 / (1 + 2 * neighbour**2)
        return min(1.0, side / float(self.side) * grows)

    def drawn(self, shape: Sequence[int], generator: torch.Generator, *, correlation: float | None = None) -> Tensor:
        """Return noise of this shape ``(N, C, H, W)`` with the correlations and a standard deviation of 1, on the CPU."""
        count, channels, height, width = shape
        own = torch.randn(count, channels + 1, height, width, generator=generator)
        shared = float(self.between_channels.clamp(0, 1)) if channels > 1 else 0.0
        noise = math.sqrt(1 - shared) * own[:, :-1] + math.sqrt(shared) * own[:, -1:]
        near = _neighbour(float(self.between_neighbours) if correlation is None else correlation)
        for axis in (-2, -1) if near else ():
            noise = noise + near * (noise.roll(1, axis) + noise.roll(-1, axis))
        return noise / (1 + 2 * near**2)


def _neighbour(correlation: float) -> float:
    """Return k of the kernel ``[k 1 k]`` along both axes that gives neighbours this correlation, ``2k / (1 + 2k^2)``."""
    bounded = min(max(correlation, 0.0), 0.7)
    return (1 - math.sqrt(1 - 2 * bounded**2)) / (2 * bounded) if bounded > 1e-6 else 0.0
