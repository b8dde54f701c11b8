"""What the painters share that learn from two folders against discriminators: the data, the discriminators, the updates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from diptych.recipes import Recipe
from diptych.training import losses
from diptych.training.config import CUTConfig, CycleGANConfig, TrainConfig
from diptych.training.data import CropBatches, PathLike, TrainingData, open_folder, split_folder, training_data
from diptych.training.generator_file import TrainedGenerator
from diptych.training.objectives.base import Term, Terms
from diptych.training.optimization import gather_gradients, linear_decay
from diptych.training.preprocessing import preprocess_chosen, preprocess_pair
from diptych.training.validation.postprocess import propose_postprocess


class Unpaired:
    """Base of the objectives of two folders without pairs; a subclass has the networks and the losses of its generators."""

    config: CUTConfig | CycleGANConfig
    fabric: Fabric

    def open_data(self, *, source: PathLike | None, target: PathLike | None) -> TrainingData:
        """Open both folders; batches are crops of either."""
        assert source is not None
        assert target is not None
        config, forward = self.config, self.config.forward
        raw = (
            open_folder(source, channels=forward.channels_in, config=config),
            open_folder(target, channels=forward.channels_out, config=config),
        )
        chosen = None
        if config.preprocess == "auto":
            chosen, preprocess = preprocess_chosen(*raw, denoise=config.denoise)
        else:
            preprocess = preprocess_pair(*raw, kind=config.preprocess, denoise=config.denoise)
        first, second = (split_folder(*side, config) for side in zip(raw, preprocess, strict=True))
        views = round(config.views * config.batch)
        batches = CropBatches(config, {"source": first.training, "target": second.training}, views=views)
        return replace(training_data(batches, source=first, target=second), first_result=chosen)

    def prepare(self, data: TrainingData) -> dict[str, Any] | None:
        """Return what the score has chosen as the first result, if it was asked."""
        return data.first_result.entry() if data.first_result else None

    def turn(self, config: TrainConfig) -> None:
        """Go on with other rates and weights."""
        assert isinstance(config, CUTConfig | CycleGANConfig)
        self.config = config

    def propose_postprocess(self, generator: TrainedGenerator, data: TrainingData) -> Recipe:
        """Return the classical steps that bring the outputs closer to the target."""
        outputs = [generator.draw(picture) for picture in data.held_source]
        return propose_postprocess(outputs, data.held_target_raw, sources=data.held_source)

    def discriminator_terms(
        self, discriminator: nn.Module, real: Tensor, fake: Tensor, *, number: int, name: str
    ) -> Terms:
        """Return the losses of the discriminator of a domain on its pictures and on a generator's."""
        config, terms = self.config, Terms()
        if config.weights.adversarial:
            scores = discriminator(torch.cat([real, fake]))
            of_real, of_fake = [score[: len(real)] for score in scores], [score[len(real) :] for score in scores]
            loss = losses.adversarial_discriminator(of_real, of_fake, kind=config.adversarial_kind)
            terms[f"discriminator.{name}"] = Term(1.0, loss)
        if weight := config.weights.gradient_penalty:
            loss = self._gradient_penalty(discriminator, real, fake, number)
            terms[f"gradient_penalty.{name}"] = Term(weight, loss)
        return terms

    def update(self, optimiser: torch.optim.Optimizer, rate: float, *, step: int) -> None:
        """Do a step of an optimiser, at the rate of this step of the run."""
        gather_gradients(self.fabric, optimiser)
        factor = linear_decay(step, steps=self.config.steps, decay_fraction=self.config.lr_decay_fraction)
        for group in optimiser.param_groups:
            group["lr"] = rate * factor
        self.fabric.strategy.optimizer_step(optimiser)
        optimiser.zero_grad()

    def _gradient_penalty(self, discriminator: nn.Module, real: Tensor, fake: Tensor, number: int) -> Tensor:
        plain = discriminator.forward  # torch.compile has no second derivatives
        if self.config.gradient_penalty_kind == "r1":
            return losses.r1(plain, real)
        mix = np.random.default_rng((self.config.seed, number)).random((len(real), 1, 1, 1), np.float32)
        return losses.wgan_gp(plain, real, fake, mix=torch.from_numpy(mix).to(real.device))
