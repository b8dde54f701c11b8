"""CycleGAN: two generators and two discriminators, their losses and their updates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from diptych.networks import build
from diptych.networks.modules.attention import Attending
from diptych.networks.modules.ugatit import clip_shares
from diptych.training import losses
from diptych.training.config import CycleGANConfig
from diptych.training.data import TrainingData
from diptych.training.image_pool import ImagePool
from diptych.training.objectives.base import Losses, Parts, Tensors, Term, Terms, adam, backward, to_layout
from diptych.training.objectives.unpaired import Unpaired
from diptych.training.optimization import ExponentialMovingAverage
from diptych.training.validation.evaluator import MonitorEvaluator


class _Answer(NamedTuple):
    """Of a generator: the fake picture, what it made of a picture of its target, and its classifier's logits for both."""

    fake: Tensor
    same: Tensor
    logits: Tensors


class CycleGANObjective(Unpaired):
    """Forward (A to B) and backward (B to A) generator, a discriminator in each domain, and what updates them.

    Parameters
    ----------
    config : CycleGANConfig
        The run.
    fabric : Fabric
        Decides device, precision and processes.
    """

    def __init__(self, config: CycleGANConfig, fabric: Fabric) -> None:
        self.config: CycleGANConfig = config
        self.fabric = fabric
        pair = config.generator_pair
        channels = pair[0].channels_in, pair[0].channels_out
        discriminators = [replace(config.discriminator, channels_in=count) for count in channels]
        made = [build(part, seed=4 * config.seed + number) for number, part in enumerate((*pair, *discriminators))]
        networks = [to_layout(fabric.to_device(module), config) for module in made]
        self.forward, self.backward, self.discriminator_a, self.discriminator_b = networks
        self.generators = nn.ModuleList([self.forward, self.backward])
        self.discriminators = nn.ModuleList([self.discriminator_a, self.discriminator_b])
        self.average_forward = ExponentialMovingAverage(self.forward, decay=config.ema_decay)
        self.average_backward = ExponentialMovingAverage(self.backward, decay=config.ema_decay)
        self.pool_a = ImagePool(config.pool, seed=2 * config.seed)
        self.pool_b = ImagePool(config.pool, seed=2 * config.seed + 1)
        self.optimiser = adam(self.generators, config, config.learning_rate)
        self.discriminator_optimiser = adam(self.discriminators, config, config.discriminator_rate)
        names = "forward", "backward", "discriminator_a", "discriminator_b"
        self.parts = Parts(
            networks=dict(zip(names, networks, strict=True)),
            averages={"average_forward": self.average_forward, "average_backward": self.average_backward},
            optimisers={"optimiser": self.optimiser, "discriminator_optimiser": self.discriminator_optimiser},
            pools={"pool_a": self.pool_a, "pool_b": self.pool_b},
        )
        if config.compile:
            for module in networks:
                module.compile(dynamic=False)  # two sizes of batch, each with its own kernels

    @property
    def generator(self) -> nn.Module:
        """The averaged forward generator."""
        return self.average_forward.module

    def evaluator(self, data: TrainingData) -> MonitorEvaluator:
        """Return the monitor."""
        settled = 3 * self.config.eval_every
        return MonitorEvaluator(data, forward=self.generator, backward=self.average_backward.module, settled=settled)

    def train_step(self, batches: Sequence[Tensors], *, step: int) -> Losses:
        """Update generators, then discriminators, once, over one or more batches of both domains; return the losses.

        The losses are averages over the batches, already multiplied by their weights.
        """
        config, total, fakes = self.config, Losses(), []
        ramp = 1.0 if not config.warm_up else min(1.0, step / (config.warm_up * config.steps))
        self.discriminators.requires_grad_(False)
        for a, b in batches:
            with self.fabric.autocast():
                terms, pair = self._generator_losses(a, b, ramp)
            backward(self.fabric, terms, total, batches=len(batches))
            fakes.append(pair)
        self.update(self.optimiser, config.learning_rate, step=step)
        clip_shares(self.generators)
        self.average_forward.update(self.forward, step=step)
        self.average_backward.update(self.backward, step=step)
        self.discriminators.requires_grad_(True)
        for number, (real, (fake_a, fake_b)) in enumerate(zip(batches, fakes, strict=True), step * len(batches)):
            shown = self.pool_a.swap(fake_a, number=number), self.pool_b.swap(fake_b, number=number)
            with self.fabric.autocast():
                terms = self._discriminator_losses(real, shown, number)
            backward(self.fabric, terms, total, batches=len(batches))
        self.update(self.discriminator_optimiser, config.discriminator_rate, step=step)
        return total

    def _generator_losses(self, a: Tensor, b: Tensor, ramp: float) -> tuple[Terms, Tensors]:
        weights, kind = self.config.weights, self.config.adversarial_kind
        there, back = self._answer(self.forward, a, b), self._answer(self.backward, b, a)
        fake_b, fake_a = there.fake, back.fake
        terms = self._cycle_losses(a, b, fake_a, fake_b, ramp)

        def add(name: str, weight: float, loss: Tensor) -> None:
            terms[name] = Term(weight, loss)

        if weight := weights.adversarial:
            add("adversarial.forward", weight, losses.adversarial_generator(self.discriminator_b(fake_b), kind=kind))
            add("adversarial.backward", weight, losses.adversarial_generator(self.discriminator_a(fake_a), kind=kind))
        if weight := weights.identity:
            add("identity", weight * ramp, losses.identity(a, back.same) + losses.identity(b, there.same))
        if weight := weights.attention:
            add("attention.forward", weight, losses.attention(*there.logits))
            add("attention.backward", weight, losses.attention(*back.logits))
        if weight := weights.structure:
            add("structure", weight, losses.structure(a, fake_b) + losses.structure(b, fake_a))
        if weight := weights.total_variation:
            add("total_variation", weight, losses.total_variation(fake_b))
        return terms, (fake_a.detach().float(), fake_b.detach().float())

    def _answer(self, network: nn.Module, given: Tensor, own: Tensor) -> _Answer:
        """Run a generator on pictures of its source, and, where a loss needs it, of its target, in one batch."""
        count, weights = len(given), self.config.weights
        if not (weights.identity or weights.attention):
            return _Answer(network(given), own, ())
        both = torch.cat([given, own])
        if not weights.attention:
            output = network(both)
            return _Answer(output[:count], output[count:], ())
        output, logits, _ = cast(Attending, network).attend(both)
        return _Answer(output[:count], output[count:], (logits[:count], logits[count:]))

    def _cycle_losses(self, a: Tensor, b: Tensor, fake_a: Tensor, fake_b: Tensor, ramp: float) -> Terms:
        config, weights, terms = self.config, self.config.weights, Terms()
        if weights.cycle or weights.frequency:
            back_a, back_b = self.backward(fake_b), self.forward(fake_a)
            if weights.cycle:
                loss = config.cycle_source * losses.cycle(a, back_a) + losses.cycle(b, back_b)
                terms["cycle"] = Term(weights.cycle * ramp, loss)
            if weights.frequency:
                kind = config.frequency_kind
                loss = losses.frequency(a, back_a, kind=kind) + losses.frequency(b, back_b, kind=kind)
                terms["frequency"] = Term(weights.frequency, loss)
        return terms

    def _discriminator_losses(self, reals: Tensors, fakes: Tensors, number: int) -> Terms:
        terms = Terms()
        for name, discriminator, real, fake in zip("ab", self.discriminators, reals, fakes, strict=True):
            terms |= self.discriminator_terms(discriminator, real, fake, number=number, name=name)
        return terms
