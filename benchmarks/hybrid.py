"""Is a classical step before a light network worth it? Classical alone, network alone, and both, on the same pictures.

    python benchmarks/hybrid.py LOW NORMAL TEST_LOW TEST_HIGH --alone mobile=FILE --hybrid mobile=FILE

LOW and NORMAL are unpaired folders. Every classical family of `diptych advise` is tuned on them by the distance of its results
from NORMAL, without any reference, and the best is taken; the networks (``best.safetensors`` of runs on the same folders, one
trained without a step before it, one with) are as their runs left them. TEST_LOW and TEST_HIGH are pairs, for reporting only.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from diptych.advice.evaluator import evaluator_for
from diptych.advice.pictures import Split, read_pictures
from diptych.advice.tuning import tuned
from diptych.core.enhancer import Enhancer
from diptych.core.image import Image, from_float, to_float
from diptych.evaluation import evaluate
from diptych.recipes import Recipe, catalogue
from diptych.training.generator_file import TrainedGenerator, load_generator


def best_classical(low: Path, normal: Path) -> Enhancer:
    """Return the recipe that comes nearest to the good pictures, by the half of the pictures that it was not tuned on."""
    pictures = read_pictures(low, normal)
    evaluator = evaluator_for(pictures.held_out)
    found = {one.name: one for one in tuned(pictures.tuning, lambda text: None)}
    values = {name: evaluator.evaluate(_on(one.enhancer, pictures.held_out)).value for name, one in found.items()}
    name = max(values, key=values.__getitem__)
    print(f"best classical recipe without references: {name}, {values[name]:.3f} of 1")
    return found[name].enhancer


def _on(enhancer: Enhancer, split: Split) -> list[Image]:
    return [enhancer(from_float(to_float(image), np.dtype(np.uint16))) for image in split.sources]


def network_alone(generator: TrainedGenerator) -> TrainedGenerator:
    """Return the network with nothing before or after it."""
    return replace(generator, preprocess=Recipe(), postprocess=Recipe())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("low", "normal", "test_low", "test_high"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--alone", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--hybrid", action="append", default=[], metavar="NAME=FILE")
    given = parser.parse_args()
    entries = {"auto": catalogue.find("auto"), "classical, tuned": best_classical(given.low, given.normal)}
    for text in given.alone:
        name, _, file = text.partition("=")
        entries[f"{name} alone"] = network_alone(load_generator(file))
    for text in given.hybrid:
        name, _, file = text.partition("=")
        entries[f"{name}, hybrid"] = load_generator(file)
    report = evaluate(entries, given.test_low, references=given.test_high, metrics=["psnr", "ssim", "niqe"])
    print(report.to_markdown())


if __name__ == "__main__":
    main()
