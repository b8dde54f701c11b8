"""Train the denoiser of a rendering for longer: on crops of good photographs and shots of the camera, nothing else.

    python benchmarks/train_denoiser.py RUN GOOD OUT.safetensors [--minutes 20] [--everyday 0.2] [--rate 1e-3]

RUN is a run of `diptych train --preset render` (or a generator's file), GOOD its folder of good pictures. The loss is that
of the loop; the rate falls along half a cosine; the weights are averaged. The rest of the generator stays as it is.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

import diptych as dp
from diptych.core.image import to_float
from diptych.networks import Camera, build
from diptych.networks._modules.camera import CameraModule
from diptych.networks._modules.render import RenderModule, evened, exposure_of
from diptych.photo import find_photos
from diptych.training import render_losses
from diptych.training.generator_file import load_generator, save_generator

CROPS, SIDE, DECAY = 8, 80, 0.997


def read_good(folder: Path) -> tuple[list[Tensor], Tensor]:
    """Return the pictures ``(3, H, W)`` in 8 bits, and small copies of them."""
    pictures = []
    for one in find_photos([str(folder)]):
        pixels = dp.read(one.path).pixels
        if pixels.ndim == 3 and min(pixels.shape[:2]) >= SIDE:
            pictures.append(
                torch.from_numpy(np.rint(255 * to_float(pixels[..., :3])).astype(np.uint8)).permute(2, 0, 1)
            )
    copies = [F.interpolate(one[None].float() / 255, (128, 128), mode="area") for one in pictures]
    return pictures, torch.cat(copies)


@torch.no_grad()
def draw(
    pictures: list[Tensor], copies: Tensor, camera: CameraModule, rng: np.random.Generator, everyday: float
) -> tuple[Tensor, Tensor]:
    """Return crops of shots, compressed by the exposure: with noise and without."""
    chosen, crops = rng.integers(len(pictures), size=CROPS), []
    for picture in (pictures[index] for index in chosen):
        top, left = (rng.integers(length - SIDE + 1) for length in picture.shape[1:])
        crop = picture[:, top : top + SIDE, left : left + SIDE].float() / 255
        crop = crop.flip(2) if rng.random() < 0.5 else crop
        crops.append(crop.transpose(1, 2) if rng.random() < 0.5 else crop)
    good, small = torch.stack(crops), copies[chosen]
    shot = camera.draw(small, everyday=everyday)
    seen = camera.shoot(small, shot, noise=camera.noise_at(small.shape[-1]), quantise=False, averaged=True)
    exposure = exposure_of(seen)
    clean = camera.shoot(good, shot, noise=0.0, quantise=False)
    return evened(camera.shoot(good, shot), exposure), evened(clean, exposure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("good", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--everyday", type=float, default=0.2)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    generator = load_generator(given.run)
    module = copy.deepcopy(generator.module)
    assert isinstance(module, RenderModule)
    assert module.denoiser is not None
    camera = build(Camera(kind="low_light", spread=1.4, everyday=given.everyday, noise=1.4), seed=given.seed)
    assert isinstance(camera, CameraModule)
    pictures, copies = read_good(given.good)
    rng, denoiser = np.random.default_rng(given.seed), module.denoiser.requires_grad_(True).train()
    average = {name: value.clone() for name, value in denoiser.state_dict().items()}
    optimiser = torch.optim.AdamW(denoiser.parameters(), given.rate, weight_decay=1e-4)
    started, step = time.monotonic(), 0
    while (done := (time.monotonic() - started) / (60 * given.minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = given.rate * min(1.0, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * done))
        noisy, clean = draw(pictures, copies, camera, rng, given.everyday)
        loss = render_losses.restored(denoiser(noisy), clean)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(denoiser.parameters(), 0.5)
        optimiser.step()
        with torch.no_grad():
            for name, value in denoiser.state_dict().items():
                average[name].lerp_(value, 1 - DECAY)
        step += 1
        if step % 250 == 0:
            print(f"step {step}: loss {float(loss.detach()):.4f}", flush=True)
    denoiser.load_state_dict(average)
    denoised = {"denoiser": {"steps": step, "everyday": given.everyday, "rate": given.rate, "seed": given.seed}}
    provenance = {**generator.provenance, **denoised}
    module.eval().requires_grad_(False)
    save_generator(given.out, replace(generator, module=module, provenance=provenance))


if __name__ == "__main__":
    main()
