"""What is wrong with a picture made of a dark one, without a reference: pure functions of pictures ``(N, C, H, W)``.

They follow Zero-DCE (Guo et al., CVPR 2020, equations 4 to 7) with these differences. Its spatial consistency compares
differences of values, which are small in a dark picture and so ask for a flat result; here stops are compared, which an
exposure does not change, but for the foot of the tone curve. Its colour constancy makes the channels' means equal, as if all
scenes were grey; here the colours of the dark picture are kept, after the part of the white balance that the recipe `auto`
does. Its exposure control asks for 0.6 in every area of 16 px; here the whole picture is aimed at the mean that good
photographs have, and what is lost beyond white counts.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from diptych.networks.modules.render import luma

# As for the recipe `auto`: of under-exposed photographs whose highlights (the 99.5th percentile of the brightest channel) are
# brought to 0.8, the mean luma has the median 0.24; of two scenes the darker one stays the darker, by the power of a quarter.
HIGHLIGHT, TYPICAL, DARKER = 0.8, 0.24, 0.25
BALANCED = 0.4  # share of the grey world that is believed
_AREA = 4  # px
_FLOOR = 0.1  # of the mean luma: darker than this, stops and colours are mostly noise
_LOST = 4.0  # weight of what is lost beyond white and black, beside the mean


def exposure(made: Tensor, dark: Tensor, *, level: float) -> Tensor:
    """Return ``(mean luma - aim)^2``, and what lies beyond white or black: its mean square, times 4.

    The aim is `level`, times the fourth root of how the scene's mean relates to its highlights, as it is for the recipe `auto`.
    It is that of the dark picture, and does not depend on how dark it is.
    """
    wrong = (luma(made).mean((1, 2, 3)) - aim_of(dark, level=level)) ** 2
    lost = (made - made.clamp(0, 1)) ** 2
    return wrong.mean() + _LOST * lost.mean()


def aim_of(dark: Tensor, *, level: float) -> Tensor:
    """Return the mean luma ``(N,)`` that each picture should have."""
    highlight = torch.quantile(dark.amax(1).flatten(1), 0.995, dim=1).clamp(min=0.02)
    scene = HIGHLIGHT * luma(dark).mean((1, 2, 3)) / highlight
    return (level * (scene.clamp(min=1e-3) / TYPICAL) ** DARKER).clamp(max=0.7)


def spatial(made: Tensor, dark: Tensor, *, stops: float) -> Tensor:
    """Return how far the differences between neighbouring areas of 4 x 4 px are from those before, times `stops`.

    ``mean over pairs of (log2 (y_i / y_j) - stops log2 (x_i / x_j))^2``, x and y being the means of luma of the areas over that
    of the picture, plus 0.1.
    """
    more = _stops(made) - stops * _stops(dark)
    return (more.diff(dim=2) ** 2).mean() + (more.diff(dim=3) ** 2).mean()


def color(made: Tensor, dark: Tensor) -> Tensor:
    """Return how far the colours of areas are from those of the dark picture after a part of its white balance.

    A colour is the channels over luma plus a tenth of its mean. The white balance is that of the grey world, to the power of
    0.4. Without three channels there is none.
    """
    if made.shape[1] != 3:
        return made.new_zeros(())
    means = dark.mean((2, 3), keepdim=True).clamp(min=1e-3)
    balanced = dark * (means.mean(1, keepdim=True) / means) ** BALANCED
    return ((_colors(made) - _colors(balanced)) ** 2).mean()


def roughness(grid: Tensor, curve: Tensor) -> Tensor:
    """Return the mean squared steps between neighbouring cells of a grid, and squared bends of a curve."""
    steps = sum((grid.diff(dim=dim) ** 2).mean() for dim in (2, 3, 4))
    knots = curve.shape[1] - 1
    return steps + ((curve.diff(dim=1, n=2) * knots) ** 2).mean() / knots


def unevenness(made: Tensor, dark: Tensor) -> Tensor:
    """Return the mean squared steps, between neighbouring pixels, of the logarithm of what a picture was multiplied by."""
    gain = torch.log2((made + _FLOOR) / (dark + _FLOOR))
    return (gain.diff(dim=2) ** 2).mean() + (gain.diff(dim=3) ** 2).mean()


def _stops(picture: Tensor) -> Tensor:
    light = _areas(luma(picture).clamp(min=0))
    return torch.log2(light / light.mean((2, 3), keepdim=True).clamp(min=1e-3) + _FLOOR)


def _colors(picture: Tensor) -> Tensor:
    areas = _areas(picture.clamp(min=0))
    light = luma(areas)
    return areas / (light + _FLOOR * light.mean((2, 3), keepdim=True).clamp(min=1e-3))


def _areas(picture: Tensor) -> Tensor:
    return F.avg_pool2d(picture, min(_AREA, *picture.shape[-2:]))
