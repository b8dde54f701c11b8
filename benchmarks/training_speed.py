"""Images per second of a CycleGAN step: Diptych against a straightforward PyTorch loop with the same networks and batch.

``python benchmarks/training_speed.py [mobile unet resnet] [--crop 128] [--batch 4] [--steps 6]``

The straightforward loop is written as the paper's pseudo-code reads: float32, every network run on its own, Adam as it comes.
Both sides train on the same batches in memory and take turns, step by step, so that the ratio is that of one run. Diptych's row
says which of its settings were used; ``float32`` shows what the loop alone brings, without the lower precision.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from dataclasses import replace
from functools import partial

import torch

from diptych.networks import Mobile, ResNet, UNet, build
from diptych.training import CycleGANConfig, losses
from diptych.training.distributed import launch, resolved_precision
from diptych.training.objectives.cyclegan import CycleGANObjective

NETWORKS = {
    "mobile": Mobile(),
    "unet": UNet(depth=7, width=32),
    "resnet": ResNet(blocks=6, width=32),
}


class Straightforward:
    """A CycleGAN step without any thought of speed; in float32, or by autocast in another type."""

    def __init__(self, config: CycleGANConfig, *, device: str = "cpu", kind: torch.dtype = torch.float32) -> None:
        forward, backward = config.generator_pair
        self.there, self.back = build(forward, seed=1).to(device), build(backward, seed=2).to(device)
        critics = [build(config.discriminator, seed=seed).to(device) for seed in (3, 4)]
        self.critic_a, self.critic_b = critics
        self.autocast = partial(torch.autocast, device, dtype=kind, enabled=kind != torch.float32)
        self.generators = list(itertools.chain(self.there.parameters(), self.back.parameters()))
        self.discriminators = list(itertools.chain(self.critic_a.parameters(), self.critic_b.parameters()))
        self.optimiser = torch.optim.Adam(self.generators, lr=2e-4, betas=(0.5, 0.999))
        self.discriminator_optimiser = torch.optim.Adam(self.discriminators, lr=2e-4, betas=(0.5, 0.999))

    def train_step(self, a: torch.Tensor, b: torch.Tensor) -> None:
        for parameter in self.discriminators:
            parameter.requires_grad_(False)
        with self.autocast():
            fake_b, fake_a = self.there(a), self.back(b)
            loss = losses.adversarial_generator(self.critic_b(fake_b))
            loss = loss + losses.adversarial_generator(self.critic_a(fake_a))
            loss = loss + 10 * (losses.cycle(a, self.back(fake_b)) + losses.cycle(b, self.there(fake_a)))
            loss = loss + 5 * (losses.identity(b, self.there(b)) + losses.identity(a, self.back(a)))
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        for parameter in self.discriminators:
            parameter.requires_grad_(True)
        self.discriminator_optimiser.zero_grad()
        for critic, real, fake in ((self.critic_a, a, fake_a), (self.critic_b, b, fake_b)):
            with self.autocast():
                loss = losses.adversarial_discriminator(critic(real), critic(fake.detach()))
            loss.backward()
        self.discriminator_optimiser.step()


def measure(name: str, *, crop: int, batch: int, steps: int) -> None:
    shape = (batch, 3, crop, crop)
    draw = torch.Generator().manual_seed(0)
    pair = (torch.rand(shape, generator=draw), torch.rand(shape, generator=draw))
    config = CycleGANConfig(forward=NETWORKS[name], batch=batch, crop=crop)
    plain = Straightforward(config)
    kinds = dict.fromkeys(["float32", resolved_precision(config, "cpu")])
    steps_of = {"straightforward": lambda step: plain.train_step(*pair)}
    for kind in kinds:
        settled = replace(config, precision=kind)
        objective = CycleGANObjective(settled, launch(settled))
        steps_of[f"diptych {kind}"] = lambda step, one=objective: one.train_step([pair], step=step)
    times: dict[str, list[float]] = {label: [] for label in steps_of}
    for step in range(steps + 2):
        for label, train_step in steps_of.items():
            began = time.perf_counter()
            train_step(step)
            times[label].append(time.perf_counter() - began)
    usual = {label: statistics.median(values[2:]) for label, values in times.items()}
    for label, seconds in usual.items():
        ratio = usual["straightforward"] / seconds
        print(
            f"{name:7} {crop} px, batch {batch}  {label:18} {2 * batch / seconds:7.1f} images/s  {ratio:5.2f} x",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=6)
    options = parser.parse_args()
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads")
    for name in options.networks:
        measure(name, crop=options.crop, batch=options.batch, steps=options.steps)


if __name__ == "__main__":
    main()
