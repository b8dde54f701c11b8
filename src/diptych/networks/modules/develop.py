"""The operator `develop` in torch, with gradients for its numbers."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (its name everywhere)

from diptych.networks.modules.pictures import luma

Numbers = dict[str, Tensor]
"""Numbers of a batch of pictures, each ``(N, 1, 1, 1)``, by the names of the operator's parameters."""

_STOP, _SHOULDER, _LEVEL, _EPSILON = 1 / 2.2, 0.8, 1 / 255, 0.01  # of diptych.operators.develop
_NEUTRAL = {"exposure": 0.0, "gamma": 1.0, "shadows": 0.0, "local": 0.0, "toe": 0.0}
_NEUTRAL |= {"protect": 0.0, "follow": 1.0, "saturation": 1.0, "warmth": 0.0, "tint": 0.0, "color_floor": 0.0}


def develop(x: Tensor, numbers: Mapping[str, Tensor]) -> Tensor:
    """Develop pictures ``(N, C, H, W)`` in [0, 1] as the operator of this name does.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
        The pictures.
    numbers : mapping of str to Tensor, shape (N, 1, 1, 1)
        Parameters of the operator; those that are not there are neutral.
    """
    n = {name: numbers.get(name, x.new_full((1, 1, 1, 1), value)) for name, value in _NEUTRAL.items()}
    gain = 2 ** (n["exposure"] * _STOP)
    if x.shape[1] == 3:
        factors = torch.exp(torch.cat([n["warmth"], -n["tint"], -n["warmth"]], 1))
        x = x * (factors / luma(factors))
    largest, smallest, light = x.amax(1, keepdim=True), x.amin(1, keepdim=True), luma(x)

    lift: Tensor | None = None
    if {"shadows", "local"} <= set(numbers):
        around = guided(base(largest, gain, n["gamma"]), max(4, min(x.shape[-2:]) // 16)).clamp(1e-3, 1)
        lift = lifted(around, n["shadows"], n["toe"], n["protect"]) / around

    def curve(values: Tensor) -> Tensor:
        based = base(values, gain, n["gamma"])
        alone = lifted(based, n["shadows"], n["toe"], n["protect"])
        return (alone if lift is None else (1 - n["local"]) * alone + n["local"] * based * lift).clamp(0, 1)

    dark, toned, bright = curve(smallest), curve(light), curve(largest)
    wide, ratio = largest - smallest, toned / light.clamp_min(1e-4)
    slope = torch.where(wide > 1e-4, (bright - dark) / wide.clamp_min(1e-4), ratio)
    believed = light**2 / (light**2 + n["color_floor"] ** 2).clamp_min(1e-12)
    chroma = n["saturation"] * believed * (ratio + n["follow"] * (slope - ratio))
    chroma = torch.minimum(chroma, toned / (light - smallest).clamp_min(1e-6))
    out = toned + chroma * (x - light)
    return out / out.amax(1, keepdim=True).clamp_min(1)


def powered(values: Tensor, gamma: Tensor) -> Tensor:
    """Return the values after the gamma."""
    return values * ((values + _LEVEL) / (1 + _LEVEL)) ** (gamma - 1)


def base(values: Tensor, gain: Tensor, gamma: Tensor) -> Tensor:
    """Return the values after exposure, gamma and shoulder."""
    x, white = powered(values * gain, gamma), powered(gain, gamma)
    room = 1 - _SHOULDER
    last = ((white - _SHOULDER) / room).clamp_min(1.0)
    over = (x - _SHOULDER).clamp_min(0) / room
    bent = x.clamp_max(_SHOULDER) + room * over * (1 + over / last**2) / (1 + over)
    return torch.where(white <= 1, x, bent)


def lifted(x: Tensor, shadows: Tensor, toe: Tensor, protect: Tensor) -> Tensor:
    """Return the values after the lift of the shadows."""
    amount = shadows * (1 - x).clamp_min(1e-4) ** (1 + protect) / (1 + shadows * x)
    return x * (1 + amount * x / (x + toe + 1e-6))


def guided(values: Tensor, radius: int) -> Tensor:
    """Return the self-guided filter of maps ``(N, 1, H, W)``, continued by reflection."""
    mean = _mean(values, radius)
    variance = _mean(values * values, radius) - mean * mean
    slope = variance / (variance + _EPSILON)
    return _mean(slope, radius) * values + _mean(mean * (1 - slope), radius)


def _mean(values: Tensor, radius: int) -> Tensor:
    side = 2 * radius + 1
    rows, columns = (_reflected(length, radius, values.device) for length in values.shape[-2:])
    down = F.avg_pool2d(values[:, :, rows], (side, 1), 1)
    return F.avg_pool2d(down[:, :, :, columns], (1, side), 1)


def _reflected(length: int, radius: int, device: torch.device) -> Tensor:
    """Return the indices that continue a side by reflection about its first and last place, as often as that takes."""
    period = max(1, 2 * (length - 1))
    place = torch.arange(-radius, length + radius, device=device) % period
    return torch.minimum(place, period - place) if length > 1 else torch.zeros_like(place)
