"""The frame of the objectives with one generator and one folder: a subclass says what the losses of a batch are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from diptych.core.image import Image
from diptych.networks import build
from diptych.networks.modules.initial import seeded
from diptych.recipes import Recipe
from diptych.training.config import TrainConfig
from diptych.training.data import CropBatches, PathLike, TrainingData, open_folder, split_folder, training_data
from diptych.training.generator_file import TrainedGenerator, run_network
from diptych.training.objectives.base import Losses, Parts, Tensors, Terms, adam, backward, to_layout
from diptych.training.optimization import ExponentialMovingAverage, clip_gradients, cosine_decay, gather_gradients
from diptych.training.preprocessing import preprocess_alone
from diptych.training.validation.evaluator import LossEvaluator

_TRAINING, _HELD_OUT = 1, 2  # purposes of random streams


class SingleGenerator(ABC):
    """One generator, its average and its optimiser.

    A subclass gives `losses`, and what else is different. Whatever it draws comes from the generator that it is given, which
    is a function of the seed and of the batch's number: so a run that is resumed needs no state, and held-out pictures are
    always evaluated with the same draws.

    Parameters
    ----------
    config : TrainConfig
        The run; of its networks only ``forward`` is built.
    fabric : Fabric
        Decides device, precision and processes.
    """

    config: TrainConfig

    def __init__(self, config: TrainConfig, fabric: Fabric) -> None:
        self.fabric = fabric
        self.network = to_layout(fabric.to_device(build(config.forward, seed=4 * config.seed)), config)
        self.average = ExponentialMovingAverage(self.network, decay=config.ema_decay)
        self.optimiser = adam(self.network, config, config.learning_rate)
        self.parts = Parts({"forward": self.network}, {"average_forward": self.average}, {"optimiser": self.optimiser})
        if config.compile:
            self.network.compile(dynamic=False)

    @abstractmethod
    def losses(self, network: nn.Module, batch: Tensors, draw: np.random.Generator, *, progress: float) -> Terms:
        """Return the losses of a network on a batch, with their weights.

        Parameters
        ----------
        network : nn.Module
            The generator in training, or its average when it is validated.
        batch : tuple of Tensor
            A batch of the data; a held-out picture comes in the same form, as a batch of one.
        draw : Generator
            Where all that is random in the losses comes from.
        progress : float
            Share of the training that is done; 0 in validation.
        """

    @property
    def generator(self) -> nn.Module:
        """The averaged generator."""
        return self.average.module

    def open_data(self, *, source: PathLike | None, target: PathLike | None) -> TrainingData:
        """Open the one folder; batches are crops of it."""
        name, path = ("source", source) if source is not None else ("target", target)
        assert path is not None
        raw = open_folder(path, channels=self.config.forward.channels_in, config=self.config)
        part = split_folder(raw, preprocess_alone(raw, kind=self.config.preprocess), self.config)
        return training_data(CropBatches(self.config, {name: part.training}), source=part, name=name)

    def prepare(self, data: TrainingData) -> dict[str, Any] | None:
        """Return nothing to say: all begins with the first step."""
        return None

    def train_step(self, batches: Sequence[Tensors], *, step: int) -> Losses:
        """Update the generator once, over one or more batches; return the weighted losses, averaged over the batches."""
        config, total = self.config, Losses()
        for number, batch in enumerate(batches, step * len(batches)):
            stream = config.seed, _TRAINING, number, self.fabric.global_rank
            with self.fabric.autocast(), seeded(_torch_seed(stream)):  # for dropout
                draw = np.random.default_rng(stream)
                terms = self.losses(self.network, batch, draw, progress=step / config.steps)
            backward(self.fabric, terms, total, batches=len(batches))
        gather_gradients(self.fabric, self.optimiser)
        factor = cosine_decay(step, steps=config.steps, decay_fraction=config.lr_decay_fraction)
        for group in self.optimiser.param_groups:
            group["lr"] = config.learning_rate * factor
        clip_gradients(self.fabric, self.optimiser, norm=1.0)
        self.fabric.strategy.optimizer_step(self.optimiser)
        self.optimiser.zero_grad()
        self.average.update(self.network, step=step)
        return total

    def evaluator(self, data: TrainingData) -> LossEvaluator:
        """Return the evaluator by the loss on held-out pictures."""
        return LossEvaluator(lambda: self.held_out_loss(data), lambda count: self.rows(data, count=count))

    def propose_postprocess(self, generator: TrainedGenerator, data: TrainingData) -> Recipe:
        """Return nothing to do: without a target, nothing says what is missing."""
        return Recipe()

    def held_out_loss(self, data: TrainingData) -> float:
        """Return the mean of the summed losses of the averaged generator over the held-out pictures."""
        found = []
        with torch.no_grad():
            for index, batch in enumerate(self.held_out(data)):
                terms = self.losses(self.generator, batch, self.held_out_draw(index), progress=0.0)
                found.append(sum(float(term.weight * term.loss.float()) for term in terms.values()))
        return float(np.mean(found))

    def held_out(self, data: TrainingData) -> Iterator[Tensors]:
        """Yield the held-out pictures one by one, in the form of batches."""
        for image in data.held_source:
            yield (self.as_batch(image),)

    def rows(self, data: TrainingData, *, count: int) -> list[list[Image]]:
        """Return rows of a contact sheet: source, prepared if it differs, and output."""
        pairs = list(zip(data.held_raw, data.held_source, strict=True))[:count]
        return [[*_different(raw, image), run_network(self.generator, image)] for raw, image in pairs]

    def as_batch(self, image: Image) -> Tensor:
        """Return a picture ``(H, W, C)`` as a batch ``(1, C, H, W)`` on the device of the network."""
        planes = np.ascontiguousarray(image.transpose(2, 0, 1)[np.newaxis], np.float32)
        return self.fabric.to_device(torch.from_numpy(planes))

    def held_out_draw(self, index: int) -> np.random.Generator:
        """Return where all that is random in validating a held-out picture comes from, by the picture's number."""
        return np.random.default_rng((self.config.seed, _HELD_OUT, index, 0))


def _different(raw: Image, prepared: Image) -> list[Image]:
    return [raw] if np.array_equal(raw, prepared) else [raw, prepared]


def _torch_seed(stream: tuple[int, ...]) -> int:
    return int(np.random.SeedSequence(stream).generate_state(1)[0])
