"""What rendering costs: 12 megapixels in memory, as multiples of Pillow's time to decode the same photo from a JPEG.

    python benchmarks/render_speed.py [--model FILE.onnx] [--rounds 5]

Without a model, that of the package. ``model`` is the model alone, ``fast`` and ``best`` are those of `DefaultEnhancer`.
The rounds take turns, and the quickest of each counts. The seconds of all threads are printed beside the time, as other work on
the machine lengthens the one and not the other.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable

import numpy as np
from PIL import Image
from skimage import data

from diptych.core.parallel import threads
from diptych.runtime import DefaultEnhancer, default_model, open_enhancer

WIDTH, HEIGHT, QUALITY = 4000, 3000, 90


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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=default_model(), help="a bundle of a render")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    pixels, file = photo(), io.BytesIO()
    wide = pixels.astype(np.uint16) * np.uint16(257)
    Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY)
    encoded = file.getvalue()
    model = open_enhancer(arguments.model, profile="fast")
    fast, best = (DefaultEnhancer(source=arguments.model, profile=profile) for profile in ("fast", "best"))
    works: dict[str, Callable[[], object]] = {
        "decode": lambda: np.asarray(Image.open(io.BytesIO(encoded))),
        "network": lambda: model.predict(pixels),
        "model": lambda: model(pixels),
        "model, 16 bits": lambda: model(wide),
        "fast": lambda: fast(pixels),
        "best": lambda: best(pixels),
    }
    found = measure(works, arguments.rounds)
    print(
        f"{WIDTH} x {HEIGHT}, JPEG of {len(encoded) / 2**20:.1f} MiB, {threads()} threads, {arguments.rounds} rounds\n"
    )
    print("| | ms | times the decoding | CPU ms of all threads | times the decoding |\n|---|---|---|---|---|")
    for name, (seconds, busy) in found.items():
        ratios = [value / base for value, base in zip((seconds, busy), found["decode"], strict=True)]
        print(f"| {name} | {1e3 * seconds:.0f} | {ratios[0]:.2f} | {1e3 * busy:.0f} | {ratios[1]:.2f} |")


if __name__ == "__main__":
    main()
