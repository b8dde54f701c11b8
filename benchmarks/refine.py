"""What a refiner adds to the model in the package: strengths and steps side by side, on pairs.

    python benchmarks/refine.py make GOOD OUT                    # pairs to choose by: good pictures and bad shots of them
    python benchmarks/refine.py measure REFINER.onnx LOW HIGH    # for every strength and number of steps, PSNR, SSIM and NIQE

`make` shoots those pictures of the folder that `diptych train GOOD --objective refine` holds out, so that strength and steps
can be chosen without the pictures that a result is reported on. `measure` compares "first", the first result, with
"first, STRENGTH x STEPS", what the refiner makes of it.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
import torch

import diptych as dp
from diptych.core.enhancer import EnhancerSpec
from diptych.core.image import Image, from_float, to_float
from diptych.data import PhotoFolder, split
from diptych.evaluation import evaluate
from diptych.networks import Degradation, build
from diptych.runtime import DefaultEnhancer, OnnxRefiner

HOLDOUT, SEED = 0.1, 0  # of the preset


class Remembering:
    """The model in the package, which is asked for each picture once, however many refiners come after it."""

    def __init__(self) -> None:
        self._enhancer, self._known = DefaultEnhancer(), {}

    spec = EnhancerSpec("first", "the model in the package")

    def __call__(self, image: Image) -> Image:
        key = hash(image.tobytes())
        if key not in self._known:
            self._known[key] = self._enhancer(image)
        return self._known[key]


class After:
    """A refiner after a first result."""

    def __init__(self, first: Remembering, refiner: OnnxRefiner, strength: float, steps: int) -> None:
        self._first, self._refiner, self._chosen = first, refiner, {"strength": strength, "steps": steps}
        self.spec = EnhancerSpec("refined", f"strength {strength:g}, {steps} steps")

    def __call__(self, image: Image) -> Image:
        return self._refiner.refine(self._first(image), **self._chosen)


def make(folder: Path, out: Path, count: int) -> None:
    pictures = PhotoFolder(folder)
    held = pictures.subset(split(pictures.names, fraction=HOLDOUT, seed=SEED)[1])
    degradation = build(Degradation(everyday=0.0, clean=0.0), seed=SEED).train()
    for kind in ("low", "high"):
        (out / kind).mkdir(parents=True, exist_ok=True)
    for index in range(min(count, len(held))):
        good = to_float(held.picture(index))
        good = good[: good.shape[0] // 2 * 2, : good.shape[1] // 2 * 2][:400, :600]
        with torch.no_grad():
            shot = degradation(torch.from_numpy(np.ascontiguousarray(good.transpose(2, 0, 1)[None], np.float32)))
        for kind, image in (("low", shot[0].numpy().transpose(1, 2, 0)), ("high", good)):
            levels = from_float(np.ascontiguousarray(image), np.dtype(np.uint8))
            dp.write(out / kind / f"{index:03}.png", levels, overwrite=True)


def measure(model: Path, low: Path, high: Path, strengths: list[float], steps: list[int], html: Path | None) -> None:
    first, refiner = Remembering(), OnnxRefiner(model)
    entries = {"first": first}
    for strength, count in itertools.product(strengths, steps):
        entries[f"first, {strength:g} x {count}"] = After(first, refiner, strength, count)
    report = evaluate(entries, low, references=high, metrics=["psnr", "ssim", "niqe"], gallery=8 if html else 0)
    print(report.to_markdown())
    if html:
        html.write_text(report.to_html(), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("good", type=Path)
    making.add_argument("out", type=Path)
    making.add_argument("--count", type=int, default=10)
    measuring = commands.add_parser("measure")
    for name in ("model", "low", "high"):
        measuring.add_argument(name, type=Path)
    measuring.add_argument("--strengths", type=float, nargs="+", default=[0.3, 0.6, 1.0])
    measuring.add_argument("--steps", type=int, nargs="+", default=[1, 4])
    measuring.add_argument("--html", type=Path)
    given = parser.parse_args()
    if given.command == "make":
        make(given.good, given.out, given.count)
    else:
        measure(given.model, given.low, given.high, given.strengths, given.steps, given.html)


if __name__ == "__main__":
    main()
