"""A training without pairs on the toy problem of the tests: does it beat its input, and the classical recipe `auto`?

``python benchmarks/ugatit_toy.py OUT [--preset ugatit] [--set steps=300] [--set crop=64]``

OUT/A gets 150 pictures of 64 px, dark, yellow and noisy, OUT/B 150 others as they should be. The scores are the PSNR on 20
pairs that no training has seen: of the input, of the classical recipes, of the network with the step before it, and of all
steps together.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import diptych as dp
from diptych.cli.train import read_changes
from diptych.core.image import Image
from diptych.data import PhotoFolder, mean_quantiles
from diptych.training import load_generator, preset, train

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from training_helpers import pairs, write_folders


def decibels(enhancer: Callable[[Image], Image]) -> float:
    """Return the mean PSNR on the pairs, of 8 bits."""
    errors = [np.mean((enhancer(image) / 255.0 - wanted / 255.0) ** 2) for image, wanted in pairs(20)]
    return float(np.mean(-10 * np.log10(errors)))


def main() -> None:
    """Train, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--preset", default="ugatit")
    parser.add_argument("--set", action="append", default=[], dest="changes", metavar="KEY=VALUE")
    options = parser.parse_args()
    source, target = options.out / "A", options.out / "B"
    if not source.exists():
        write_folders(options.out, count=150)
    config = preset(options.preset).updated({"crop": 64, "device": "cpu", **read_changes(options.changes)})
    began = time.process_time()
    run = train(config, source=source, target=target, out=options.out / options.preset)
    print(f"trained in {(time.process_time() - began) / 60:.1f} minutes of processor time")
    generator = load_generator(run.path)
    quantiles = mean_quantiles(PhotoFolder(target))
    rows: dict[str, Callable[[Image], Image]] = {
        "input": lambda image: image,
        "auto": dp.auto,
        "stretch": dp.Recipe(dp.step("stretch")),
        "specify_histogram": dp.Recipe(dp.step("specify_histogram", quantiles=quantiles)),
        "before the network": lambda image: np.rint(255 * generator.preprocess(image / np.float32(255))),
        "network": lambda image: np.rint(255 * generator.draw(generator.preprocess(image / np.float32(255)))),
        "all": generator,
    }
    for name, enhancer in rows.items():
        print(f"{name:20} {decibels(enhancer):6.2f} dB")


if __name__ == "__main__":
    main()
