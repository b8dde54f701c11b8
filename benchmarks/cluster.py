"""Dask, measured: workers against processes that know nothing of each other, and what a picture costs client and scheduler.

    python benchmarks/cluster.py [scaling] [scheduler] [--pictures 48] [--rounds 3] [--profile best] [--inputs 100000]

``scaling``: two workers of a thread against one, and two unrelated processes that share the pictures against one that has
them all; the four in turns, in one run, as ratios. ``scheduler``: pictures that need no work at all through a local cluster,
so that everything that is left is cost: processor time of client and scheduler for each, and memory as they go by. What
there was to say is written to benchmarks/results/cluster.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import diptych as dp
import machine
from diptych.cluster import JobSpec, Run, dispatch, enhance_folder, location, worker
from diptych.cluster.connection import connected
from diptych.recipes import Recipe, step
from diptych.runtime import EnhancerChoice

RESULTS = Path(__file__).parent / "results" / "cluster.json"
PARTS = ("scaling", "scheduler")


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", default=PARTS)
    parser.add_argument("--pictures", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", choices=("best", "fast"), default="best")
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    found = json.loads(given.out.read_text()) if given.out.exists() else {}
    found["machine"] = machine.describe()
    if "scaling" in given.parts:
        found[f"scaling {given.profile}"] = scaling(given.pictures, given.rounds, given.profile)
    if "scheduler" in given.parts:
        found["scheduler"] = scheduler(given.inputs)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, indent=1) + "\n")


# ------------------------------------------------------------------------------------------------------------- scaling


def scaling(pictures: int, rounds: int, profile: str) -> dict[str, Any]:
    """Return seconds and ratios of Dask's workers and of unrelated processes."""
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name, connected("local:1") as one, connected("local:2") as two:
        folder = Path(name)
        make(folder / "in", pictures)
        make(folder / "warm", 8)
        ways: dict[str, Callable[[str, Path], float]] = {
            "dask 1": lambda source, out: through(one, folder / source, out, profile),
            "dask 2": lambda source, out: through(two, folder / source, out, profile),
            "unrelated 1": Unrelated(folder, profile, 1),
            "unrelated 2": Unrelated(folder, profile, 2),
        }
        for label, way in ways.items():  # the model is loaded, kernels are compiled
            way("warm", folder / f"warm {label}")
        for turn, (label, way) in itertools.product(range(rounds), ways.items()):
            seconds.setdefault(label, []).append(way("in", folder / f"out {label} {turn}"))
    for label, found in seconds.items():
        rate = pictures / statistics.median(found)
        print(f"{label:12} {' '.join(f'{each:6.2f}' for each in found)} s, {rate:.2f} pictures/s", flush=True)
    ratios = {kind: _ratios(seconds[f"{kind} 1"], seconds[f"{kind} 2"]) for kind in ("dask", "unrelated")}
    medians = {kind: statistics.median(each) for kind, each in ratios.items()}
    share = medians["dask"] / medians["unrelated"]
    print(f"2 against 1: Dask {medians['dask']:.2f} x, unrelated {medians['unrelated']:.2f} x, share {share:.3f}")
    whole = statistics.median(_ratios(seconds["unrelated 2"], seconds["dask 2"]))
    print(f"Dask's two workers do {whole:.3f} of the pictures that two unrelated processes do in the same time")
    return {
        **{"pictures": pictures, "seconds": seconds, "ratios": ratios, "medians": medians},
        **{"share of unrelated": round(share, 3), "pictures against unrelated": round(whole, 3)},
    }


def _ratios(first: list[float], second: list[float]) -> list[float]:
    return [round(a / b, 3) for a, b in zip(first, second, strict=True)]


def make(folder: Path, count: int) -> None:
    """Write pictures of 1 megapixel as JPEG."""
    folder.mkdir()
    for index in range(count):
        rng = np.random.default_rng(index)
        y, x = np.mgrid[0:816, 0:1224]
        scene = 20 + 15 * np.sin(x / 90 + index) * np.cos(y / 70)
        noisy = scene[..., None] + rng.normal(0, 2, (816, 1224, 3))
        dp.write(folder / f"{index}.jpg", np.clip(noisy, 0, 255).astype("u1"))


def through(client: Any, folder: Path, out: Path, profile: str) -> float:
    """Enhance a folder on a cluster and return the seconds."""
    started = time.perf_counter()
    job = JobSpec(choice=EnhancerChoice(profile=profile))
    outcomes = list(enhance_folder(Run(source=str(folder), target=str(out), job=job, manifest=f"{out}.jsonl"), client))
    assert {outcome.status for outcome in outcomes} == {"done"}, outcomes
    return time.perf_counter() - started


class Unrelated:
    """Processes that share the pictures of a folder beforehand, and have nothing else in common."""

    def __init__(self, folder: Path, profile: str, count: int) -> None:
        spawned = multiprocessing.get_context("spawn")
        self._folder, self._ends = folder, []
        for index in range(count):
            mine, yours = spawned.Pipe()
            process = spawned.Process(target=alone, args=(yours, profile, index, count), daemon=True)
            process.start()
            self._ends.append(mine)

    def __call__(self, source: str, out: Path) -> float:
        """Have them do a folder, and return the seconds until the last is ready."""
        out.mkdir()
        started = time.perf_counter()
        for end in self._ends:
            end.send((self._folder / source, out))
        for end in self._ends:
            end.recv()
        return time.perf_counter() - started


def alone(orders: Any, profile: str, index: int, count: int) -> None:
    """Do every so-manieth picture of the folders that are ordered, on one thread."""
    os.environ["DIPTYCH_THREADS"] = "1"
    enhancer = JobSpec(choice=EnhancerChoice(profile=profile)).enhancer()
    while True:
        try:
            folder, out = orders.recv()
        except EOFError:
            return
        for path in sorted(folder.iterdir())[index::count]:
            dp.write(out / path.name, dp.runtime.enhance(dp.read(path), enhancer))
        orders.send("ready")


# ----------------------------------------------------------------------------------------------------------- scheduler


def nothing(task: worker.Task) -> worker.Done:
    """Do nothing with a picture, which is what a worker does here."""
    return worker.Done("done", hash="0" * 64)


def pretend() -> None:
    """Have this worker do nothing with pictures."""
    worker.enhance_one = nothing  # type: ignore[assignment]


def scheduler(inputs: int) -> dict[str, Any]:
    """Return what client and scheduler, which are one process here, need for a picture, and their memory."""
    rows = []
    with tempfile.TemporaryDirectory() as name, connected("local:2") as client:
        folder = Path(name)
        (folder / "in").mkdir()
        client.run(pretend)
        job = JobSpec(choice=EnhancerChoice(recipe=Recipe(step("gamma", gamma=0.5))))
        for count in sorted({min(1000, inputs), min(10_000, inputs), inputs}):
            rows.append(empty(client, folder, job, count))
            print(
                f"{count} inputs: {rows[-1]['processor_ms']:.3f} ms of a core each for client and scheduler, "
                f"{rows[-1]['wall_ms']:.3f} ms of the clock; memory {rows[-1]['mib']} MiB",
                flush=True,
            )
        with mock.patch.object(dispatch, "_LARGEST", 1):
            alone = empty(client, folder, job, min(2000, inputs))
        print(
            f"each alone in its parcel: {alone['processor_ms']:.2f} ms of a core, {alone['wall_ms']:.2f} ms of the clock"
        )
    return {"rows": rows, "alone in a parcel": alone, "at 100 million": at(100_000_000, rows[-1], alone)}


def empty(client: Any, folder: Path, job: JobSpec, count: int) -> dict[str, Any]:
    """Send so many pictures that need no work through the cluster."""

    def files(self: location.Location) -> Iterator[location.Found]:
        return (
            location.Found(f"{index // 1000:05}/{index:09}.jpg", "1000000 1700000000000000000")
            for index in range(count)
        )

    with mock.patch.object(location.Location, "files", files):
        run = Run(
            source=str(folder / "in"), target=f"{folder}/out {count}", job=job, manifest=f"{folder}/{count}.jsonl"
        )
        began, used, memory = time.perf_counter(), time.process_time(), []
        for number, outcome in enumerate(enhance_folder(run, client)):
            assert outcome.status == "done", outcome
            if number % max(count // 10, 1) == 0:
                memory.append(round(resident()))
        wall, used = time.perf_counter() - began, time.process_time() - used
    size = Path(run.manifest).stat().st_size
    each = {"processor_ms": 1000 * used / count, "wall_ms": 1000 * wall / count, "manifest_bytes": size / count}
    return {"inputs": count, **{name: round(value, 4) for name, value in each.items()}, "mib": memory}


def at(inputs: int, together: dict[str, Any], alone: dict[str, Any]) -> dict[str, float]:
    """Return what so many inputs would take on paper, as nothing of a run grows with their number but the manifest.

    Pictures that take a quarter of a second, by which the workers that are fed are counted, travel alone. A second run reads
    the manifest first and keeps 200 bytes for each input.
    """
    hours = {name: inputs * row["processor_ms"] / 3.6e6 for name, row in (("small", together), ("large", alone))}
    return {
        **{f"core hours, {name} pictures": round(each, 1) for name, each in hours.items()},
        "workers fed": round(250 / alone["processor_ms"]),
        "manifest GB": round(inputs * together["manifest_bytes"] / 1e9, 1),
        "GB to go on": round(inputs * 200 / 1e9, 1),
    }


def resident() -> float:
    """Return the memory that this process has now, or had at most where the system does not say, in MiB."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
