"""A small refiner whose weights do something, and its bundle."""

from __future__ import annotations

import torch

from diptych.export.refiner import refiner_bundle
from diptych.networks import Refiner, build
from diptych.networks.modules.refiner import RefinerModule
from diptych.runtime import Bundle
from diptych.training.generator_file import TrainedGenerator

SMALL = Refiner(width=8, levels=2, noise=0.1, steps=2)


def module(config: Refiner = SMALL) -> RefinerModule:
    """Return a refiner with fixed weights: the last ones are 0 at the beginning."""
    made = build(config, seed=3).eval().requires_grad_(False)
    assert isinstance(made, RefinerModule)
    made.unet.conv_out.weight.normal_(0, 0.3, generator=torch.Generator().manual_seed(5))
    return made


def bundle(config: Refiner = SMALL) -> Bundle:
    """Return it as a model file."""
    return refiner_bundle(TrainedGenerator(config, module(config), name="small"))
