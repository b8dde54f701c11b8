"""What enhancing costs: 12 megapixels in memory, as multiples of Pillow's time to decode the same photo from a JPEG.

    python benchmarks/photo_speed.py [ENHANCER ...] [--rounds 5]

Enhancers are named as for ``low_light.py``; the default is ``auto default``. A model is measured with both profiles. All take
turns in one run, and the quickest of each counts. The seconds of all threads are printed beside the time, as other work on the
machine lengthens the one and not the other.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from diptych.core.parallel import threads
from picture_sets import PROFILES, Entry

WIDTH, HEIGHT, QUALITY = 4000, 3000, 90
DECODING = "Pillow decodes"


def photo() -> np.ndarray:
    """Return a dark picture with noise: pictures of scikit-image side by side, twice as large, as a camera's are soft."""
    ones = [
        np.asarray(Image.fromarray(one).resize((1024, 1024)))
        for one in (data.astronaut(), data.coffee(), data.chelsea())
    ]
    tiled = np.concatenate([np.concatenate([ones[(row + column) % 3] for column in range(4)], 1) for row in range(3)])
    noise = np.random.default_rng(0).normal(0, 3, (HEIGHT, WIDTH, 3))
    return np.clip(tiled[:HEIGHT, :WIDTH] * 0.3 + noise, 0, 255).astype(np.uint8)


def measure(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """Return the least seconds and the least seconds of all threads of each, the first round not counted."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, work in works.items():
            busy, started = time.process_time(), time.perf_counter()
            work()
            found[name].append((time.perf_counter() - started, time.process_time() - busy))
    return {name: tuple(min(column) for column in zip(*pairs[1:], strict=True)) for name, pairs in found.items()}


def speeds(entries: list[Entry], rounds: int) -> dict[str, dict[str, float]]:
    """Return milliseconds and multiples of the decoding of each entry, a model at both profiles."""
    pixels, file = photo(), io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY)
    encoded = file.getvalue()
    works: dict[str, Callable[[], object]] = {DECODING: lambda: np.asarray(Image.open(io.BytesIO(encoded)))}
    for entry in entries:
        for name, enhance in variants(entry).items():
            works[name] = lambda enhance=enhance: enhance(pixels)
    found = measure(works, rounds)
    seconds, busy = found[DECODING]
    return {
        name: {"ms": 1e3 * own, "times": own / seconds, "CPU ms": 1e3 * all_threads, "CPU times": all_threads / busy}
        for name, (own, all_threads) in found.items()
    }


def variants(entry: Entry) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    if not entry.is_model:
        return {entry.label: entry.enhance}
    plain = entry.label.removesuffix(f":{entry.profile}")
    return {f"{plain}:{profile}": entry.at_profile(profile) for profile in PROFILES}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("enhancers", nargs="*", default=["auto", "default"])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print(f"{WIDTH} x {HEIGHT}, JPEG of quality {QUALITY}, {threads()} threads, {given.rounds} rounds\n")
    print("| | ms | times the decoding | CPU ms of all threads | times the decoding |\n|---|---|---|---|---|")
    for name, row in speeds([Entry(text, Path()) for text in given.enhancers], given.rounds).items():
        print(f"| {name} | {row['ms']:.0f} | {row['times']:.2f} | {row['CPU ms']:.0f} | {row['CPU times']:.2f} |")


if __name__ == "__main__":
    main()
