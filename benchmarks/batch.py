"""What a thousand pictures cost: JPEGs of 12 megapixels through `diptych enhance`, against a plain loop of Pillow.

    python benchmarks/batch.py [--pictures FOLDER] [--count 200] [--rounds 2] [--quick]

Both are new processes with two threads, from files to files, at the same quality and without chroma subsampling, as Diptych
writes; the loop decodes and encodes and does nothing between. They take turns; the least of the rounds counts. Seconds of all
threads stand beside the time, as other work on the machine lengthens the one and not the other.

The pictures are those of FOLDER (default: of scikit-image) enlarged, darkened, and with the grain that makes their files
nearly as long as a camera's; twenty contents, each under several names.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage import data

import machine
from harness import of_process

WIDTH, HEIGHT, QUALITY, THREADS = 4000, 3000, 90, 2
CONTENTS = 20
RESULT = Path(__file__).parent / "results" / "batch.json"

LOOP = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from PIL import Image

source, target, quality, threads = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
target.mkdir(parents=True, exist_ok=True)


def one(path):
    Image.open(path).save(target / path.name, quality=quality, subsampling=0)


with ThreadPoolExecutor(threads) as pool:
    list(pool.map(one, sorted(source.iterdir())))
"""


def originals(folder: Path | None) -> Iterator[Image.Image]:
    """Yield pictures, again and again."""
    if folder is None:
        found = [Image.fromarray(one) for one in (data.astronaut(), data.coffee(), data.chelsea(), data.rocket())]
    else:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".png", ".webp"))
        found = [Image.open(path).convert("RGB") for path in paths[:: max(1, len(paths) // CONTENTS)][:CONTENTS]]
    while True:
        yield from found


def make(folder: Path, count: int, pictures: Path | None) -> int:
    """Write the inputs and return their bytes."""
    folder.mkdir()
    contents = min(CONTENTS, count)
    for number, original in zip(range(contents), originals(pictures), strict=False):
        large = np.asarray(original.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.float32)
        grain = np.random.default_rng(number).normal(0, 5, (HEIGHT, WIDTH, 1)).astype(np.float32)
        pixels = np.clip(large * (0.3 + 0.03 * number) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:04d}.jpg", quality=QUALITY)
    for number in range(contents, count):
        os.link(folder / f"{number % contents:04d}.jpg", folder / f"{number:04d}.jpg")
    return sum(path.stat().st_size for path in folder.iterdir())


def commands(source: Path, target: Path) -> dict[str, list[str]]:
    """Return the command lines that are measured."""
    loop = [sys.executable, "-c", LOOP, str(source), str(target), str(QUALITY), str(THREADS)]
    ours = [sys.executable, "-m", "diptych", "enhance", str(source), "-o", str(target), "--quality", str(QUALITY)]
    return {"Pillow": loop, "fast": [*ours, "--profile", "fast", "--jobs", str(THREADS)]}


def measured(command: list[str], target: Path) -> tuple[float, float]:
    """Return the seconds of a command and those of all its threads; its results are removed."""
    taken = of_process(command, os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    for path in target.iterdir():
        path.unlink()
    return taken


def measure(count: int, rounds: int, pictures: Path | None) -> dict[str, Any]:
    """Return seconds, seconds of all threads and their ratios to the loop's, for each command."""
    with tempfile.TemporaryDirectory() as scratch:
        source, target, first = (Path(scratch) / name for name in ("in", "out", "first"))
        size = make(source, count, pictures)
        first.mkdir()
        os.link(source / "0000.jpg", first / "0000.jpg")
        for command in commands(first, target).values():  # what is compiled and read once is not counted
            measured(command, target)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands(source, target)}
        for _ in range(rounds):
            for name, command in commands(source, target).items():
                found[name].append(measured(command, target))
    least = {name: [min(column) for column in zip(*pairs, strict=True)] for name, pairs in found.items()}
    of_loop = least["Pillow"]
    rows = {
        name: {
            "seconds": round(seconds, 2),
            "times": round(seconds / of_loop[0], 3),
            "CPU seconds": round(busy, 2),
            "CPU times": round(busy / of_loop[1], 3),
        }
        for name, (seconds, busy) in least.items()
    }
    return {"pictures": count, "MB each": round(size / count / 1e6, 2), "threads": THREADS, "rounds": rounds, **rows}


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="24 pictures, and nothing is kept")
    given = parser.parse_args()
    found = {"machine": machine.describe()} | measure(24 if given.quick else given.count, given.rounds, given.pictures)
    print(json.dumps(found, indent=2))
    if not given.quick:
        RESULT.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
