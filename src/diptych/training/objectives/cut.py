"""CUT: one generator and one discriminator; patches of the output are to resemble their own of the input.

What a patch is, is said by the encoder of the generator itself, and by a small network on top of each of its maps. There is no
generator back, and nothing asks that the input can be found again.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.networks import build
from diptych.networks.modules.initial import seeded
from diptych.networks.modules.layers import Generator
from diptych.networks.modules.ugatit import clip_shares
from diptych.training import losses
from diptych.training.config import CUTConfig
from diptych.training.data import TrainingData
from diptych.training.image_pool import ImagePool
from diptych.training.objectives.base import Losses, Parts, Tensors, Term, Terms, adam, backward, to_layout
from diptych.training.objectives.unpaired import Unpaired
from diptych.training.optimization import ExponentialMovingAverage
from diptych.training.validation.evaluator import MonitorEvaluator

_PLACES = 16  # maps with fewer than that are left out: there is nothing to tell apart


class CUTObjective(Unpaired):
    """The generator, what its encoder's maps are compared by, the discriminator of the target, and what updates them.

    Parameters
    ----------
    config : CUTConfig
        The run.
    fabric : Fabric
        Decides device, precision and processes.
    """

    def __init__(self, config: CUTConfig, fabric: Fabric) -> None:
        self.config: CUTConfig = config
        self.fabric = fabric
        seed, channels = 4 * config.seed, config.forward.channels_out
        built = (
            build(config.forward, seed=seed),
            build(replace(config.discriminator, channels_in=channels), seed=seed + 3),
        )
        self.forward, self.discriminator = (to_layout(fabric.to_device(module), config) for module in built)
        with seeded(seed + 1):
            heads = projections(cast(Generator, built[0]), crop=config.crop, channels=channels, width=config.projection)
        self.heads = cast(nn.ModuleList, fabric.to_device(heads))
        self.average = ExponentialMovingAverage(self.forward, decay=config.ema_decay)
        self.pool = ImagePool(config.pool, seed=2 * config.seed)
        self.optimiser = adam(nn.ModuleList([self.forward, self.heads]), config, config.learning_rate)
        self.discriminator_optimiser = adam(self.discriminator, config, config.discriminator_rate)
        self.parts = Parts(
            networks={"forward": self.forward, "heads": self.heads, "discriminator": self.discriminator},
            averages={"average_forward": self.average},
            optimisers={"optimiser": self.optimiser, "discriminator_optimiser": self.discriminator_optimiser},
            pools={"pool": self.pool},
        )
        if config.compile:
            self.forward.compile(dynamic=False)
            self.discriminator.compile(dynamic=False)

    @property
    def generator(self) -> nn.Module:
        """The averaged generator."""
        return self.average.module

    def evaluator(self, data: TrainingData) -> MonitorEvaluator:
        """Return the monitor."""
        return MonitorEvaluator(data, forward=self.generator, settled=3 * self.config.eval_every)

    def train_step(self, batches: Sequence[Tensors], *, step: int) -> Losses:
        """Update generator and projections, then the discriminator, once, over one or more batches of both domains.

        The losses are averages over the batches, already multiplied by their weights.
        """
        config, total, fakes = self.config, Losses(), []
        self.discriminator.requires_grad_(False)
        for number, (a, b) in enumerate(batches, step * len(batches)):
            with self.fabric.autocast():
                terms, fake = self._generator_losses(a, b, self._draw(number))
            backward(self.fabric, terms, total, batches=len(batches))
            fakes.append(fake)
        self.update(self.optimiser, config.learning_rate, step=step)
        clip_shares(self.forward)
        self.average.update(self.forward, step=step)
        self.discriminator.requires_grad_(True)
        for number, ((_, real), fake) in enumerate(zip(batches, fakes, strict=True), step * len(batches)):
            shown = self.pool.swap(fake, number=number)
            with self.fabric.autocast():
                terms = self.discriminator_terms(self.discriminator, real, shown, number=number, name="b")
            backward(self.fabric, terms, total, batches=len(batches))
        self.update(self.discriminator_optimiser, config.discriminator_rate, step=step)
        return total

    def _generator_losses(self, a: Tensor, b: Tensor, draw: np.random.Generator) -> tuple[Terms, Tensor]:
        config, weights, terms = self.config, self.config.weights, Terms()
        output = self.forward(torch.cat([a, b]) if weights.identity else a)  # of both domains in one batch
        fake = output[: len(a)]
        if weight := weights.adversarial:
            loss = losses.adversarial_generator(self.discriminator(fake), kind=config.adversarial_kind)
            terms["adversarial"] = Term(weight, loss)
        if weight := weights.contrastive:
            terms["contrastive"] = Term(weight, self.unlike(a, fake, draw))
        if weight := weights.identity:
            terms["identity"] = Term(weight, self.unlike(b, output[len(a) :], draw))
        if weight := weights.structure:
            terms["structure"] = Term(weight, losses.structure(a, fake))
        if weight := weights.total_variation:
            terms["total_variation"] = Term(weight, losses.total_variation(fake))
        return terms, fake.detach().float()

    def unlike(self, image: Tensor, output: Tensor, draw: np.random.Generator) -> Tensor:
        """Return the contrastive loss of pictures and what the generator made of them, the mean over the encoder's maps."""
        encoder = cast(Generator, self.forward)
        count = len(self.heads)
        with torch.no_grad():
            before = encoder.look_at(image)[:count]
        found = []
        for head, key, query in zip(self.heads, before, encoder.look_at(output)[:count], strict=True):
            size = key.shape[2] * key.shape[3]
            places = draw.permutation(size)[: self.config.patches]
            chosen = torch.from_numpy(places).to(key.device)
            of_key, of_query = (_projected(head, maps, chosen) for maps in (key, query))
            found.append(losses.contrastive(of_query, of_key.detach(), temperature=self.config.temperature))
        return torch.stack(found).mean()

    def _draw(self, number: int) -> np.random.Generator:
        return np.random.default_rng((self.config.seed, number, self.fabric.global_rank))


def projections(generator: Generator, *, crop: int, channels: int, width: int) -> nn.ModuleList:
    """Return a network of two layers for each of the encoder's maps, for crops of a size; the weights are drawn by torch."""
    with torch.no_grad():
        weights = next(generator.parameters())
        maps = generator.look_at(torch.zeros(1, channels, crop, crop, device=weights.device))
    seen = [one.shape[1] for one in maps if one.shape[2] * one.shape[3] >= _PLACES]
    layers = [(nn.Linear(count, width), nn.Linear(width, width)) for count in seen]
    for layer in itertools.chain.from_iterable(layers):
        nn.init.xavier_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
    return nn.ModuleList(nn.Sequential(first, nn.ReLU(), second) for first, second in layers)


def _projected(head: nn.Module, maps: Tensor, places: Tensor) -> Tensor:
    """Return vectors ``(N, places, D)`` of length 1."""
    vectors = head(maps.flatten(2)[:, :, places].transpose(1, 2))
    return F.normalize(vectors.float(), dim=2)
