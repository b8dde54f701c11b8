"""How cost grows: time and memory against megapixels, for the default enhancer, `auto` and five operators.

    python benchmarks/growth.py [--sizes 0.1 0.3 1 3 12 24 100] [--limit 20] [--quick] [--plot]

Each runs in a process of its own, on the picture of ``photo_speed.py`` in RGB of uint8, the smallest size first. The least of
three calls counts, of one where a call takes seconds; memory is the peak beyond what the process had, the picture not counted
and the result counted. A size that would take more than ``--limit`` seconds, by the one before, or more memory than there is,
is left out and said so. The slope is that of the logarithms from one megapixel on: 1 is linear.

``--plot`` draws the kept figures again and measures nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import diptych as dp
import machine
from diptych.recipes import auto
from diptych.runtime import DefaultEnhancer
from diptych.runtime.memory import available_memory, release_memory
from harness import resident
from photo_speed import photo

SIZES = 0.1, 0.3, 1, 3, 12, 24, 100
WORKS: dict[str, Callable[[], Callable[[np.ndarray], np.ndarray]]] = {
    "fast": lambda: DefaultEnhancer(profile="fast"),
    "best": DefaultEnhancer,
    "auto": lambda: auto,
    "gaussian": lambda: dp.step("gaussian", sigma=1.5),
    "median": lambda: dp.step("median", size=5),
    "clahe": lambda: dp.step("clahe"),
    "dehaze": lambda: dp.step("dehaze"),
    "denoise_nlm": lambda: dp.step("denoise_nlm"),
}
COLOURS = "#1d4ed8", "#b45309", "#047857", "#7c3aed", "#be123c", "#0e7490", "#65a30d", "#475569"
RESULT = Path(__file__).parent / "results" / "growth.json"
PLOT = Path(__file__).parents[1] / "docs" / "images" / "growth.svg"

Row = dict[str, float]


def picture(megapixels: float) -> np.ndarray:
    """Return the picture of a size, 4:3, repeated where it is larger than the original."""
    whole = photo()
    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    height = round(0.75 * width)
    down, across = (-(-side // own) for side, own in zip((height, width), whole.shape, strict=False))
    return np.ascontiguousarray(np.tile(whole, (down, across, 1))[:height, :width])


def measure(name: str, sizes: list[float], limit: float) -> list[Row]:
    """Return seconds and bytes of each size that could be done. Called in a process of its own."""
    work, rows = WORKS[name](), []
    work(picture(0.1))
    for size in sizes:
        last = rows[-1] if rows else {"megapixels": size, "seconds": 0.0, "bytes": 0.0}
        growth = size / last["megapixels"]
        if last["seconds"] * growth > limit or (last["bytes"] + 3e6 * size) * growth > 0.7 * available_memory():
            break
        rows.append({"megapixels": size, **one(work, picture(size))})
    return rows


def one(work: Callable[[np.ndarray], np.ndarray], pixels: np.ndarray) -> Row:
    release_memory()
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak begins anew
    wall, busy = [], []
    while len(wall) < (3 if sum(wall) < 2 else 1):
        started, used = time.perf_counter(), time.process_time()
        work(pixels)
        wall.append(time.perf_counter() - started)
        busy.append(time.process_time() - used)
    return {
        "seconds": round(min(wall), 4),
        "CPU seconds": round(min(busy), 4),
        "bytes": resident("VmHWM") - before,
        "times the picture": round((resident("VmHWM") - before) / pixels.nbytes, 2),
    }


def slope(rows: list[Row], what: str) -> float | None:
    """Return the exponent of the growth with the megapixels, from one megapixel on."""
    pairs = [(row["megapixels"], row[what]) for row in rows if row["megapixels"] >= 1 and row[what] > 0]
    if len(pairs) < 2:
        return None
    x, y = np.log(np.array(pairs)).T
    return round(float(np.polyfit(x, y, 1)[0]), 3)


def table(found: dict[str, list[Row]]) -> str:
    """Return the figures as Markdown: milliseconds and bytes for each pixel would be constant in a column of slope 1."""
    sizes = sorted({row["megapixels"] for rows in found.values() for row in rows})
    lines = [f"| | {' | '.join(f'{size:g} MP' for size in sizes)} | slope of time | of memory |"]
    lines.append("|---" * (len(sizes) + 3) + "|")
    for name, rows in found.items():
        cells = {row["megapixels"]: f"{1e3 * row['seconds']:.0f} ms, {row['times the picture']:.1f} ×" for row in rows}
        told = [cells.get(size, "") for size in sizes] + [str(slope(rows, what)) for what in ("seconds", "bytes")]
        lines.append(f"| `{name}` | {' | '.join(told)} |")
    return "\n".join(lines)


def plot(found: dict[str, list[Row]]) -> str:
    """Return an SVG of two panels with logarithmic axes: seconds and MB against megapixels."""
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 340" font-family="sans-serif" font-size="12">']
    parts.append('<rect width="860" height="340" fill="#fff"/>')
    for left, what, unit, scale in ((50, "seconds", "seconds", 1.0), (410, "bytes", "MB of memory", 1e-6)):
        values = [scale * max(row[what], 1e-4) for rows in found.values() for row in rows if row["megapixels"] >= 0.1]
        parts += panel(left, found, lambda row, what=what, scale=scale: scale * row[what], (min(values), max(values)))
        parts.append(f'<text x="{left}" y="16">{unit}, against megapixels</text>')
    for place, (name, colour) in enumerate(zip(found, COLOURS, strict=False)):
        y = 40 + 20 * place
        parts.append(f'<line x1="745" y1="{y}" x2="765" y2="{y}" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="771" y="{y + 4}">{name}</text>')
    return "".join(parts) + "</svg>\n"


def panel(
    left: int, found: dict[str, list[Row]], value: Callable[[Row], float], ends: tuple[float, float]
) -> list[str]:
    """Return one panel, 300 by 280 px."""
    sizes = [row["megapixels"] for rows in found.values() for row in rows]
    across, down = (np.floor(np.log10(min(sizes))), np.ceil(np.log10(max(sizes)))), np.log10(ends)
    low, high = float(np.floor(down[0])), float(np.ceil(down[1]))

    def at(size: float, own: float) -> tuple[float, float]:
        x = (np.log10(size) - across[0]) / (across[1] - across[0])
        y = (np.log10(max(own, 10**low)) - low) / (high - low)
        return left + 300 * float(x), 306 - 280 * float(y)

    parts = []
    for power in range(int(across[0]), int(across[1]) + 1):
        x, _ = at(10.0**power, 10**low)
        parts.append(f'<line x1="{x:.1f}" y1="26" x2="{x:.1f}" y2="306" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="322" text-anchor="middle">{10.0**power:g}</text>')
    for power in range(int(low), int(high) + 1):
        _, y = at(1, 10.0**power)
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + 300}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 5}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for rows, colour in zip(found.values(), COLOURS, strict=False):
        points = " ".join("{:.1f},{:.1f}".format(*at(row["megapixels"], value(row))) for row in rows)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
    return parts


def main() -> None:
    """Measure, print, keep and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=float, nargs="+", default=list(SIZES))
    parser.add_argument("--limit", type=float, default=20, help="seconds of one call")
    parser.add_argument("--quick", action="store_true", help="up to 12 megapixels; nothing is kept")
    parser.add_argument("--plot", action="store_true")
    parser.add_argument("--of", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.of:
        print(json.dumps(measure(given.of, given.sizes, given.limit)))
        return
    kept: dict[str, Any] = json.loads(RESULT.read_text()) if given.plot else {"machine": machine.describe()}
    if not given.plot:
        sizes = [size for size in given.sizes if size <= 12] if given.quick else given.sizes
        command = [sys.executable, __file__, "--limit", f"{given.limit}", "--sizes", *map(str, sizes), "--of"]
        kept["found"] = {
            name: json.loads(subprocess.run([*command, name], stdout=subprocess.PIPE, check=True).stdout)
            for name in WORKS
        }
    print(table(kept["found"]))
    if given.quick:
        return
    RESULT.write_text(json.dumps(kept, indent=1) + "\n")
    PLOT.write_text(plot(kept["found"]))


if __name__ == "__main__":
    main()
