"""Throughput of the cluster: two workers with one thread each against one, in turns, on the same pictures.

python benchmarks/cluster.py --pictures 48 --rounds 3 [--profile fast]

Scheduler and client take their share of the machine, too: about 13 ms of a core for a picture.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

import diptych as dp
from diptych.cluster import JobSpec, Run, enhance_folder
from diptych.cluster.run import connected
from diptych.runtime import EnhancerChoice


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", choices=("best", "fast"), default="best")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "in", given.pictures)
        make(folder / "warm", 8)
        seconds: dict[int, list[float]] = {1: [], 2: []}
        with connected("local:1") as one, connected("local:2") as two:
            clients = {1: one, 2: two}
            for workers, client in clients.items():  # the model is loaded, kernels are compiled
                run(client, folder / "warm", folder / f"warm-{workers}", given.profile)
            for turn in range(given.rounds):
                for workers, client in clients.items():
                    out = folder / f"out-{workers}-{turn}"
                    seconds[workers].append(run(client, folder / "in", out, given.profile))
    ratios = [first / second for first, second in zip(seconds[1], seconds[2], strict=True)]
    for workers, found in seconds.items():
        rate = given.pictures / statistics.median(found)
        print(f"{workers} worker(s): {' '.join(f'{one:.2f}' for one in found)} s, {rate:.2f} pictures/s")
    print(f"2 against 1: {statistics.median(ratios):.2f} x ({' '.join(f'{one:.2f}' for one in ratios)})")


def make(folder: Path, count: int) -> None:
    """Write pictures of 1 megapixel as JPEG."""
    folder.mkdir()
    for index in range(count):
        rng = np.random.default_rng(index)
        y, x = np.mgrid[0:816, 0:1224]
        scene = 20 + 15 * np.sin(x / 90 + index) * np.cos(y / 70)
        dp.write(
            folder / f"{index}.jpg", np.clip(scene[..., None] + rng.normal(0, 2, (816, 1224, 3)), 0, 255).astype("u1")
        )


def run(client, folder: Path, out: Path, profile: str) -> float:
    """Enhance a folder and return the seconds."""
    started = time.perf_counter()
    given = Run(
        source=str(folder),
        target=str(out),
        job=JobSpec(choice=EnhancerChoice(profile=profile)),
        manifest=f"{out}.jsonl",
    )
    outcomes = list(enhance_folder(given, client))
    assert {outcome.status for outcome in outcomes} == {"done"}, outcomes
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
