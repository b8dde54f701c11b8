"""The generator that plans."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its name everywhere)

from diptych.networks.modules.develop import Numbers, develop
from diptych.networks.modules.pictures import averaged, luma
from diptych.networks.planner import SPREAD, Planner

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
STOPS = 2.2 / math.log(2)
"""Stops of light for each unit of the natural logarithm of encoded values, whose exponent is 2.2."""

_FLOOR = 0.004  # of means and quantiles: one level of 255, so that black has a logarithm
_COLOR_FLOOR = 0.014  # of every plan: what colours there are below, in dark photographs, are mostly noise
_SLOPE = 0.1  # of the leaky rectifiers
_AMOUNT = "amount"  # of the white balance that the colours call for: decides warmth and tint

# From what the last layer says to the numbers. Fresh networks say 0.
_FORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "exposure": lambda p: p.clamp(-0.7, 4.0) * STOPS,
    "gamma": lambda p: torch.exp(0.9 * p.clamp(-1.0, 1.0)),
    "follow": lambda p: torch.sigmoid(2 * p + 1),
    "saturation": lambda p: torch.exp(0.4 * torch.tanh(p)),
    "warmth": lambda p: 0.3 * torch.tanh(p),
    "tint": lambda p: 0.25 * torch.tanh(p),
    SPREAD: lambda p: torch.exp(p.clamp(-4.0, 1.5)) * STOPS,
    _AMOUNT: lambda p: torch.sigmoid(2 * p - 1),
}


class PlannerModule(nn.Module):
    """A network on the thumbnail, whose outputs are numbers of `develop`."""

    def __init__(self, config: Planner) -> None:
        super().__init__()
        self.config = config
        width, deep = config.width, 4 * config.width
        self.encoder = nn.Sequential(
            *_convolution(config.channels_in + 1, width, 2),
            *_convolution(width, 2 * width, 2),
            *_convolution(2 * width, deep, 2),
            *_convolution(deep, deep),
        )
        self.context = nn.Sequential(*_convolution(deep, deep, 2))
        casts = 2 if config.channels_in == 3 else 0
        self.mixing = nn.Sequential(*_linear(2 * deep + len(QUANTILES) + 2 + casts, deep), *_linear(deep, deep))
        self._said = tuple(name for name in (*config.outputs, *([_AMOUNT] if casts else [])) if name in _FORMS)
        self.head = nn.Linear(deep, len(self._said))
        self._initialise()

    def forward(self, image: Tensor) -> Tensor:
        """Return the picture ``(N, C, H, W)`` in [0, 1] for a picture in [0, 1] of any size."""
        return self.render(image, self.predict(self.thumbnail(image))).clamp(0, 1)

    def thumbnail(self, image: Tensor) -> Tensor:
        """Return the square picture of the averages of equal areas; a pixel that two areas share counts in proportion."""
        return averaged(image, self.config.thumbnail)

    def predict(self, thumbnail: Tensor) -> Numbers:
        """Return the numbers for the pictures that have these thumbnails ``(N, C, side, side)``.

        Outside training they are the average of what the thumbnail and its mirror image call for: the mirror image of a
        picture becomes the mirror image of the result, and chance has less of a say.

        Returns
        -------
        dict of str to Tensor, shape (N, 1, 1, 1)
            The config's `outputs`, in their order: parameters of `develop`, and ``spread``, the standard deviation of the
            logarithm of the mean luma that the picture should have, in stops.
        """
        straight = self._decide(thumbnail)
        if self.training:
            return straight
        mirrored = self._decide(thumbnail.flip(-1))
        return {name: (straight[name] + mirrored[name]) / 2 for name in straight}

    def render(self, image: Tensor, numbers: Numbers) -> Tensor:
        """Return what `develop` makes of pictures with these numbers."""
        return develop(image, {name: value for name, value in numbers.items() if name != SPREAD})

    def _decide(self, thumbnail: Tensor) -> Numbers:
        said = self.head(self._features(thumbnail)).float()
        numbers = {name: _FORMS[name](said[:, index : index + 1, None, None]) for index, name in enumerate(self._said)}
        if _AMOUNT in numbers:
            amount = numbers.pop(_AMOUNT)
            for name, whole in zip(("warmth", "tint"), balance_of(thumbnail), strict=True):
                numbers[name] = (amount * whole + numbers[name]).clamp(-1.0, 1.0)
            # In training a network would make up for it by more saturation, of colours that are not noise there.
            numbers["color_floor"] = torch.full_like(amount, 0.0 if self.training else _COLOR_FLOOR)
        return {name: numbers[name] for name in self.config.outputs}

    def _features(self, thumbnail: Tensor) -> Tensor:
        """Return what is said of each picture as a whole: maps pooled, distribution of luma, cast."""
        rate, training = self.config.dropout, self.training
        light = luma(thumbnail)
        mean = light.mean((1, 2, 3), keepdim=True) + _FLOOR
        even = thumbnail * (1 + mean) / (thumbnail + mean)
        maps = self.encoder(torch.cat([even, torch.log(light + 0.01) * 0.25 + 0.5], 1))
        around = self.context(F.dropout2d(maps, rate, training))
        parts = [around.mean((2, 3)), around.amax((2, 3)), *_distribution(light, mean), *_casts(thumbnail)]
        return F.dropout(self.mixing(torch.cat(parts, 1)), rate, training)

    def _initialise(self) -> None:
        for part in self.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(part.weight, _SLOPE)
                nn.init.zeros_(part.bias)  # type: ignore[arg-type]
        nn.init.zeros_(self.head.weight)


def balance_of(thumbnail: Tensor) -> tuple[Tensor, Tensor]:
    """Return the warmth and the tint ``(N, 1, 1, 1)`` that make pictures of three channels grey by their shades of grey.

    References
    ----------
    Finlayson and Trezzi, Shades of Gray and Colour Constancy, Color Imaging Conference 2004; the exponent is 3.
    """
    shades = (thumbnail.clamp_min(1e-4) ** 3).mean((2, 3), keepdim=True).log() / 3
    red, green, blue = shades.chunk(3, 1)
    return (blue - red) / 2, green - (red + blue) / 2


def _convolution(before: int, after: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, stride=stride, padding=1), nn.LeakyReLU(_SLOPE, inplace=True)]


def _linear(before: int, after: int) -> list[nn.Module]:
    return [nn.Linear(before, after), nn.LeakyReLU(_SLOPE, inplace=True)]


def _distribution(light: Tensor, mean: Tensor) -> list[Tensor]:
    """Return the mean luma and quantiles of luma, which say more about the exposure than features of convolutions do."""
    values = light.flatten(1)
    # As `sort`, but the size of the result in an exported graph is known beforehand.
    ordered = torch.topk(values, values.shape[1], dim=1, largest=False)[0]
    quantiles = ordered[:, [int(ordered.shape[1] * share) for share in QUANTILES]]
    mean = mean.flatten(1)
    return [mean.log() * 0.3 + 0.6, (quantiles + _FLOOR).log() * 0.3 + 0.6, mean]


def _casts(thumbnail: Tensor) -> list[Tensor]:
    """Return the logarithms of red and blue over green; nothing without three channels."""
    if thumbnail.shape[1] != 3:
        return []
    red, green, blue = (thumbnail.mean((2, 3)) + _FLOOR).chunk(3, 1)
    return [(red / green).log(), (blue / green).log()]
