"""psnr + ssim + niqe of a 12-megapixel RGB image against scikit-image's structural_similarity alone, in one process.

    python benchmarks/metrics.py [WIDTH HEIGHT]

Prints the seconds of each, their ratio, and the most memory that our three take beyond what was there before them, as a
multiple of the image. Linux only, for the memory.
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from skimage import data
from skimage.metrics import structural_similarity

from diptych import metrics
from diptych.core.parallel import threads
from harness import resident


def measured(width: int = 4000, height: int = 3000) -> dict[str, float]:
    """Return the seconds of each, the ratio and the memory in images."""
    image, reference = picture(height, width, 1), picture(height, width, 2)
    ours: dict[str, Callable[[], float]] = {
        "psnr": lambda: metrics.psnr(image, reference),
        "ssim": lambda: metrics.ssim(image, reference),
        "niqe": lambda: metrics.niqe(image),
    }
    for name in ours:  # compilation, on a corner that leaves no memory behind to be used again
        corner = [image[:200, :200]] if name == "niqe" else [image[:200, :200], reference[:200, :200]]
        metrics.get(name)(*corner)
    more = memory_of(ours) / image.nbytes
    times: dict[str, list[float]] = {name: [] for name in (*ours, "structural_similarity")}
    for _ in range(3):
        for name, call in ours.items():
            times[name] += [seconds(call) for _ in range(3)]
        times["structural_similarity"].append(seconds(lambda: structural_similarity(image, reference, channel_axis=2)))
    middle = {name: statistics.median(values) for name, values in times.items()}
    total = sum(middle[name] for name in ours)
    return {**middle, "ratio": total / middle["structural_similarity"], "memory": more}


def main(width: int = 4000, height: int = 3000) -> None:
    """Print the figures."""
    print(f"{width} x {height} x 3 uint8, {threads()} threads, NumPy {np.__version__}, {platform.machine()}")
    print(json.dumps(measured(width, height), indent=1))


def picture(height: int, width: int, seed: int) -> np.ndarray:
    """Return scikit-image's astronaut tiled to the size, with noise, made without large arrays in between."""
    tile = data.astronaut()
    repeat = (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1)
    image = np.tile(tile, repeat)[:height, :width].copy()
    rng = np.random.default_rng(seed)
    for row in image:
        row[:] = np.clip(row + rng.normal(0, 5, row.shape), 0, 255).astype(np.uint8)
    return image


def memory_of(calls: dict[str, Callable[[], float]]) -> int:
    """Return by how many bytes the resident memory rises at most while the calls run."""
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    for call in calls.values():
        call()
    return resident("VmHWM") - before


def seconds(call: Callable[[], float]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:3]))
