"""Timing: ours, OpenCV and SciPy / scikit-image on the same array, in turns, in one process."""

from __future__ import annotations

import math
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Case:
    """One operator on one dtype, and who else computes the same.

    `opencv` and `reference` take the same array as the operator and compute the same thing as far as they can; None
    where they do not. `reference_name` says whose function it is.
    """

    operator: str
    dtype: str
    ours: Callable[[np.ndarray], object]
    opencv: Callable[[np.ndarray], object] | None = None
    reference: Callable[[np.ndarray], object] | None = None
    reference_name: str = "SciPy"
    note: str = ""
    shape: tuple[int, ...] = (1080, 1920, 3)


@dataclass
class Times:
    """Seconds of each run."""

    ours: list[float] = field(default_factory=list)
    opencv: list[float] = field(default_factory=list)
    reference: list[float] = field(default_factory=list)


def picture(dtype: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Return a natural-looking picture: scikit-image's astronaut tiled to the size, with a little noise."""
    from skimage import data

    tile = data.astronaut()
    height, width = shape[:2]
    repeat = (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1)
    floats = np.tile(tile, repeat)[:height, :width] / 255.0
    floats = np.clip(floats + np.random.default_rng(seed).normal(0, 0.02, floats.shape), 0, 1)
    if len(shape) == 2:
        floats = floats.mean(axis=2)
    if dtype == "float32":
        return floats.astype(np.float32)
    return np.rint(floats * np.iinfo(dtype).max).astype(dtype)


def measure(case: Case, seconds: float = 1.0, least: int = 3, reference: bool = True) -> Times:
    """Run everyone in turns until the budget of `seconds` for each is used, at least `least` times (once if slow).

    The reference is left out where `reference` is false.
    """
    image = picture(case.dtype, case.shape)
    times = Times()
    for who, call in (("ours", case.ours), ("opencv", case.opencv)):
        if call is not None:
            call(image)  # compilation, caches
            _repeat(getattr(times, who), call, image, seconds / 4, 1)
    if reference and case.reference is not None:
        _repeat(times.reference, case.reference, image, seconds, 1)
    for _ in range(3):
        for who, call in (("ours", case.ours), ("opencv", case.opencv)):
            if call is not None:
                _repeat(getattr(times, who), call, image, seconds / 4, least)
    return times


def _repeat(
    into: list[float], call: Callable[[np.ndarray], object], image: np.ndarray, seconds: float, least: int
) -> None:
    until = time.perf_counter() + seconds
    count = 0
    while count < least or time.perf_counter() < until:
        started = time.perf_counter()
        call(image)
        into.append(time.perf_counter() - started)
        count += 1
        if into[-1] > seconds:
            return


def middle(times: list[float]) -> float | None:
    """Return the median, or None without a time."""
    return statistics.median(times) if times else None


def geometric_mean(ratios: list[float]) -> float:
    """Return the geometric mean."""
    return math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))


def resident(field: str) -> int:
    """Return VmRSS or VmHWM (its highest value so far) of this process in bytes. Linux."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return 1024 * int(line.split()[1])
    raise LookupError(field)


def of_process(command: list[str], environment: dict[str, str], *, check: bool = True) -> tuple[float, float]:
    """Return the seconds of a command in a new process, and those of all its threads; with `check` it must succeed."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=check, env=environment, capture_output=True)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
