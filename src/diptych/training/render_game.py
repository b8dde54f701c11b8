"""The game of a rendering and a camera: what the camera makes of good pictures is turned back into them.

With F the camera, fitted to the source, and y pictures of the target, the cycle G(F(y)) = y is exact supervision, noise
included, though no pair of pictures is known. Each step has

1. views of whole pictures of the target: the camera shoots them, the network looks at the shot, and the rendering is
   compared with the view at half its side; a share of the views is also shown as they are, to be left alone (`identity`);
2. parts at full resolution (`crops`): the same shot with noise and without it, compressed by the exposure; the denoiser is
   to give the second for the first;
3. if `adversarial` is not 0, a discriminator that tells views of the source from shots, and pulls the camera's weights. They
   learn from nothing else: a camera that were to please the rendering would do nothing.
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
from diptych.networks.modules.render import RenderModule, compress_exposure, exposure_of
from diptych.training import losses, render_losses
from diptych.training.averaging import Average
from diptych.training.camera_fit import fit_to
from diptych.training.config import CycleGANConfig
from diptych.training.domains import Domains
from diptych.training.placing import view
from diptych.training.playing import Losses, Parts, Tensors, gather_gradients
from diptych.training.pool import ImagePool
from diptych.training.schedule import cosine_factor

_DECAY = 1e-3  # of the weights
_LONGEST = 1.0  # gradient of a group
_NOISY_ENOUGH = 0.3  # of the everyday shots are for the denoiser, which learns nothing from those that are clean
_ALONE = 4  # one in so many views is also shown as it is


class RenderGame:
    """A rendering (A to B), a camera (B to A), and what updates them.

    Parameters
    ----------
    config : CycleGANConfig
        The run; ``forward`` is a `Render`, ``backward`` a `Degradation`.
    fabric : Fabric
        Decides device, precision and processes.
    """

    def __init__(self, config: CycleGANConfig, fabric: Fabric) -> None:
        self.config = config
        self.fabric = fabric
        there, back = config.there_and_back
        render, camera = build(there, seed=4 * config.seed), build(back, seed=4 * config.seed + 1)
        assert isinstance(render, RenderModule)
        assert isinstance(camera, DegradationModule)
        self.render, self.camera = render.to(fabric.device), camera.to(fabric.device)
        self.average_forward = Average(self.render, decay=config.average)
        self.average_backward = Average(self.camera, decay=config.average)
        self.optimiser = _adam(_groups(self.render, self.camera, config), config)
        self.pool = ImagePool(config.pool, seed=2 * config.seed)
        networks: dict[str, nn.Module] = {"forward": self.render, "backward": self.camera}
        optimisers = {"optimiser": self.optimiser}
        self.judge = None
        if config.adversarial:
            made = build(replace(config.discriminator, channels_in=there.channels_in), seed=4 * config.seed + 2)
            self.judge = networks["judge_a"] = fabric.to_device(made)
            self.judge_optimiser = _adam([_group(list(made.parameters()), config.discriminator_rate)], config)
            optimisers["judges_optimiser"] = self.judge_optimiser
        averages = {"average_forward": self.average_forward, "average_backward": self.average_backward}
        self.parts = Parts(networks, averages, optimisers, {"pool_a": self.pool})

    def prepare(self, domains: Domains) -> dict[str, Any] | None:
        """Fit the camera to the source; the log says how near it came."""
        assert domains.views is not None
        if not self.config.fit:
            return None
        found = fit_to(self.camera, domains.views, steps=self.config.fit, seed=self.config.seed)
        self.average_backward.module.load_state_dict(self.camera.state_dict())
        return {"event": "camera", "before": round(found.before, 4), "after": round(found.after, 4)}

    def play(self, batches: Sequence[Tensors], *, step: int) -> Losses:
        """Update the rendering, the camera if there is a discriminator, and that; return the losses.

        The losses are averages over the batches, already multiplied by their weights.
        """
        total: Losses = {}
        for number, batch in enumerate(batches, step * len(batches)):
            for found in self._lessons(batch, number):
                self._teach(found, total, len(batches))
        self._update(self.optimiser, step)
        if self.judge is not None:
            self._update(self.judge_optimiser, step)
        self.average_forward.update(self.render, step=step)
        self.average_backward.update(self.camera, step=step)
        return total

    def _lessons(self, batch: Tensors, number: int) -> Iterator[Losses]:
        """Yield the losses of one batch; each is sent back before the next is computed."""
        good = view(*batch[:2], side=self.render.config.thumbnail)
        rest = batch[2:]
        with seeded(int(np.random.SeedSequence((self.config.seed, number)).generate_state(1)[0])):  # what drops out
            yield self._whole(good)
        if self.judge is not None:
            poor, rest = view(*rest[:2], side=good.shape[-1]), rest[2:]
            shots, _ = self._shots(good)
            yield self._pull(self.judge, shots)
            shown = self.pool.swap(shots.detach(), number=number)
            yield self._judge(self.judge, poor, shown)
        if rest:
            yield self._parts(*rest)

    def _shots(self, good: Tensor) -> tuple[Tensor, Tensor]:
        """Return shots of good views, with what is left of the noise at their size and without any."""
        shot, noise = self.camera.sample(good), self.camera.noise_at(good.shape[-1])
        taken = self.camera.degrade(good, shot, noise=noise, quantise=False, averaged=True)
        return taken, self.camera.degrade(good, shot, noise=0.0, quantise=False)

    def _whole(self, good: Tensor) -> Losses:
        with torch.no_grad():
            shots, clear = self._shots(good)
        alone = good[: max(1, len(good) // _ALONE)] if self.config.identity else good[:0]
        # The network looks at a noisy picture; what it decides is done to one that the denoiser has been over.
        seen, calm = torch.cat([shots, alone]), torch.cat([clear, alone])
        with self.fabric.autocast():
            made = self.render.render(F.avg_pool2d(calm, 2), self.render.predict(seen)).float()
        restored, wanted = made[: len(good)], F.avg_pool2d(good, 2)
        found = {
            "restoration": F.l1_loss(restored, wanted),
            "tone": render_losses.tone(restored, wanted),
            "chroma": render_losses.chroma(restored, wanted),
        }
        if len(alone):
            found["identity"] = F.l1_loss(made[len(good) :], wanted[: len(alone)])
        return found

    def _parts(self, copies: Tensor, crops: Tensor, places: Tensor) -> Losses:
        with torch.no_grad():
            thumbnails = self.render.thumbnail(copies)
            shot = self.camera.sample(thumbnails, everyday=_NOISY_ENOUGH * self.camera.config.everyday)
            noise = self.camera.noise_at(thumbnails.shape[-1])
            seen = self.camera.degrade(thumbnails, shot, noise=noise, quantise=False, averaged=True)
            exposure = exposure_of(seen)
            noisy = compress_exposure(self.camera.degrade(crops, shot, boxes=places), exposure)
            clean = compress_exposure(
                self.camera.degrade(crops, shot, boxes=places, noise=0.0, quantise=False), exposure
            )
        with self.fabric.autocast():
            made = self.render.denoise(noisy).float()
        return {"denoising": render_losses.restored(made, clean)}

    def _pull(self, judge: nn.Module, shots: Tensor) -> Losses:
        judge.requires_grad_(False)
        kind = self.config.adversarial_kind
        with self.fabric.autocast():
            found = losses.adversarial_generator(judge(shots), kind=kind)
        return {"adversarial.camera": found}

    def _judge(self, judge: nn.Module, poor: Tensor, shots: Tensor) -> Losses:
        judge.requires_grad_(True)
        with self.fabric.autocast():
            scores = judge(torch.cat([poor, shots]))
            real, fake = [score[: len(poor)] for score in scores], [score[len(poor) :] for score in scores]
            found = {"discriminator.a": losses.adversarial_discriminator(real, fake, kind=self.config.adversarial_kind)}
        if self.config.gradient_penalty:
            found["gradient_penalty.a"] = losses.r1(judge, poor)
        return found

    def _teach(self, found: Losses, total: Losses, batches: int) -> None:
        weighted = {name: self._weight(name) * loss.float() / batches for name, loss in found.items()}
        self.fabric.backward(torch.stack(list(weighted.values())).sum())
        for name, value in weighted.items():
            total[name] = total.get(name, 0) + value.detach()

    def _weight(self, name: str) -> float:
        setting = name.partition(".")[0]
        return 1.0 if setting in ("restoration", "discriminator") else float(getattr(self.config, setting))

    def _update(self, optimiser: torch.optim.Optimizer, step: int) -> None:
        gather_gradients(self.fabric, optimiser)
        factor = cosine_factor(step, steps=self.config.steps, decay=self.config.decay)
        for group in optimiser.param_groups:
            group["lr"] = group["initial_lr"] * factor
            nn.utils.clip_grad_norm_(group["params"], _LONGEST)
        self.fabric.strategy.optimizer_step(optimiser)
        optimiser.zero_grad()


def _groups(render: RenderModule, camera: DegradationModule, config: CycleGANConfig) -> list[dict[str, Any]]:
    """Return the parameters in groups with their own rates; the gradient of each is bounded alone."""
    network = [value for name, value in render.named_parameters() if not name.startswith("denoiser.")]
    denoiser = [] if render.denoiser is None else list(render.denoiser.parameters())
    rate, slow = config.learning_rate, config.discriminator_rate
    groups = [(network, rate, _DECAY), (denoiser, rate, _DECAY), (list(camera.parameters()), slow, 0.0)]
    return [_group(values, rate, decay) for values, rate, decay in groups if values]


def _group(parameters: list[nn.Parameter], rate: float, weight_decay: float = 0.0) -> dict[str, Any]:
    return {"params": parameters, "lr": rate, "initial_lr": rate, "weight_decay": weight_decay}


def _adam(groups: list[dict[str, Any]], config: CycleGANConfig) -> torch.optim.Optimizer:
    return torch.optim.AdamW(groups, betas=(config.beta1, config.beta2), fused=True)
