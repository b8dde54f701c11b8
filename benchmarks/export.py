"""Exports of the generators, measured: ONNX Runtime against PyTorch, 8 bits against floats.

    python benchmarks/export.py FOLDER [--networks unet,resnet,mobile] [--steps 200] [--runs DIR]

Each network is trained for a few steps to undo a made darkening of the folder's photographs (weights that mean nothing
would say nothing about 8 bits), exported, and verified on photographs that it has not seen, with the originals as
references. Ratios are medians of runs in turns, in one process, with the same number of threads for everyone. With --runs,
trained networks are kept in DIR/NAME and taken from there.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from diptych.core.parallel import threads
from diptych.export import Request, verify
from diptych.export.pictures import padded, read_pictures
from diptych.export.sessions import open_session
from diptych.networks import Mobile, ResNet, UNet, build
from diptych.training.generator_file import TrainedGenerator, load_generator, save_generator

CONFIGS = {"unet": UNet(), "resnet": ResNet(), "mobile": Mobile()}
CROPS = {"unet": (256, 1), "resnet": (64, 4), "mobile": (128, 4)}  # px, batch


def darkened(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what a dark room makes of a good photograph: a curve, a gain, a cast, noise."""
    floats = (picture / np.float32(255)) ** rng.uniform(1.0, 2.2) * rng.uniform(0.2, 0.9)
    floats = floats * np.exp(rng.normal(0, 0.1, 3)) + rng.normal(0, 0.02, picture.shape)
    return np.clip(floats, 0, 1).astype(np.float32)


def train(name: str, pictures: list[np.ndarray], steps: int) -> TrainedGenerator:
    side, batch = CROPS[name]
    module, rng = build(CONFIGS[name]), np.random.default_rng(0)
    optimiser = torch.optim.AdamW(module.parameters(), 6e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-4, total_steps=steps)
    large = [picture for picture in pictures if min(picture.shape[:2]) >= side]
    for _ in range(steps):
        pieces = []
        for _ in range(batch):
            picture = large[rng.integers(len(large))]
            top, left = (rng.integers(length - side + 1) for length in picture.shape[:2])
            piece = picture[top : top + side, left : left + side]
            pieces.append((darkened(piece, rng), piece / np.float32(255)))
        dark, good = (torch.from_numpy(np.stack(part).transpose(0, 3, 1, 2)) for part in zip(*pieces, strict=True))
        loss = (module(dark) - good).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return TrainedGenerator(CONFIGS[name], module.eval().requires_grad_(False), name=name)


def trained(name: str, pictures: list[np.ndarray], steps: int, runs: Path | None) -> TrainedGenerator:
    path = runs / name / "best.safetensors" if runs else None
    if path and path.is_file():
        return load_generator(path)
    generator = train(name, pictures, steps)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_generator(path, generator)
    return generator


def against_pytorch(generator: TrainedGenerator, model: bytes, rounds: int = 7) -> tuple[float, float]:
    """Return the milliseconds of PyTorch in eager mode and of ONNX Runtime for one picture of 256 x 256."""
    torch.set_num_threads(threads())
    batch = padded(np.random.default_rng(0).random((256, 256, 3), np.float32), generator.config.multiple)
    session, tensor = open_session(model), torch.from_numpy(batch)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        start = time.perf_counter()
        with torch.inference_mode():
            generator.module(tensor)
        middle = time.perf_counter()
        session.run(None, {"image": batch})
        for taken, seconds in zip(times, (middle - start, time.perf_counter() - middle), strict=True):
            taken.append(1000 * seconds)
    return statistics.median(times[0][1:]), statistics.median(times[1][1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--networks", default="unet,resnet,mobile")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--targets", default="int8")
    parser.add_argument("--calibrate", default="try")
    parser.add_argument("--side", type=int, default=512, help="of the middle that is taken of each picture")
    given = parser.parse_args()
    pictures = read_pictures(given.folder, channels=3, most=240, max_side=given.side)
    unseen, rng = pictures[::5], np.random.default_rng(1)
    seen = [picture for index, picture in enumerate(pictures) if index % 5]
    pairs = [(np.rint(255 * darkened(picture, rng)).astype(np.uint8), picture) for picture in unseen]
    for name in given.networks.split(","):
        generator = trained(name, seen, given.steps, given.runs)
        request = Request(source=generator, pictures=[dark for dark, _ in pairs[8:40]], calibrate=given.calibrate)
        found = verify(request, targets=given.targets.split(","), pairs=pairs[:8])
        eager, onnx = against_pytorch(generator, request.bundle.model)
        proof = request.bundle.metadata.provenance["export"]["difference_from_pytorch"]
        print(f"## {name}, {threads()} threads, {len(pairs[:8])} pictures with references\n")
        print(f"ONNX Runtime against PyTorch eager, 256 x 256: {eager:.0f} / {onnx:.0f} ms = {eager / onnx:.2f} x;")
        print(f"largest difference over ten sizes {proof:.1e}\n")
        print(found.to_markdown() + "\n", flush=True)


if __name__ == "__main__":
    main()
