"""Peak memory of drawing training batches from two folders of 24-megapixel JPEGs; in a process of its own for each case.

    python benchmarks/training_memory.py [--pictures 10000] [--batches 36]

One JPEG is written to a temporary folder, and hard links to it stand for the others, so that every one is decoded anew.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CASES = ("none", "stretch")
CROP, BATCH = 256, 4


def make_folders(base: Path, pictures: int) -> None:
    from diptych.photo import write
    from harness import picture

    write(base / "one.jpg", picture("uint8", (4000, 6000, 3)), quality=92)
    for domain in "AB":
        (base / domain).mkdir()
        for number in range(pictures // 2):
            os.link(base / "one.jpg", base / domain / f"{number:05}.jpg")


def draw(base: Path, kind: str, batches: int, workers: int) -> str:
    """Draw the batches as a training loop does, and return a row of the table."""
    from diptych.data import PhotoFolder, Prefetcher, Sampler, prepare

    started = time.perf_counter()
    folders = [PhotoFolder(base / domain) for domain in "AB"]
    listed = time.perf_counter() - started
    recipes = prepare(*folders, kind)
    folders = [PhotoFolder(base / domain, preprocess=before) for domain, before in zip("AB", recipes, strict=True)]
    samplers = [Sampler(folder, domain=domain, crop=CROP, seed=0) for folder, domain in zip(folders, "AB", strict=True)]

    def make(step: int) -> list:
        return [sampler.batch(BATCH * step, BATCH) for sampler in samplers]

    started = time.perf_counter()
    with Prefetcher(make, start=0, stop=batches, workers=workers) as steps:
        drawn = sum(len(crops) for step in steps for crops in step)
    seconds = (time.perf_counter() - started) / drawn
    decoded = sum(folder.bytes_decoded for folder in folders) / 2**30
    return f"| {kind} | {workers} | {listed:.2f} s | {decoded:.1f} GiB | {seconds:.2f} s | **{peak():.2f} GiB** |"


def peak() -> float:
    """Return the high-water mark of this process's memory in GiB; unlike ru_maxrss it begins anew with the program."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 2**20 if found else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=10_000, help="in both folders together")
    parser.add_argument("--batches", type=int, default=36)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--draw", nargs=2, metavar=("FOLDER", "KIND"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.draw:
        print(draw(Path(given.draw[0]), given.draw[1], given.batches, given.workers))
        return
    with tempfile.TemporaryDirectory() as name:
        make_folders(Path(name), given.pictures)
        print(f"{given.batches} batches of 2 x {BATCH} crops of {CROP}, {given.pictures} JPEGs of 24 megapixels\n")
        print(
            "| preparation | workers | listing | decoded | per crop | peak RSS |\n|---|---|---|---|---|---|", flush=True
        )
        for kind in CASES:
            options = ["--batches", str(given.batches), "--workers", str(given.workers), "--draw", name, kind]
            subprocess.run([sys.executable, __file__, *options], check=True)


if __name__ == "__main__":
    main()
