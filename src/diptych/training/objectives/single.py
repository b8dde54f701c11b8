"""The frame of a game with one generator and one folder: a subclass says what a batch teaches, and the rest is here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from diptych.core.image import Image
from diptych.networks import build
from diptych.networks.modules.initial import seeded
from diptych.training.averaging import Average
from diptych.training.config import CycleGANConfig
from diptych.training.domains import Domains
from diptych.training.generator_file import run_network
from diptych.training.playing import Losses, Parts, Tensors, gather_gradients
from diptych.training.schedule import cosine_factor

_TRAINING, _HELD = 1, 2  # what a random stream is for


class SingleGame:
    """One generator, its average and its optimiser.

    A subclass gives `lesson`, and `weights` if there are losses whose weight is not 1. Whatever a lesson draws comes from the
    generator that it is given, which is a function of the seed and of the batch's number: so a run that goes on needs no
    state, and held-out pictures are always judged in the same draw.

    Parameters
    ----------
    config : CycleGANConfig
        The run; of its networks only ``forward`` is built.
    fabric : Fabric
        Decides device, precision and processes.
    """

    def __init__(self, config: CycleGANConfig, fabric: Fabric) -> None:
        self.config = config
        self.fabric = fabric
        network = fabric.to_device(build(config.forward, seed=4 * config.seed))
        # torch's own stubs do not know this argument of Module.to.
        self.network: nn.Module = network.to(memory_format=torch.channels_last) if config.channels_last else network  # type: ignore[call-overload]
        self.average_forward = Average(self.network, decay=config.average)
        betas = (config.beta1, config.beta2)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=config.learning_rate, betas=betas, fused=True)
        self.parts = Parts(
            {"forward": self.network}, {"average_forward": self.average_forward}, {"optimiser": self.optimiser}
        )
        if config.compile:
            self.network.compile()

    @property
    def weights(self) -> dict[str, float]:
        """Weights of the losses by their names; 1 for what is not there, and 0 leaves one out of the sum."""
        return {}

    def lesson(self, network: nn.Module, batch: Tensors, draw: np.random.Generator) -> Losses:
        """Return the losses of a network on a batch, not yet weighted.

        Parameters
        ----------
        network : nn.Module
            The generator in training, or its average when it is judged.
        batch : tuple of Tensor
            Of `Domains.batch`; a held-out picture comes in the same form, as a batch of one.
        draw : Generator
            Where all that is random in the lesson comes from.
        """
        raise NotImplementedError

    def prepare(self, domains: Domains) -> dict[str, Any] | None:
        """Do what comes before the first step: nothing."""

    def play(self, batches: Sequence[Tensors], *, step: int) -> Losses:
        """Update the generator once, over one or more batches; return the weighted losses, averaged over the batches."""
        total: Losses = {}
        for number, batch in enumerate(batches, step * len(batches)):
            place = self.config.seed, _TRAINING, number, self.fabric.global_rank
            with self.fabric.autocast(), seeded(_torch_seed(place)):  # what drops out
                found = self.lesson(self.network, batch, np.random.default_rng(place))
            weighted = self._weighted(found, 1 / len(batches))
            self.fabric.backward(torch.stack(list(weighted.values())).sum())
            for name, loss in weighted.items():
                total[name] = total.get(name, 0) + loss.detach()
        self._update(step)
        return total

    def held_out_loss(self, domains: Domains) -> float:
        """Return the mean of the summed losses of the averaged generator over the held-out pictures."""
        found = []
        with torch.no_grad():
            for index, batch in enumerate(self.held_out(domains)):
                losses = self.lesson(self.average_forward.module, batch, self.draw_held(index))
                found.append(sum(float(loss) for loss in self._weighted(losses).values()))
        return float(np.mean(found))

    def held_out(self, domains: Domains) -> Iterator[Tensors]:
        """Yield the held-out pictures one by one, as batches of crops; a game of views has to say how it sees them."""
        for image in domains.held_source:
            yield (self.as_batch(image),)

    def rows(self, domains: Domains, *, count: int) -> list[list[Image]]:
        """Return source, prepared if it differs, and output."""
        pairs = list(zip(domains.held_raw, domains.held_source, strict=True))[:count]
        return [[*_different(raw, image), run_network(self.average_forward.module, image)] for raw, image in pairs]

    def as_batch(self, image: Image) -> Tensor:
        """Return a picture ``(H, W, C)`` as a batch ``(1, C, H, W)`` where the network is."""
        planes = np.ascontiguousarray(image.transpose(2, 0, 1)[np.newaxis], np.float32)
        return self.fabric.to_device(torch.from_numpy(planes))

    def draw_held(self, index: int) -> np.random.Generator:
        """Return where all that is random in judging a held-out picture comes from, by the picture's number."""
        return np.random.default_rng((self.config.seed, _HELD, index, 0))

    def _weighted(self, found: Losses, share: float = 1.0) -> Losses:
        weights = self.weights
        return {name: weights.get(name, 1.0) * share * loss.float() for name, loss in found.items()}

    def _update(self, step: int) -> None:
        gather_gradients(self.fabric, self.optimiser)
        factor = cosine_factor(step, steps=self.config.steps, decay=self.config.decay)
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * factor
            nn.utils.clip_grad_norm_(group["params"], 1.0)
        self.fabric.strategy.optimizer_step(self.optimiser)
        self.optimiser.zero_grad()
        self.average_forward.update(self.network, step=step)


def _different(raw: Image, prepared: Image) -> list[Image]:
    return [raw] if np.array_equal(raw, prepared) else [raw, prepared]


def _torch_seed(place: tuple[int, ...]) -> int:
    return int(np.random.SeedSequence(place).generate_state(1)[0])
