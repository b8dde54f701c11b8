"""Recipes: what fusing saves, how much memory a recipe takes, and what the first call in a new process costs."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import diptych as dp
from harness import picture, resident

FUSED = dp.Recipe(dp.step("stretch"), dp.step("gamma", gamma=0.8), dp.step("specify_histogram"))
ALONE = dp.Recipe(dp.step("stretch"))

MEMORY = {
    "stretch > gamma > specify_histogram": FUSED,
    "levels > median > unsharp_mask": dp.Recipe(
        dp.step("levels", black=0.05), dp.step("median", size=3), dp.step("unsharp_mask")
    ),
    "stretch > gaussian > equalize > sigmoid": dp.Recipe(
        dp.step("stretch"), dp.step("gaussian", sigma=2.0), dp.step("equalize"), dp.step("sigmoid")
    ),
    "denoise_photo > develop > white_balance": dp.Recipe(
        dp.step("denoise_photo"), dp.step("develop", exposure=2.2, shadows=2.0), dp.step("white_balance", amount=0.5)
    ),
    "denoise_photo > develop, local": dp.Recipe(
        dp.step("denoise_photo"), dp.step("develop", exposure=2.2, shadows=2.0, local=0.6)
    ),
}

FIRST_CALL = """
import time, numpy as np, diptych as dp
image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
f = dp.operators.get({name!r})
started = time.perf_counter(); f(image); first = time.perf_counter() - started
started = time.perf_counter(); f(image); print(first - (time.perf_counter() - started))
"""


def seconds(call, image, times=7):
    call(image)
    found = []
    for _ in range(times):
        started = time.perf_counter()
        call(image)
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def fusing() -> dict[str, float]:
    """Return the milliseconds of a step alone and of three that are fused into one table, on 12 megapixels."""
    image = picture("uint8", (3000, 4000, 3))
    alone, fused = seconds(ALONE, image), seconds(FUSED, image)
    return {"stretch ms": 1e3 * alone, "fused ms": 1e3 * fused, "times": fused / alone}


def peak(name: str) -> float:
    """Return the peak memory of one recipe on 24 megapixels beyond the image itself, in images."""
    small = picture("uint8", (256, 256, 3))
    MEMORY[name](small)  # libraries, compiled kernels
    image = np.random.default_rng(0).integers(0, 256, (4000, 6000, 3), np.uint8)
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest value so far
    MEMORY[name](image)
    return (resident("VmHWM") - before) / image.nbytes


def peaks() -> dict[str, float]:
    """Return the peak memory of each recipe, in images of 24 megapixels."""
    found = {}
    for name in MEMORY:
        done = subprocess.run([sys.executable, __file__, "--peak", name], capture_output=True, text=True, check=True)
        found[name] = float(done.stdout)
    return found


def first_calls(times: int = 5) -> dict[str, float]:
    """Return what the first call in a new process costs beyond the second, in seconds, the caches of kernels being there."""
    found = {}
    for name in ("median", "stretch", "gaussian", "denoise_nlm", "clahe", "rotate"):
        command = [sys.executable, "-c", FIRST_CALL.format(name=name)]
        outputs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(times)]
        found[name] = statistics.median(map(float, outputs))
    return found


def measured() -> dict[str, object]:
    """Return all of it."""
    return {"fusing": fusing(), "peak memory, images": peaks(), "first call, seconds": first_calls()}


if __name__ == "__main__":
    print(peak(sys.argv[2]) if sys.argv[1:2] == ["--peak"] else json.dumps(measured(), indent=1))
