"""Rendering: a degradation model makes the pictures that the source has of good ones, and a rendering learns to undo it.

With F the degradation, fitted to the source, and y pictures of the target, the cycle G(F(y)) = y is exact supervision, noise
included, though no pair of pictures is known. Each step has

1. views of whole pictures of the target: they are degraded, the network looks at the result, and the rendering is compared
   with the view at half its side; a share of the views is also shown as they are, to be left alone (`identity`);
2. crops at full resolution: degraded with noise and without it, compressed by the exposure; the denoiser is to give the
   second for the first;
3. if the weight `adversarial` is not 0, a discriminator that tells views of the source from degraded ones, and moves the
   degradation. That learns from nothing else: a degradation that were to please the rendering would do nothing.
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
from diptych.networks.modules.render import RenderModule, compress_exposure, exposure_of
from diptych.recipes import Recipe
from diptych.training import losses
from diptych.training.config import RenderConfig
from diptych.training.data import PathLike, RenderBatches, TrainingData, open_folder, split_folder, training_data
from diptych.training.degradation import calibrate
from diptych.training.generator_file import TrainedGenerator
from diptych.training.image_pool import ImagePool
from diptych.training.objectives.base import Losses, Parts, Tensors, Term, Terms, backward, crop_views
from diptych.training.optimization import ExponentialMovingAverage, cosine_decay, gather_gradients
from diptych.training.preprocessing import preprocess_pair
from diptych.training.validation.evaluator import MonitorEvaluator

_WEIGHT_DECAY = 1e-3
_MAX_GRADIENT = 1.0  # norm for each group of parameters
_NOISY_ENOUGH = 0.3  # of the everyday samples are for the denoiser, which learns nothing from those that are clean
_UNCHANGED = 4  # one in so many views is also shown as it is
_AREA = 4  # px
_WINDOW = 7  # px
_SQUARED = 10.0
_STRUCTURE = 0.15
_C1, _C2 = 0.01**2, 0.03**2


class RenderObjective:
    """A rendering (A to B), a degradation model (B to A), and what updates them.

    Parameters
    ----------
    config : RenderConfig
        The run.
    fabric : Fabric
        Decides device, precision and processes.
    """

    def __init__(self, config: RenderConfig, fabric: Fabric) -> None:
        self.config = config
        self.fabric = fabric
        render = build(config.forward, seed=4 * config.seed)
        degradation = build(config.degradation, seed=4 * config.seed + 1)
        assert isinstance(render, RenderModule)
        assert isinstance(degradation, DegradationModule)
        self.render, self.degradation = render.to(fabric.device), degradation.to(fabric.device)
        self.average_forward = ExponentialMovingAverage(self.render, decay=config.ema_decay)
        self.average_degradation = ExponentialMovingAverage(self.degradation, decay=config.ema_decay)
        self.optimiser = _adam(_groups(self.render, self.degradation, config), config)
        self.pool = ImagePool(config.pool, seed=2 * config.seed)
        networks: dict[str, nn.Module] = {"forward": self.render, "degradation": self.degradation}
        optimisers = {"optimiser": self.optimiser}
        self.discriminator = None
        if config.weights.adversarial:
            kind = replace(config.discriminator, channels_in=config.forward.channels_in)
            made = build(kind, seed=4 * config.seed + 2)
            self.discriminator = networks["discriminator"] = fabric.to_device(made)
            self.discriminator_optimiser = _adam([_group(list(made.parameters()), config.discriminator_rate)], config)
            optimisers["discriminator_optimiser"] = self.discriminator_optimiser
        averages = {"average_forward": self.average_forward, "average_degradation": self.average_degradation}
        self.parts = Parts(networks, averages, optimisers, {"pool": self.pool})

    @property
    def generator(self) -> nn.Module:
        """The averaged rendering."""
        return self.average_forward.module

    def open_data(self, *, source: PathLike | None, target: PathLike | None) -> TrainingData:
        """Open both folders; batches are views of whole pictures, and crops for the denoiser."""
        assert source is not None
        assert target is not None
        config, channels = self.config, self.config.forward.channels_in
        raw = [open_folder(path, channels=channels, config=config) for path in (source, target)]
        preprocess = preprocess_pair(*raw, kind=config.preprocess, denoise=config.denoise)
        first, second = (split_folder(*side, config) for side in zip(raw, preprocess, strict=True))
        batches = RenderBatches(config, first.training, second.training)
        return training_data(batches, source=first, target=second, whole=True)

    def prepare(self, data: TrainingData) -> dict[str, Any] | None:
        """Fit the degradation to the source; the log says how near it came."""
        config, batches = self.config, data.batches
        assert isinstance(batches, RenderBatches)
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
        """Return nothing to do: a rendering has its own tones and its own denoiser."""
        return Recipe()

    def train_step(self, batches: Sequence[Tensors], *, step: int) -> Losses:
        """Update the rendering, and the degradation and the discriminator if there is one; return the losses.

        The losses are averages over the batches, already multiplied by their weights.
        """
        total: Losses = {}
        for number, batch in enumerate(batches, step * len(batches)):
            for terms in self._losses(batch, number):
                backward(self.fabric, terms, total, batches=len(batches))
        self._update(self.optimiser, step)
        if self.discriminator is not None:
            self._update(self.discriminator_optimiser, step)
        self.average_forward.update(self.render, step=step)
        self.average_degradation.update(self.degradation, step=step)
        return total

    def _losses(self, batch: Tensors, number: int) -> Iterator[Terms]:
        """Yield the losses of one batch; the caller backpropagates each before the next is computed."""
        target = crop_views(*batch[:2], side=self.render.config.thumbnail)
        rest = batch[2:]
        dropout_seed = int(np.random.SeedSequence((self.config.seed, number)).generate_state(1)[0])
        with seeded(dropout_seed):
            yield self._view_losses(target)
        if self.discriminator is not None:
            source, rest = crop_views(*rest[:2], side=target.shape[-1]), rest[2:]
            degraded, _ = self._degraded(target)
            yield self._degradation_losses(self.discriminator, degraded)
            shown = self.pool.swap(degraded.detach(), number=number)
            yield self._discriminator_losses(self.discriminator, source, shown)
        if rest:
            yield self._crop_losses(*rest)

    def _degraded(self, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return degraded views, with what is left of the noise at their size and without any."""
        sample, noise = self.degradation.sample(target), self.degradation.noise_at(target.shape[-1])
        noisy = self.degradation.degrade(target, sample, noise=noise, quantise=False, averaged=True)
        return noisy, self.degradation.degrade(target, sample, noise=0.0, quantise=False)

    def _view_losses(self, target: Tensor) -> Terms:
        weights = self.config.weights
        with torch.no_grad():
            noisy, clean = self._degraded(target)
        unchanged = target[: max(1, len(target) // _UNCHANGED)] if weights.identity else target[:0]
        # The network looks at a noisy picture; what it decides is done to one that the denoiser has been over.
        seen, denoised = torch.cat([noisy, unchanged]), torch.cat([clean, unchanged])
        with self.fabric.autocast():
            made = self.render.render(F.avg_pool2d(denoised, 2), self.render.predict(seen)).float()
        restored, wanted = made[: len(target)], F.avg_pool2d(target, 2)
        terms = {
            "restoration": Term(1.0, F.l1_loss(restored, wanted)),
            "tone": Term(weights.tone, tone(restored, wanted)),
            "chroma": Term(weights.chroma, chroma(restored, wanted)),
        }
        if len(unchanged):
            terms["identity"] = Term(weights.identity, F.l1_loss(made[len(target) :], wanted[: len(unchanged)]))
        return terms

    def _crop_losses(self, thumbnails: Tensor, crops: Tensor, boxes: Tensor) -> Terms:
        model = self.degradation
        with torch.no_grad():
            pictures = self.render.thumbnail(thumbnails)
            sample = model.sample(pictures, everyday=_NOISY_ENOUGH * model.config.everyday)
            left = model.noise_at(pictures.shape[-1])
            seen = model.degrade(pictures, sample, noise=left, quantise=False, averaged=True)
            exposure = exposure_of(seen)
            noisy = compress_exposure(model.degrade(crops, sample, boxes=boxes), exposure)
            clean = compress_exposure(model.degrade(crops, sample, boxes=boxes, noise=0.0, quantise=False), exposure)
        with self.fabric.autocast():
            made = self.render.denoise(noisy).float()
        return {"denoising": Term(self.config.weights.denoising, restoration(made, clean))}

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
            nn.utils.clip_grad_norm_(group["params"], _MAX_GRADIENT)
        self.fabric.strategy.optimizer_step(optimiser)
        optimiser.zero_grad()


def tone(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the squared error of the means of the channels, summed over them: exposure and cast of the whole picture."""
    return ((made.mean((2, 3)) - wanted.mean((2, 3))) ** 2).sum(1).mean()


def chroma(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the error of a picture's mean chroma.

    Where the cast of a picture is in doubt, an error of values is smallest for the average of what is possible, which is
    grey. The magnitude of the chroma in areas of 4 x 4 px has no such pull: it is to be right, whatever the hue. Without
    three channels there is none.
    """
    if made.shape[1] != 3:
        return made.new_zeros(())
    return (_magnitude(made) - _magnitude(wanted)).abs().mean()


def restoration(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean absolute error, plus 10 times the squared one, plus 0.15 times what the structural similarity lacks of 1.

    The squared error sees the noisy among mostly clean pictures. Without it a denoiser stayed at the identity for 4,000 steps,
    where to do nothing was best for most of what it was shown.
    """
    return (
        F.l1_loss(made, wanted)
        + _SQUARED * F.mse_loss(made, wanted)
        + _STRUCTURE * (1 - structural_similarity(made, wanted))
    )


def structural_similarity(first: Tensor, second: Tensor) -> Tensor:
    """Return the structural similarity in windows of 7 x 7 px, or as large as the picture is.

    References
    ----------
    Wang, Bovik, Sheikh and Simoncelli, Image Quality Assessment: From Error Visibility to Structural Similarity, IEEE
    Transactions on Image Processing 13 (2004), equation 13.
    """
    window = min(_WINDOW, *first.shape[-2:])

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, window, 1)

    a, b = mean(first), mean(second)
    covariance = mean(first * second) - a * b
    spread = mean(first**2) - a**2 + mean(second**2) - b**2
    return ((2 * a * b + _C1) * (2 * covariance + _C2) / ((a**2 + b**2 + _C1) * (spread + _C2))).mean()


def _magnitude(picture: Tensor) -> Tensor:
    areas = F.avg_pool2d(picture, min(_AREA, *picture.shape[-2:]))
    return torch.sqrt(((areas - luma(areas)) ** 2).sum(1) + 1e-5).mean((1, 2))


def _groups(render: RenderModule, degradation: DegradationModule, config: RenderConfig) -> list[dict[str, Any]]:
    """Return the parameters in groups with their own rates; the gradient of each is bounded alone."""
    network = [value for name, value in render.named_parameters() if not name.startswith("denoiser.")]
    denoiser = [] if render.denoiser is None else list(render.denoiser.parameters())
    rate, slow = config.learning_rate, config.discriminator_rate
    groups = [
        (network, rate, _WEIGHT_DECAY),
        (denoiser, rate, _WEIGHT_DECAY),
        (list(degradation.parameters()), slow, 0.0),
    ]
    return [_group(values, rate, decay) for values, rate, decay in groups if values]


def _group(parameters: list[nn.Parameter], rate: float, weight_decay: float = 0.0) -> dict[str, Any]:
    return {"params": parameters, "lr": rate, "initial_lr": rate, "weight_decay": weight_decay}


def _adam(groups: list[dict[str, Any]], config: RenderConfig) -> torch.optim.Optimizer:
    return torch.optim.AdamW(groups, betas=(config.beta1, config.beta2), fused=True)
