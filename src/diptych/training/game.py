"""The game of a CycleGAN: two generators and two discriminators, their losses and their updates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from diptych.networks import build
from diptych.networks.modules.attention import Attending
from diptych.networks.modules.ugatit import clip_shares
from diptych.training import losses
from diptych.training.averaging import Average
from diptych.training.config import CycleGANConfig
from diptych.training.domains import Domains
from diptych.training.playing import Losses, Parts, Tensors, gather_gradients
from diptych.training.pool import ImagePool
from diptych.training.schedule import rate_factor

Pair = tuple[Tensor, Tensor]


class _Answer(NamedTuple):
    """Of a generator: the fake picture, what it made of a picture of its target, and its classifier's logits for both."""

    fake: Tensor
    same: Tensor
    logits: Tensors


class Game:
    """Forward (A to B) and backward (B to A) generator, a discriminator in each domain, and what updates them.

    Parameters
    ----------
    config : CycleGANConfig
        The run.
    fabric : Fabric
        Decides device, precision and processes.
    """

    def __init__(self, config: CycleGANConfig, fabric: Fabric) -> None:
        self.config = config
        self.fabric = fabric
        self._warm = 1.0
        there, back = config.there_and_back
        judges = [
            replace(config.discriminator, channels_in=channels) for channels in (there.channels_in, there.channels_out)
        ]
        made = [build(part, seed=4 * config.seed + number) for number, part in enumerate((there, back, *judges))]
        self.forward, self.backward, self.judge_a, self.judge_b = (self._placed(module) for module in made)
        self.generators = nn.ModuleList([self.forward, self.backward])
        self.judges = nn.ModuleList([self.judge_a, self.judge_b])
        self.average_forward = Average(self.forward, decay=config.average)
        self.average_backward = Average(self.backward, decay=config.average)
        self.pool_a = ImagePool(config.pool, seed=2 * config.seed)
        self.pool_b = ImagePool(config.pool, seed=2 * config.seed + 1)
        self.optimiser = self._adam(self.generators, config.learning_rate)
        self.judges_optimiser = self._adam(self.judges, config.discriminator_rate)
        self.parts = Parts(
            networks={
                "forward": self.forward,
                "backward": self.backward,
                "judge_a": self.judge_a,
                "judge_b": self.judge_b,
            },
            averages={"average_forward": self.average_forward, "average_backward": self.average_backward},
            optimisers={"optimiser": self.optimiser, "judges_optimiser": self.judges_optimiser},
            pools={"pool_a": self.pool_a, "pool_b": self.pool_b},
        )
        if config.compile:
            for module in (*self.generators, *self.judges):
                module.compile()

    def prepare(self, domains: Domains) -> dict[str, Any] | None:
        """Do what comes before the first step: nothing."""

    def play(self, pairs: Sequence[Tensors], *, step: int) -> Losses:
        """Update generators, then discriminators, once, over one or more batches of both domains; return the losses.

        The losses are averages over the batches, already multiplied by their weights.
        """
        total: Losses = {}
        self._warm = 1.0 if not self.config.warm_up else min(1.0, step / (self.config.warm_up * self.config.steps))
        self.judges.requires_grad_(False)
        fakes = [self._teach(self._generate, pair, total, len(pairs)) for pair in pairs]
        self._update(self.optimiser, self.config.learning_rate, step=step)
        clip_shares(self.generators)
        self.average_forward.update(self.forward, step=step)
        self.average_backward.update(self.backward, step=step)
        self.judges.requires_grad_(True)
        for number, (pair, fake) in enumerate(zip(pairs, fakes, strict=True), step * len(pairs)):
            shown = self.pool_a.swap(fake[0], number=number), self.pool_b.swap(fake[1], number=number)
            self._teach(self._judge, (pair, shown, number), total, len(pairs))
        self._update(self.judges_optimiser, self.config.discriminator_rate, step=step)
        return total

    def _teach(self, ask: Callable[..., tuple[Losses, Pair]], given: Any, total: Losses, batches: int) -> Pair:
        with self.fabric.autocast():
            found, fakes = ask(*given)
        weighted = {name: self._weight(name) * loss.float() / batches for name, loss in found.items()}
        if weighted:
            self.fabric.backward(torch.stack(list(weighted.values())).sum())
        for name, loss in weighted.items():
            total[name] = total.get(name, 0) + loss.detach()
        return fakes

    def _generate(self, a: Tensor, b: Tensor) -> tuple[Losses, Pair]:
        config = self.config
        there, back = self._asked(self.forward, a, b), self._asked(self.backward, b, a)
        fake_b, fake_a = there.fake, back.fake
        found = self._round_trip(a, b, fake_a, fake_b)
        if config.adversarial:
            kind = config.adversarial_kind
            found["adversarial.forward"] = losses.adversarial_generator(self.judge_b(fake_b), kind=kind)
            found["adversarial.backward"] = losses.adversarial_generator(self.judge_a(fake_a), kind=kind)
        if config.identity:
            found["identity"] = losses.identity(a, back.same) + losses.identity(b, there.same)
        if config.attention:
            found["attention.forward"] = losses.attention(*there.logits)
            found["attention.backward"] = losses.attention(*back.logits)
        if config.structure:
            found["structure"] = losses.structure(a, fake_b) + losses.structure(b, fake_a)
        if config.total_variation:
            found["total_variation"] = losses.total_variation(fake_b)
        return found, (fake_a.detach().float(), fake_b.detach().float())

    def _asked(self, network: nn.Module, given: Tensor, own: Tensor) -> _Answer:
        """Ask a generator for pictures of its source, and, where a loss needs it, of its target, in one batch."""
        count, config = len(given), self.config
        if not (config.identity or config.attention):
            return _Answer(network(given), own, ())
        both = torch.cat([given, own])
        if not config.attention:
            output = network(both)
            return _Answer(output[:count], output[count:], ())
        output, logits, _ = cast(Attending, network).attend(both)
        return _Answer(output[:count], output[count:], (logits[:count], logits[count:]))

    def _round_trip(self, a: Tensor, b: Tensor, fake_a: Tensor, fake_b: Tensor) -> Losses:
        config, found = self.config, dict[str, Tensor]()
        if config.cycle or config.frequency:
            back_a, back_b = self.backward(fake_b), self.forward(fake_a)
            if config.cycle:
                found["cycle"] = config.cycle_source * losses.cycle(a, back_a) + losses.cycle(b, back_b)
            if config.frequency:
                kind = config.frequency_kind
                found["frequency"] = losses.frequency(a, back_a, kind=kind) + losses.frequency(b, back_b, kind=kind)
        return found

    def _judge(self, pair: Pair, fakes: Pair, number: int) -> tuple[Losses, Pair]:
        config, found = self.config, dict[str, Tensor]()
        for name, judge, real, fake in zip("ab", self.judges, pair, fakes, strict=True):
            if config.adversarial:
                scores = judge(torch.cat([real, fake]))
                of_real, of_fake = [score[: len(real)] for score in scores], [score[len(real) :] for score in scores]
                found[f"discriminator.{name}"] = losses.adversarial_discriminator(
                    of_real, of_fake, kind=config.adversarial_kind
                )
            if config.gradient_penalty:
                found[f"gradient_penalty.{name}"] = self._penalty(judge, real, fake, number)
        return found, fakes

    def _penalty(self, judge: nn.Module, real: Tensor, fake: Tensor, number: int) -> Tensor:
        if self.config.gradient_penalty_kind == "r1":
            return losses.r1(judge, real)
        mix = np.random.default_rng((self.config.seed, number)).random((len(real), 1, 1, 1), np.float32)
        return losses.wgan_gp(judge, real, fake, mix=torch.from_numpy(mix).to(real.device))

    def _weight(self, name: str) -> float:
        """Return the weight of a loss by its name in the log; that of a discriminator is 1, the others' are settings."""
        setting = name.partition(".")[0]
        if setting == "discriminator":
            return 1.0
        return float(getattr(self.config, setting)) * (self._warm if setting in ("cycle", "identity") else 1.0)

    def _update(self, optimiser: torch.optim.Optimizer, rate: float, *, step: int) -> None:
        gather_gradients(self.fabric, optimiser)
        for group in optimiser.param_groups:
            group["lr"] = rate * rate_factor(step, steps=self.config.steps, decay=self.config.decay)
        self.fabric.strategy.optimizer_step(optimiser)
        optimiser.zero_grad()

    def _placed(self, module: nn.Module) -> nn.Module:
        module = self.fabric.to_device(module)
        # torch's own stubs do not know this argument of Module.to.
        return module.to(memory_format=torch.channels_last) if self.config.channels_last else module  # type: ignore[call-overload]

    def _adam(self, module: nn.Module, rate: float) -> torch.optim.Optimizer:
        betas = (self.config.beta1, self.config.beta2)
        return torch.optim.Adam(module.parameters(), lr=rate, betas=betas, fused=True)
