"""Sections and rows of RESULTS.md out of the result files of single scripts; a file that is not there yet has none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"

Row = tuple[str, str, str]
"""Of the summary: what people feel, what was measured, compared with what."""


def kept(name: str) -> Any:
    """Return a result file, or None before it is there."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def summary_rows() -> list[Row]:
    """Return the rows of the summary that single scripts measure."""
    rows: list[Row] = []
    if found := kept("startup"):
        first, second, wrong = (found["commands"][name] for name in ("first picture", "second picture", "missing file"))
        rows.append(("the first `diptych enhance photo.jpg` after installing", _seconds(first), "0.24 megapixels"))
        rows.append(("the second, in a new process", _seconds(second), "the same"))
        rows.append(("a wrong call", _seconds(wrong), "a file that is not there"))
    if found := kept("batch"):
        fast = found["fast"]
        each = f"{1e3 * fast['seconds'] / found['pictures']:.0f} ms each, **{fast['times']:.2f} ×**"
        compared = f"Pillow's decoding and encoding alone, {found['threads']} threads"
        rows.append((f"{found['pictures']} JPEGs of 12 megapixels, `fast`, files to files", each, compared))
    if found := kept("memory"):
        told = found["summary"]
        peaks = f"**{told['median']:.1f} ×** in the median, {told['worst']:.1f} × at most"
        rows.append(("memory of a recipe, 24 megapixels", peaks, f"the picture; {told['recipes']} recipes, two depths"))
    if found := kept("growth"):
        slopes = [one for name in found["found"] if (one := _slope(found["found"][name])) is not None]
        largest = max(row["megapixels"] for own in found["found"].values() for row in own)
        spread = f"time grows with the power {min(slopes):.2f} to {max(slopes):.2f}"
        rows.append(("larger pictures", spread, f"1 is linear; 1 to {largest:g} megapixels, {len(slopes)} works"))
    if row := (kept("cluster") or {}).get("scaling best"):
        dask, alone = row["medians"]["dask"], row["medians"]["unrelated"]
        rows.append(("two Dask workers", f"**{dask:.2f} ×** one", f"two unrelated processes: {alone:.2f} ×"))
    return rows


def _seconds(taken: dict[str, float]) -> str:
    return f"**{taken['seconds']:.1f} s**, {taken['CPU']:.1f} s of CPU"


def _slope(rows: list[dict[str, float]]) -> float | None:
    from growth import slope

    return slope(rows, "seconds")


def startup() -> list[str]:
    """Return the section of the first second."""
    if not (found := kept("startup")):
        return []
    lines = [
        "\n## The first second\n",
        "| command, each in a new process | seconds | seconds of CPU |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {one['seconds']:.2f} | {one['CPU']:.2f} |" for name, one in found["commands"].items()]
    if calls := found.get("first call"):
        slow = sorted(
            ((one["CPU"], name, dtype) for name, row in calls.items() for dtype, one in row.items()), reverse=True
        )
        named = ", ".join(f"`{name}` {dtype} {cpu:.1f}" for cpu, name, dtype in slow[:6])
        count = sum(cpu <= 3 for cpu, _, _ in slow)
        lines.append(
            f"\nThe first call of an operator after installing, {len(slow)} operators and depths, seconds of CPU: "
            f"{count} take 3 or less; the slowest: {named}. `diptych doctor --compile` does them all at once."
        )
    return lines


def batch() -> list[str]:
    """Return the section of many pictures."""
    if not (found := kept("batch")):
        return []
    fast, loop = found["fast"], found["Pillow"]
    return [
        "\n## Many pictures\n",
        f"- {found['pictures']} JPEGs of 12 megapixels ({found['MB each']:g} MB each), `--profile fast`, {found['threads']} "
        f"threads, new processes: {fast['seconds']:.1f} s, **{fast['times']:.2f} ×** what Pillow takes to decode and encode "
        f"them ({loop['seconds']:.1f} s); {fast['CPU times']:.2f} × in seconds of CPU (`python benchmarks/batch.py`)",
    ]


def memory() -> list[str]:
    """Return the section of memory."""
    if not (found := kept("memory")):
        return []
    told = found["summary"]
    over = ", ".join(f"`{name}` {value:g}" for name, value in told["over 4"].items()) or "none"
    lines = [
        "\n## Memory of recipes\n",
        f"24 megapixels, from file to file, beyond libraries, in pictures (`python benchmarks/memory.py`): {told['recipes']} "
        f"recipes in two depths, median {told['median']:g}, worst {told['worst']:g}; over 4: {over}.\n",
        "| recipe | uint8 | uint16 |\n|---|---|---|",
    ]
    return lines + [f"| `{name}` | {row['uint8']} | {row['uint16']} |" for name, row in found["recipes"].items()]


def growth() -> list[str]:
    """Return the section of growth."""
    if not (found := kept("growth")):
        return []
    from growth import table

    return [
        "\n## Larger pictures\n",
        "Time, and memory in pictures (`python benchmarks/growth.py`):\n",
        table(found["found"]),
    ]
