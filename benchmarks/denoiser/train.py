"""Train the denoiser on a GPU: several plans of the network on the same pictures, for a given time.

    python benchmarks/denoiser/train.py PICTURES OUT [--minutes 8] [--plans 64,64,0,0,4 ...]

PICTURES holds the folders ``train`` and ``test`` that ``pictures.py`` makes. OUT gets the weights of each plan and a log.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from degrade import LEAST, Draw, Steering, brightness_of, degraded, shape, steering
from network import Network, Plan, denoised
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

TILE, PATCH, BATCH, MARGIN = 200, 160, 48, 16
SCALES = (1.0, 0.62, 1.6)
EPSILON = (0.2 / 255) ** 2
WARM_UP, EVERY = 300, 500  # steps
VALIDATION = 10.0  # s


def tiles_of(path: Path) -> np.ndarray:
    """Return overlapping tiles of a picture at several sizes: reduced it is clean, enlarged it is soft as those of cameras."""
    picture, found = Image.open(path).convert("RGB"), []
    for scale in SCALES:
        size = [round(scale * side) for side in picture.size]
        if min(size) < TILE:
            continue
        pixels = np.asarray(
            picture
            if scale == 1
            else picture.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
        )
        rows, columns = (
            np.linspace(0, side - TILE, max(1, math.ceil(side / TILE * (1.0 if scale <= 1 else 0.6)))).astype(int)
            for side in pixels.shape[:2]
        )
        found += [pixels[row : row + TILE, column : column + TILE] for row in rows for column in columns]
    return np.stack(found).transpose(0, 3, 1, 2) if found else np.zeros((0, 3, TILE, TILE), np.uint8)


def batch_of(tiles: Tensor, draw: np.random.Generator) -> Tensor:
    """Return patches ``(N, 3, 160, 160)`` of drawn tiles, turned and mirrored."""
    index = torch.from_numpy(draw.integers(len(tiles), size=BATCH)).to(tiles.device)
    top, left = draw.integers(TILE - PATCH - 8 + 1, size=2)
    chosen = tiles[index][:, :, top : top + PATCH + 8, left : left + PATCH + 8].float() / 255
    if draw.random() < 0.5:
        chosen = chosen.transpose(2, 3)
    flips = [axis for axis in (2, 3) if draw.random() < 0.5]
    return chosen.flip(flips) if flips else chosen


def loss_of(network: torch.nn.Module, noisy: Tensor, clean: Tensor, told: Steering, dtype: torch.dtype) -> Tensor:
    """Return the mean over the pictures of the logarithm of the squared error, in dB."""
    off = (denoised(network, noisy, told, dtype) - clean)[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
    return 10 * torch.log10(off.square().mean((1, 2, 3)) + EPSILON).mean()


def known(noisy: Tensor, sigma: float, power: float) -> Steering:
    """Return the steering of white noise of RGB that is known."""
    spread = sigma * shape(brightness_of(noisy), power)
    luma = math.sqrt(0.299**2 + 0.587**2 + 0.114**2)
    blue = math.sqrt((1 - 0.114) ** 2 + 0.299**2 + 0.587**2) / 1.772
    red = math.sqrt((1 - 0.299) ** 2 + 0.587**2 + 0.114**2) / 1.402
    chroma = math.sqrt((blue**2 + red**2) / 2)
    both = torch.cat([luma * spread, chroma * spread], 1).clamp(min=LEAST)
    return Steering(both, torch.ones((len(noisy), 4), device=noisy.device))


@torch.no_grad()
def validate(network: Network, pictures: list[Tensor]) -> dict[str, float]:
    """Return the mean PSNR of held-out pictures for each kind of noise, which is the same each time."""
    found = {}
    for power in (0.0, 1.0):
        for level in (5, 15, 25, 50):
            scores = []
            for index, clean in enumerate(pictures):
                draw = Draw(index, clean.device)
                noisy = (clean + level / 255 * shape(clean, power) * draw.normal(clean)).clamp(0, 1)
                noisy = (255 * noisy).round() / 255
                result = denoised(network, noisy, known(noisy, level / 255, power)).clamp(0, 1)
                scores.append(-10 * math.log10(float((result - clean).square().mean())))
            found[f"{level}{'s' if power else ''}"] = round(float(np.mean(scores)), 3)
    return found


@dataclass
class Run:
    """One plan of the network in training."""

    text: str
    network: Network
    optimiser: torch.optim.Optimizer
    total: Tensor

    @classmethod
    def of(cls, text: str, device: str, rate: float, start: Path | None) -> Run:
        names = ("width", "deep", "before", "within", "after")
        network = Network(Plan(**dict(zip(names, map(int, text.split(",")), strict=True)))).to(device)
        if start is not None:
            network.load_state_dict(load_file(start))
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=1e-4, fused=device == "cuda"
        )
        return cls(text, network, optimiser, torch.zeros((), device=device))

    def train_step(self, noisy: Tensor, clean: Tensor, told: Steering, rate: float, dtype: torch.dtype) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        loss = loss_of(self.network, noisy, clean, told, dtype)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimiser.step()
        self.total += loss.detach()

    def save(self, out: Path, held: list[Tensor], notes: dict[str, object]) -> None:
        name = self.text.replace(",", "-")
        save_file(
            {key: value.contiguous() for key, value in self.network.state_dict().items()}, out / f"{name}.safetensors"
        )
        notes = notes | {"plan": self.text, "psnr": validate(self.network, held)}
        (out / f"{name}.json").write_text(json.dumps(notes))
        print(json.dumps(notes), flush=True)


@torch.no_grad()
def degraded_batch(tiles: Tensor, draw: Draw, numbers: np.random.Generator) -> tuple[Tensor, Tensor, Steering]:
    """Return noisy and clean patches, and what the network is told; half of the JPEGs do not begin at the corner."""
    noisy, clean = degraded(batch_of(tiles, numbers), draw)
    top, left = (0, 0) if numbers.random() < 0.5 else numbers.integers(8, size=2)
    noisy, clean = (one[:, :, top : top + PATCH, left : left + PATCH].contiguous() for one in (noisy, clean))
    return noisy, clean, steering(noisy, clean, draw)


def pictures_in(folder: Path, device: str) -> list[Tensor]:
    arrays = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(folder.iterdir())]
    return [torch.from_numpy(one.transpose(2, 0, 1)[None].copy()).to(device).float() / 255 for one in arrays]


def train(given: argparse.Namespace) -> None:
    end = time.monotonic() + 60 * given.minutes
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(given.seed)
    paths = sorted((given.pictures / "train").iterdir())[: given.most or None]
    with ProcessPoolExecutor() as pool:
        tiles = torch.from_numpy(np.concatenate(list(pool.map(tiles_of, paths, chunksize=4)))).to(device)
    held = pictures_in(given.pictures / "test", device)
    starts = given.start or [None] * len(given.plans)
    runs = [Run.of(text, device, given.rate, start) for text, start in zip(given.plans, starts, strict=True)]
    draw, numbers = Draw(given.seed, device), np.random.default_rng(given.seed)
    given.out.mkdir(parents=True, exist_ok=True)
    begun, step = time.monotonic(), 0
    span = end - VALIDATION - begun
    while (passed := (time.monotonic() - begun) / span) < 1:
        rate = given.rate * min(1, (step + 1) / WARM_UP) * (0.5 * (1 + math.cos(math.pi * passed)) + 0.002)
        batch = degraded_batch(tiles, draw, numbers)
        for run in runs:
            run.train_step(*batch, rate, dtype)
        step += 1
        if step % EVERY == 0:
            print(step, f"{passed:.0%}", [round(float(run.total) / EVERY, 3) for run in runs], flush=True)
            for run in runs:
                run.total.zero_()
    notes = {"steps": step, "seed": given.seed, "pictures": len(paths), "batch": BATCH, "patch": PATCH}
    for run in runs:
        run.save(given.out, held, notes)


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--plans", nargs="+", default=["64,64,0,0,4"], help="the fields of network.Plan")
    parser.add_argument("--start", nargs="+", type=Path, help="weights to begin with, one file for each plan")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--most", type=int, default=0, help="pictures to read; 0 for all")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
