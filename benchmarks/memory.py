"""What a picture of 24 megapixels takes of memory: every operator as a recipe, alone and in pairs, from a file to a file.

    python benchmarks/memory.py [--pairs 24] [--quick] [--only NAME NAME>NAME ...] [--parts 2]

Each recipe runs in a process of its own, through `diptych.enhance_files`, on RGB of uint8 and of uint16 as an uncompressed
TIFF. The figure is the peak of resident memory beyond what the process had before (libraries and compiled kernels), over the
samples of the picture: 2 are the picture and its result. Linux only.

Pairs are drawn by chance from all ordered ones, the same at each run; ``--pairs 0`` leaves them out, ``--pairs 99999`` is all.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import diptych as dp
import machine
from diptych.core.noise import JpegTables
from diptych.operators.deblock import as_parameters
from harness import resident

HEIGHT, WIDTH = 4000, 6000
DTYPES = "uint8", "uint16"
ALLOWED = 4.0
RESULT = Path(__file__).parent / "results" / "memory.json"

PARAMETERS: dict[str, dict[str, Any]] = {
    "affine": {"matrix": ((0.95, 0.1, 20.0), (-0.1, 0.95, 30.0))},
    "crop": {"top": 8, "left": 8},
    "deblock": as_parameters(JpegTables(luma=(16,) * 64, chroma=(24,) * 64, subsampling=(2, 2))),
    "denoise_wavelet": {"sigma": 0.05},
    "develop": {"exposure": 1.0, "shadows": 2.0, "local": 0.8},
    "gamma": {"gamma": 0.7},
    "levels": {"black": 0.1, "white": 0.9},
    "rotate": {"angle": 10.0},
    "zoom": {"factor": 0.7},
}
"""Where the defaults change nothing."""

LEFT_OUT = ("match_histogram", "register")
"""Operators that need a reference."""


def names() -> list[str]:
    return [name for name in dp.operators.names() if name not in LEFT_OUT]


def pictures(folder: Path) -> None:
    """Write the large pictures, and small ones for what is loaded and compiled before."""
    rng = np.random.default_rng(0)
    down, across = np.linspace(0.1, 1, HEIGHT)[:, np.newaxis, np.newaxis], np.linspace(0.2, 0.9, WIDTH)[:, np.newaxis]
    for dtype in DTYPES:
        white = float(np.iinfo(dtype).max)
        large = np.empty((HEIGHT, WIDTH, 3), dtype)
        for top in range(0, HEIGHT, 500):
            noise = rng.normal(1, 0.03, (500, WIDTH, 3))
            large[top : top + 500] = np.clip(down[top : top + 500] * across * noise, 0, 1) * white
        dp.write(folder / f"large_{dtype}.tif", large)
        dp.write(folder / f"small_{dtype}.tif", np.ascontiguousarray(large[::16, ::16]))


def peak(folder: Path, operators: list[str], dtype: str) -> float:
    """Return the peak of the memory of a recipe, in pictures. Called in a process of its own."""
    recipe = dp.Recipe(*(dp.step(name, **PARAMETERS.get(name, {})) for name in operators))
    with tempfile.TemporaryDirectory(dir=folder) as target:
        done = dp.enhance_files(folder / f"small_{dtype}.tif", f"{target}/small.tif", recipe, jobs=1)
        before = resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # forget the highest value so far
        done += dp.enhance_files(folder / f"large_{dtype}.tif", f"{target}/large.tif", recipe, jobs=1)
    if failed := [one.reason for one in done if one.status != "done"]:
        raise SystemExit(failed[0])
    return (resident("VmHWM") - before) / (HEIGHT * WIDTH * 3 * np.dtype(dtype).itemsize)


def measured(folder: Path, operators: tuple[str, ...]) -> dict[str, float | str]:
    """Return the peaks of a recipe by dtype, each from a new process."""
    found: dict[str, float | str] = {}
    for dtype in DTYPES:
        command = [sys.executable, __file__, "--peak", str(folder), dtype, *operators]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found[dtype] = (
            round(float(done.stdout), 2) if done.returncode == 0 else done.stderr.strip().splitlines()[-1][-200:]
        )
    return found


def chosen(pairs: int, quick: bool, only: list[str]) -> list[tuple[str, ...]]:
    """Return the recipes to measure."""
    known = only or names()
    every = list(itertools.product(names(), repeat=2))
    drawn = random.Random(0).sample(every, min(pairs, len(every)))
    alone = [tuple(name.split(">")) for name in known]
    return alone[::6] + drawn[:4] if quick else alone + ([] if only else drawn)


def summary(found: dict[str, dict[str, float | str]]) -> dict[str, Any]:
    """Return the worst and the median, and what is over what is allowed."""
    peaks = {f"{name}, {dtype}": value for name, row in found.items() for dtype, value in row.items()}
    numbers = {name: value for name, value in peaks.items() if isinstance(value, float)}
    over = sorted((name for name, value in numbers.items() if value > ALLOWED), key=lambda name: -numbers[name])
    return {
        "recipes": len(found),
        "median": round(statistics.median(numbers.values()), 2),
        "worst": max(numbers.values()),
        f"over {ALLOWED:g}": {name: numbers[name] for name in over},
        "failed": {name: value for name, value in peaks.items() if isinstance(value, str)},
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--quick", action="store_true", help="a sixth of the operators and four pairs; nothing is kept")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--parts", type=int, default=2, help="processes at a time")
    parser.add_argument("--peak", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peak:
        folder, dtype, *operators = given.peak
        print(peak(Path(folder), operators, dtype))
        return
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(given.parts) as pool:
        folder = Path(scratch)
        pictures(folder)
        recipes = chosen(given.pairs, given.quick, given.only)
        found = {}
        for operators, row in zip(recipes, pool.map(lambda one: measured(folder, one), recipes), strict=True):
            found[" > ".join(operators)] = row
            print(" > ".join(operators), *row.values(), flush=True)
    told = summary(found)
    print(json.dumps(told, indent=2))
    if not given.quick and not given.only:
        RESULT.write_text(
            json.dumps({"machine": machine.describe(), "summary": told, "recipes": found}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
