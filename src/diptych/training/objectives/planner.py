"""Planning: a degradation model makes the pictures that the source has of good ones, and a planner learns to undo it.

With F the degradation, fitted to the source, and y pictures of the target, the cycle G(F(y)) = y is exact supervision, though
no pair of pictures is known. Each step has

1. views of whole pictures of the target: they are degraded, the network looks at the result with its noise, and what
   `develop` makes of the result without noise, with the numbers that the network gives, is compared with the view at half its
   side; a share of the views is also shown as they are, to be left alone (`identity`);
2. if the weight `adversarial` is not 0, a discriminator that tells views of the source from degraded ones, and moves the
   degradation. That learns from nothing else: a degradation that were to please the planner would do nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.networks import build
from diptych.networks.modules.degradation import DegradationModule
from diptych.networks.modules.initial import seeded
from diptych.networks.modules.pictures import luma
from diptych.networks.modules.planner import STOPS, PlannerModule
from diptych.networks.planner import SPREAD
from diptych.recipes import Recipe
from diptych.training import losses
from diptych.training.config import PlannerConfig
from diptych.training.data import PathLike, PlannerBatches, TrainingData, open_folder, split_folder, training_data
from diptych.training.degradation import calibrate
from diptych.training.generator_file import TrainedGenerator
from diptych.training.image_pool import ImagePool
from diptych.training.objectives.base import Losses, Parts, Tensors, Term, Terms, backward, crop_views
from diptych.training.optimization import ExponentialMovingAverage, clip_gradients, cosine_decay, gather_gradients
from diptych.training.preprocessing import preprocess_pair
from diptych.training.validation.evaluator import MonitorEvaluator

_WEIGHT_DECAY = 1e-3
_MAX_GRADIENT = 1.0  # norm for each group of parameters
_UNCHANGED = 4  # one in so many views is also shown as it is
_ENDS = (0.01, 0.05, 0.1, 0.9, 0.95, 0.99)
_DARK = 0.01  # added before a logarithm


class PlannerObjective:
    """A planner (A to B), a degradation model (B to A), and what updates them.

    Parameters
    ----------
    config : PlannerConfig
        The run.
    fabric : Fabric
        Decides device, precision and processes.
    """

    def __init__(self, config: PlannerConfig, fabric: Fabric) -> None:
        self.config = config
        self.fabric = fabric
        planner = build(config.forward, seed=4 * config.seed)
        degradation = build(config.degradation, seed=4 * config.seed + 1)
        assert isinstance(planner, PlannerModule)
        assert isinstance(degradation, DegradationModule)
        self.planner, self.degradation = planner.to(fabric.device), degradation.to(fabric.device)
        self.average_forward = ExponentialMovingAverage(self.planner, decay=config.ema_decay)
        self.average_degradation = ExponentialMovingAverage(self.degradation, decay=config.ema_decay)
        groups = [
            _group(self.planner, config.learning_rate, _WEIGHT_DECAY),
            _group(self.degradation, config.discriminator_rate),
        ]
        self.optimiser = _adam(groups, config)
        self.pool = ImagePool(config.pool, seed=2 * config.seed)
        networks: dict[str, nn.Module] = {"forward": self.planner, "degradation": self.degradation}
        optimisers = {"optimiser": self.optimiser}
        self.discriminator = None
        if config.weights.adversarial:
            kind = replace(config.discriminator, channels_in=config.forward.channels_in)
            made = build(kind, seed=4 * config.seed + 2)
            self.discriminator = networks["discriminator"] = fabric.to_device(made)
            self.discriminator_optimiser = _adam([_group(made, config.discriminator_rate)], config)
            optimisers["discriminator_optimiser"] = self.discriminator_optimiser
        averages = {"average_forward": self.average_forward, "average_degradation": self.average_degradation}
        self.parts = Parts(networks, averages, optimisers, {"pool": self.pool})

    @property
    def generator(self) -> nn.Module:
        """The averaged planner."""
        return self.average_forward.module

    def open_data(self, *, source: PathLike | None, target: PathLike | None) -> TrainingData:
        """Open both folders; batches are views of whole pictures."""
        assert source is not None
        assert target is not None
        config, channels = self.config, self.config.forward.channels_in
        raw = [open_folder(path, channels=channels, config=config) for path in (source, target)]
        preprocess = preprocess_pair(*raw, kind=config.preprocess, denoise=0.0)
        first, second = (split_folder(*side, config) for side in zip(raw, preprocess, strict=True))
        batches = PlannerBatches(config, first.training, second.training)
        return training_data(batches, source=first, target=second, whole=True)

    def prepare(self, data: TrainingData) -> dict[str, Any] | None:
        """Fit the degradation to the source; the log says how near it came."""
        config, batches = self.config, data.batches
        assert isinstance(batches, PlannerBatches)
        if not config.calibration_steps:
            return None
        fit = calibrate(
            self.degradation,
            source=batches.source_pictures(),
            target=batches.target_thumbnails(),
            steps=config.calibration_steps,
            seed=config.seed,
        )
        self.average_degradation.module.load_state_dict(self.degradation.state_dict())
        return {"event": "calibration", **{name: round(value, 4) for name, value in fit._asdict().items()}}

    def evaluator(self, data: TrainingData) -> MonitorEvaluator:
        """Return the monitor."""
        return MonitorEvaluator(data, forward=self.generator, backward=self.average_degradation.module)

    def propose_postprocess(self, generator: TrainedGenerator, data: TrainingData) -> Recipe:
        """Return nothing to do: a plan has its own tones."""
        return Recipe()

    def train_step(self, batches: Sequence[Tensors], *, step: int) -> Losses:
        """Update the planner, and the degradation and the discriminator if there is one; return the losses.

        The losses are averages over the batches, already multiplied by their weights.
        """
        total: Losses = {}
        for number, batch in enumerate(batches, step * len(batches)):
            for terms in self._losses(batch, number):
                backward(self.fabric, terms, total, batches=len(batches))
        self._update(self.optimiser, step)
        if self.discriminator is not None:
            self._update(self.discriminator_optimiser, step)
        self.average_forward.update(self.planner, step=step)
        self.average_degradation.update(self.degradation, step=step)
        return total

    def _losses(self, batch: Tensors, number: int) -> Iterator[Terms]:
        """Yield the losses of one batch; the caller backpropagates each before the next is computed."""
        target = crop_views(*batch[:2], side=self.planner.config.thumbnail)
        dropout_seed = int(np.random.SeedSequence((self.config.seed, number)).generate_state(1)[0])
        with seeded(dropout_seed):
            yield self._view_losses(target)
        if self.discriminator is not None:
            source = crop_views(*batch[2:], side=target.shape[-1])
            degraded, _ = self._degraded(target)
            yield self._degradation_losses(self.discriminator, degraded)
            shown = self.pool.swap(degraded.detach(), number=number)
            yield self._discriminator_losses(self.discriminator, source, shown)

    def _degraded(self, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return degraded views, with what is left of the noise at their size and without any."""
        sample, noise = self.degradation.sample(target), self.degradation.noise_at(target.shape[-1])
        noisy = self.degradation.degrade(target, sample, noise=noise, quantise=False, averaged=True)
        return noisy, self.degradation.degrade(target, sample, noise=0.0, quantise=False)

    def _view_losses(self, target: Tensor) -> Terms:
        weights, count = self.config.weights, len(target)
        with torch.no_grad():
            noisy, clean = self._degraded(target)
        unchanged = target[: max(1, count // _UNCHANGED)] if weights.identity else target[:0]
        # The network looks at a noisy picture; what it decides is done to one that was denoised.
        seen, denoised, good = (torch.cat([part, unchanged]) for part in (noisy, clean, target))
        with self.fabric.autocast():
            numbers = self.planner.predict(seen)
        made, wanted = self.planner.render(F.avg_pool2d(denoised, 2), numbers), F.avg_pool2d(good, 2)
        terms = {
            "restoration": Term(1.0, F.l1_loss(made[:count], wanted[:count])),
            "tone": Term(weights.tone, tone(made[:count], wanted[:count])),
            "quantiles": Term(weights.quantiles, quantiles(made[:count], wanted[:count])),
            "chroma": Term(weights.chroma, chroma(made[:count], wanted[:count])),
            "spread": Term(weights.spread, unlikelihood(made.detach(), wanted, numbers[SPREAD])),
        }
        if len(unchanged):
            terms["identity"] = Term(weights.identity, F.l1_loss(made[count:], wanted[count:]))
        return terms

    def _degradation_losses(self, discriminator: nn.Module, degraded: Tensor) -> Terms:
        discriminator.requires_grad_(False)
        with self.fabric.autocast():
            loss = losses.adversarial_generator(discriminator(degraded), kind=self.config.adversarial_kind)
        return {"adversarial.degradation": Term(self.config.weights.adversarial, loss)}

    def _discriminator_losses(self, discriminator: nn.Module, source: Tensor, degraded: Tensor) -> Terms:
        discriminator.requires_grad_(True)
        with self.fabric.autocast():
            scores = discriminator(torch.cat([source, degraded]))
            real, fake = [score[: len(source)] for score in scores], [score[len(source) :] for score in scores]
            loss = losses.adversarial_discriminator(real, fake, kind=self.config.adversarial_kind)
        terms = {"discriminator": Term(1.0, loss)}
        if weight := self.config.weights.gradient_penalty:
            terms["gradient_penalty"] = Term(weight, losses.r1(discriminator, source))
        return terms

    def _update(self, optimiser: torch.optim.Optimizer, step: int) -> None:
        gather_gradients(self.fabric, optimiser)
        factor = cosine_decay(step, steps=self.config.steps, decay_fraction=self.config.lr_decay_fraction)
        for group in optimiser.param_groups:
            group["lr"] = group["initial_lr"] * factor
        clip_gradients(self.fabric, optimiser, norm=_MAX_GRADIENT)
        self.fabric.strategy.optimizer_step(optimiser)
        optimiser.zero_grad()


def tone(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean squared error of the means of the channels: exposure and cast of the whole picture."""
    return F.mse_loss(made.mean((2, 3)), wanted.mean((2, 3)))


def quantiles(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean absolute error of the quantiles of luma towards black and white: black point and contrast."""
    return F.l1_loss(_ends(made), _ends(wanted))


def chroma(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the error of a picture's mean chroma.

    Where the cast of a picture is in doubt, an error of values is smallest for the average of what is possible, which is
    grey. The magnitude of the chroma has no such pull: it is to be right, whatever the hue. Without three channels there is
    none.
    """
    return F.l1_loss(_magnitude(made), _magnitude(wanted))


def unlikelihood(made: Tensor, wanted: Tensor, spread: Tensor) -> Tensor:
    """Return the negative log likelihood of the wanted mean luma, but for a constant, for a log-normal one around that made.

    `spread` is its standard deviation in stops ``(N, 1, 1, 1)``.
    """
    deviation = spread.flatten() / STOPS
    error = (_brightness(wanted) + _DARK).log() - (_brightness(made) + _DARK).log()
    return (0.5 * (error / deviation) ** 2 + deviation.log()).mean()


def _brightness(pictures: Tensor) -> Tensor:
    return luma(pictures).mean((1, 2, 3))


def _ends(pictures: Tensor) -> Tensor:
    ordered = torch.sort(luma(pictures).flatten(1), dim=1)[0]
    return ordered[:, [int(ordered.shape[1] * share) for share in _ENDS]]


def _magnitude(pictures: Tensor) -> Tensor:
    return (pictures - luma(pictures)).abs().mean((1, 2, 3))


def _group(module: nn.Module, rate: float, weight_decay: float = 0.0) -> dict[str, Any]:
    return {"params": list(module.parameters()), "lr": rate, "initial_lr": rate, "weight_decay": weight_decay}


def _adam(groups: list[dict[str, Any]], config: PlannerConfig) -> torch.optim.Optimizer:
    return torch.optim.AdamW(groups, betas=(config.beta1, config.beta2), fused=True)
