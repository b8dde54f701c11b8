"""All ways to enhance side by side: the input, the recipe `auto`, models in files, the model in the package, and that refined.

    python benchmarks/frontier.py LOW HIGH [--model NAME=FILE.onnx ...] [--refine FILE.onnx --strengths 0.3 1] [--out FOLDER]

LOW and HIGH are pairs of the same names, for reporting only. With --out every result is written, to be looked at.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import diptych as dp
from diptych.core.enhancer import Enhancer
from diptych.evaluation import evaluate
from diptych.photo import find_photos
from diptych.recipes import catalogue
from diptych.runtime import DefaultEnhancer, OnnxRefiner, Refined, open_enhancer


def entries_of(given: argparse.Namespace) -> dict[str, Enhancer]:
    """Return what is compared, by name."""
    found: dict[str, Enhancer] = {"auto": catalogue.find("auto")}
    for text in given.model:
        name, _, file = text.partition("=")
        found[name] = open_enhancer(file)
    found["default enhancer"] = DefaultEnhancer()
    for strength in given.strengths if given.refine else []:
        found[f"refined, {strength:g}"] = Refined(
            DefaultEnhancer(), OnnxRefiner(given.refine, strength=strength, steps=1)
        )
    return found


def write_results(entries: dict[str, Enhancer], low: Path, out: Path) -> None:
    for photo in find_photos([str(low)]):
        image = dp.read(photo.path).pixels
        for name, enhancer in entries.items():
            folder = out / name.replace(" ", "_").replace(",", "")
            folder.mkdir(parents=True, exist_ok=True)
            dp.write(folder / f"{photo.path.stem}.png", enhancer(image), overwrite=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("low", type=Path)
    parser.add_argument("high", type=Path)
    parser.add_argument("--model", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--refine", type=Path)
    parser.add_argument("--strengths", type=float, nargs="+", default=[0.3, 1.0])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    entries = entries_of(given)
    report = evaluate({"input": None, **entries}, given.low, references=given.high, metrics=["psnr", "ssim", "niqe"])
    print(report.to_markdown())
    if given.out:
        write_results(entries, given.low, given.out)


if __name__ == "__main__":
    main()
