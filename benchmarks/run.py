"""Measure, point out what has changed, and write results/bench.json and RESULTS.md.

    python benchmarks/run.py            everything that a quiet machine measures in fifteen minutes
    python benchmarks/run.py --quick    a part of it in three, against the committed figures; writes nothing
    python benchmarks/run.py --report   RESULTS.md anew from the result files; measures nothing

What else stands in RESULTS.md has scripts of its own, which write their files in results/: startup.py, batch.py, memory.py,
growth.py, cluster.py, and those of results/by_hand/.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import machine
import report

HERE = Path(__file__).parent
CHANGE = 0.2  # ratios of single cases differ by less than this from run to run on a quiet machine


def measure(quick: bool) -> dict[str, Any]:
    """Return the figures of all parts, each in a process of its own, so that none warms the caches of the next."""
    found: dict[str, Any] = {"machine": machine.describe()}
    for part in ("operators", "photo") if quick else ("operators", "recipes", "metrics", "photo"):
        started = time.perf_counter()
        command = [sys.executable, __file__, "--part", part, *(["--quick"] if quick else [])]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found[part] = json.loads(done.stdout)
        print(f"{part}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return found


def part_of(name: str, quick: bool) -> Any:
    """Return the figures of one part."""
    if name == "operators":
        import operators

        return operators.rows([], seconds=0.08 if quick else 0.5, reference=not quick)
    if name == "photo":
        import photo_speed
        from picture_sets import Entry

        return photo_speed.speeds([Entry(text, Path()) for text in ("auto", "default")], rounds=3 if quick else 7)
    module = __import__(name)
    return module.measured()


def ratios(figures: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield what can be compared between machines: our times as multiples of what somebody else takes."""
    for row in figures.get("operators", []):
        for who in ("OpenCV", "reference"):
            if row[f"times {who}"]:
                yield f"{row['operator']} {row['case']} {row['dtype']}, × {who}", row[f"times {who}"]
    for name, row in figures.get("photo", {}).items():
        yield f"12 megapixels, {name}, × decoding", row["times"]
    if "metrics" in figures:
        yield "metrics, × structural_similarity", figures["metrics"]["ratio"]


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return a line for each ratio that has changed by more than a fifth."""
    old = dict(ratios(before))
    return [
        f"{name}: {old[name]:.2f} -> {value:.2f}"
        for name, value in ratios(after)
        if name in old and not 1 - CHANGE <= value / old[name] <= 1 / (1 - CHANGE)
    ]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--part")
    given = parser.parse_args()
    if given.part:
        report_to, sys.stdout = sys.stdout, sys.stderr  # what a part prints of its progress is not its figures
        figures = part_of(given.part, given.quick)
        json.dump(figures, report_to)
        return
    if not given.report:
        before = json.loads(report.BENCH.read_text()) if report.BENCH.exists() else {}
        after = measure(given.quick)
        changed = changes(before, after)
        print(machine.in_words(after["machine"]))
        print(
            "\n".join(
                ["changed by more than a fifth:", *changed] if changed else ["nothing has changed by more than a fifth"]
            )
        )
        if given.quick:
            return
        report.BENCH.write_text(json.dumps(after, indent=1, ensure_ascii=False) + "\n")
    report.write()


if __name__ == "__main__":
    main()
