"""First results to learn from: good pictures are shot by a bad camera, and what comes of it is enhanced without a refiner."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from diptych.core.enhancer import Enhancer
from diptych.core.errors import UnknownNameError
from diptych.networks.modules.degradation import DegradationModule
from diptych.recipes import auto
from diptych.runtime import DefaultEnhancer

_CELL = 32  # px; what is larger is tone, and that of the first result stays
_DARKEST = 0.004


def make_firsts(camera: DegradationModule, good: Tensor, draw: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return first results of shots of good pictures, and the good pictures with the tones of the first results.

    Each picture of the batch is shot anew, with a noise and an exposure of its own, and enhanced either by the model in the
    package or by the recipe `auto`, as if by a user.

    Parameters
    ----------
    camera : DegradationModule
        In training mode.
    good : Tensor, shape (N, C, H, W)
        In [0, 1].
    draw : Generator
        Where all that is random comes from.

    Returns
    -------
    (Tensor, Tensor)
        Both of the shape and place of `good`, in [0, 1].
    """
    camera.samples.fill_(int(draw.integers(2**31)))
    with torch.no_grad():
        shots = camera(good.cpu().float())
    chosen = draw.random(len(shots)) < 0.5
    firsts = torch.stack(
        [_enhanced(shot, auto if classical else _usual()) for shot, classical in zip(shots, chosen, strict=True)]
    )
    firsts = firsts.to(good)
    return firsts, with_tones_of(firsts, good)


def with_tones_of(firsts: Tensor, good: Tensor) -> Tensor:
    """Return good pictures with the local means of first results, in cells of 32 px with ramps between them.

    How bright and how colourful a picture should be is decided by the first result. A refiner that learned to change it
    would move every picture towards the average one.
    """
    ratio = (_cells(firsts) + _DARKEST) / (_cells(good) + _DARKEST)
    return (good * F.interpolate(ratio, good.shape[-2:], mode="bilinear")).clamp(0, 1)


def _cells(pictures: Tensor) -> Tensor:
    return F.avg_pool2d(pictures, min(_CELL, *pictures.shape[-2:]), ceil_mode=True, count_include_pad=False)


def _enhanced(shot: Tensor, enhancer: Enhancer) -> Tensor:
    image = np.ascontiguousarray(shot.permute(1, 2, 0).numpy())
    return torch.from_numpy(np.ascontiguousarray(enhancer(image).transpose(2, 0, 1)))


@functools.cache
def _usual() -> Enhancer:
    try:
        return DefaultEnhancer()
    except UnknownNameError:  # an installation without a model
        return auto
