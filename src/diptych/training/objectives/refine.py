"""Refining: good pictures are degraded and enhanced, and a flow learns the way from there back to them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.core.enhancer import Enhancer
from diptych.core.errors import UnknownNameError
from diptych.core.image import Image
from diptych.networks import build
from diptych.networks.modules.degradation import DegradationModule
from diptych.networks.modules.layers import continued
from diptych.networks.modules.refiner import CLOCK, RefinerModule, scheduler_of
from diptych.recipes import auto
from diptych.runtime import DefaultEnhancer
from diptych.training.config import RefineConfig
from diptych.training.data import TrainingData
from diptych.training.generator_file import run_network
from diptych.training.objectives.base import Tensors, Term, Terms
from diptych.training.objectives.single_generator import SingleGenerator

_UNIT = 100.0  # the loss is in hundredths of the squared range, so that it is a number to read
_CELL = 32  # px; what is larger is tone, and that of the first result stays
_DARKEST = 0.004


class RefineObjective(SingleGenerator):
    """A refiner that learns flow matching from first results of degraded pictures to the good ones (see `Refiner`).

    For a random time t, ``loss = 100 mean (v(x_t, c, t) - (c + noise n - y))^2``.

    Parameters
    ----------
    config : RefineConfig
        The run.
    fabric : Fabric
        Decides device, precision and processes.

    Raises
    ------
    MissingExtraError
        If `diffusers` is not installed.
    """

    def __init__(self, config: RefineConfig, fabric: Fabric) -> None:
        self.config: RefineConfig = config
        super().__init__(config, fabric)
        degradation = build(config.degradation, seed=4 * config.seed + 1)
        assert isinstance(degradation, DegradationModule)
        self._degradation = degradation.requires_grad_(False)
        self._scheduler: Any = scheduler_of()

    def losses(self, network: nn.Module, batch: Tensors, draw: np.random.Generator, *, progress: float) -> Terms:
        """Return the error of the velocity at a random time of each picture's path."""
        assert isinstance(network, RefinerModule)
        padded = _to_multiple(batch[0], network.config.multiple)
        first, good = first_results(self._degradation, padded, draw)
        noise = torch.from_numpy(draw.standard_normal(good.shape, np.float32)).to(good)
        time = self._times(draw, len(good))
        begin = first + network.config.noise * noise
        state = self._scheduler.scale_noise(good, time, begin)
        velocity = network.velocity(state, first, time.to(good) / CLOCK)
        return {"velocity": Term(1.0, _UNIT * F.mse_loss(velocity.float(), begin - good))}

    def rows(self, data: TrainingData, *, count: int) -> list[list[Image]]:
        """Return first results of the first held-out pictures, the same refined, and the pictures with their tones."""
        return [self._row(image, index) for index, image in enumerate(data.held_source[:count])]

    def _row(self, image: Image, index: int) -> list[Image]:
        batch = first_results(self._degradation, self.as_batch(image), self.held_out_draw(index))
        first, wanted = (_as_image(one) for one in batch)
        return [first, run_network(self.generator, first), wanted]

    def _times(self, draw: np.random.Generator, count: int) -> Tensor:
        times: Tensor = self._scheduler.timesteps[torch.from_numpy(draw.integers(CLOCK, size=count))]
        return times


def first_results(degradation: DegradationModule, good: Tensor, draw: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return enhanced degraded pictures, and the good pictures with the tones of these first results.

    Each picture of the batch is degraded anew, with a noise and an exposure of its own, and enhanced either by the default
    enhancer or by the recipe `auto`, as if by a user.

    Parameters
    ----------
    degradation : DegradationModule
        In training mode.
    good : Tensor, shape (N, C, H, W)
        In [0, 1].
    draw : Generator
        Where all that is random comes from.

    Returns
    -------
    (Tensor, Tensor)
        Both of the shape and on the device of `good`, in [0, 1].
    """
    degradation.samples.fill_(int(draw.integers(2**31)))
    with torch.no_grad():
        degraded = degradation(good.cpu().float())
    chosen = draw.random(len(degraded)) < 0.5
    first = torch.stack(
        [_enhanced(one, auto if rules else _default()) for one, rules in zip(degraded, chosen, strict=True)]
    ).to(good)
    return first, with_tones_of(first, good)


def with_tones_of(first: Tensor, good: Tensor) -> Tensor:
    """Return good pictures with the local means of first results, in cells of 32 px with ramps between them.

    How bright and how colourful a picture should be is decided by the first result. A refiner that learned to change it
    would move every picture towards the average one.
    """
    ratio = (_cells(first) + _DARKEST) / (_cells(good) + _DARKEST)
    return (good * F.interpolate(ratio, good.shape[-2:], mode="bilinear")).clamp(0, 1)


def _cells(pictures: Tensor) -> Tensor:
    return F.avg_pool2d(pictures, min(_CELL, *pictures.shape[-2:]), ceil_mode=True, count_include_pad=False)


def _enhanced(degraded: Tensor, enhancer: Enhancer) -> Tensor:
    image = np.ascontiguousarray(degraded.permute(1, 2, 0).numpy())
    return torch.from_numpy(np.ascontiguousarray(enhancer(image).transpose(2, 0, 1)))


@functools.cache
def _default() -> Enhancer:
    try:
        return DefaultEnhancer()
    except UnknownNameError:  # an installation without a model
        return auto


def _to_multiple(pictures: Tensor, multiple: int) -> Tensor:
    return continued(pictures, *(-(-side // multiple) * multiple for side in pictures.shape[-2:]))


def _as_image(batch: Tensor) -> Image:
    return np.ascontiguousarray(batch[0].float().cpu().numpy().transpose(1, 2, 0))
