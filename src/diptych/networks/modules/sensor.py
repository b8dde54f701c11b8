"""A camera's sensor and what develops its values: noise before the curve of tones, a matrix of colours, contrast."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from diptych.networks.modules.grain import Grain

_DISPLAY = 2.2  # exponent from values to light

# A fit over 8,048 published noise profiles of 433 cameras, green, linear values in [0, 1], variance = a x + b:
# ln a = 0.850 ln ISO - 16.617 (deviation 0.84), ln b = 1.232 ln a - 3.374 (1.05).
_SENSITIVITIES = (200.0, 25_600.0)  # ISO; the logarithm is uniform
_SHOT = (0.850, -16.617, 0.84)
_READ = (1.232, -3.374, 1.05)
# a of red and of blue against green: tenth percentile, median and ninetieth are 1.4, 2.3, 2.9 and 1.4, 1.9, 2.7.
_RED, _BLUE = (math.log(2.1), 0.28), (math.log(1.95), 0.26)

_MIXING = 0.04  # deviation of what a matrix adds of one channel to another
_CONTRAST = 0.5  # of the s-curve, at most: a phone's curve is that much on the way to a smooth step
_NEIGHBOURS = (0.1, 0.6)  # correlation of neighbours that demosaicing leaves

# Gauss-Hermite quadrature for a standard normal value.
_NODES = ((-2.85697, 0.011257), (-1.355626, 0.222076), (0.0, 0.533333), (1.355626, 0.222076), (2.85697, 0.011257))


class Camera(NamedTuple):
    """What cameras a batch of pictures was taken with.

    Attributes
    ----------
    shot, read : Tensor, shape (N, C, 1, 1)
        Variance of the noise for each unit of light, and in black.
    matrix : Tensor, shape (N, C, C)
        Of the colours; rows sum to 1.
    contrast : Tensor, shape (N, 1, 1, 1)
        How far the curve of tones is on the way to a smooth step.
    exponent : Tensor, shape (N, 1, 1, 1)
        From values to light.
    """

    shot: Tensor
    read: Tensor
    matrix: Tensor
    contrast: Tensor
    exponent: Tensor

    @classmethod
    def drawn(
        cls, pictures: Tensor, gamma: Tensor, *, noise: float, clean: float, generator: torch.Generator
    ) -> Camera:
        """Draw cameras for pictures ``(N, C, H, W)`` whose curve of tones has these exponents ``(N, 1)``.

        `noise` multiplies the deviation of the noise; a share `clean` of the pictures has none.
        """
        count, channels = pictures.shape[:2]

        def normal(*shape: int) -> Tensor:
            return torch.randn(count, *shape, generator=generator).to(pictures)

        def uniform(low: float = 0.0, high: float = 1.0) -> Tensor:
            return low + (high - low) * torch.rand(count, 1, generator=generator).to(pictures)

        low, high = (math.log(one) for one in _SENSITIVITIES)
        shot = _SHOT[0] * uniform(low, high) + _SHOT[1] + _SHOT[2] * normal(1)
        read = _READ[0] * shot + _READ[1] + _READ[2] * normal(1)
        channel = torch.cat([one[0] + one[1] * normal(1) for one in (_RED, (0.0, 0.0), _BLUE)], 1)
        channel = channel if channels == 3 else channel.new_zeros(count, channels)
        strength = noise**2 * (uniform() >= clean)
        mixing = _MIXING * normal(channels, channels) if channels == 3 else normal(channels, channels) * 0
        matrix = torch.eye(channels).to(mixing) + mixing - torch.diag_embed(mixing.sum(2))
        return cls(
            (strength * (shot + channel).exp())[:, :, None, None],
            (strength * (read + channel).exp())[:, :, None, None],
            matrix,
            _CONTRAST * (uniform() ** 2)[:, :, None, None],
            (_DISPLAY / gamma).clamp_min(1.0)[:, :, None, None],
        )

    def photograph(
        self, x: Tensor, grain: Grain, generator: torch.Generator, *, noise: float, averaged: bool
    ) -> Tensor:
        """Return what pictures ``(N, C, H, W)`` in [0, 1] become, with `noise` times the noise of full resolution.

        `averaged` says that a value is the mean of many: noise that was cut off at black, and bent by the curve, has moved it.
        """
        raw = x.clamp(0, 1) ** self.exponent
        deviation = (self.shot * raw + self.read).sqrt()
        if not averaged:
            if noise:
                raw = raw + noise * deviation * grain.drawn(x.shape, generator, correlation=self._correlation()).to(x)
            return self.developed(self._encoded(raw))
        mean = sum(weight * self._encoded(raw + node * deviation) for node, weight in _NODES)
        assert isinstance(mean, Tensor)
        slope = (self._encoded(raw + deviation) - self._encoded(raw - deviation)) / 2
        left = noise * slope * grain.drawn(x.shape, generator, correlation=0.0).to(x)
        return self.developed(mean + left)

    def developed(self, x: Tensor) -> Tensor:
        """Return values after matrix and s-curve."""
        x = torch.einsum("nij,njhw->nihw", self.matrix, x).clamp(0, 1)
        return x + self.contrast * (x * x * (3 - 2 * x) - x)

    def _encoded(self, raw: Tensor) -> Tensor:
        return raw.clamp(1e-8, 1) ** (1 / self.exponent)

    def _correlation(self) -> float:
        # The same for a batch; it follows what was drawn already.
        low, high = _NEIGHBOURS
        return low + (high - low) * float(self.contrast[0, 0, 0, 0] / _CONTRAST)
