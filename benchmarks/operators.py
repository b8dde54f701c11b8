"""Every operator at 1080p RGB against OpenCV and SciPy / scikit-image, as rows of figures.

python benchmarks/operators.py [WORD ...]      prints the cases whose operator contains one of the words; writes nothing
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from harness import Case, geometric_mean, measure, middle

HERE = Path(__file__).parent

Row = dict[str, str | float | None]


def cases(words: list[str]) -> list[Case]:
    """Return the cases of all files in ``cases/``."""
    found = []
    for path in sorted((HERE / "cases").glob("*.py")):
        found += importlib.import_module(f"cases.{path.stem}").CASES
    return [case for case in found if not words or any(word in case.operator for word in words)]


def measured(case: Case, seconds: float, reference: bool) -> Row:
    """Return who takes how many milliseconds, and how many times as fast we are."""
    times = measure(case, seconds, reference=reference)
    ours = middle(times.ours) or 0.0
    row: Row = {"operator": case.operator, "case": case.note, "dtype": case.dtype, "ours ms": _shown(1e3 * ours)}
    for who, own in (("OpenCV", times.opencv), ("reference", times.reference)):
        theirs = middle(own)
        row[f"{who} ms"] = theirs and _shown(1e3 * theirs)
        row[f"times {who}"] = theirs and _shown(theirs / ours)
    return row | {"reference": case.reference_name if times.reference else None}


def _shown(value: float) -> float:
    return float(f"{value:.4g}")


def rows(words: list[str], seconds: float = 0.5, reference: bool = True) -> list[Row]:
    """Measure and print the cases one by one, and return their rows; those of OpenCV alone without `reference`."""
    found = []
    for case in cases(words):
        if not (reference or case.opencv):
            continue
        found.append(measured(case, seconds, reference))
        print(line(found[-1]), flush=True)
    return found


HEAD = """| operator | case | dtype | ours ms | OpenCV ms | reference ms | reference | × OpenCV | × reference |
|---|---|---|---|---|---|---|---|---|"""


def line(row: Row) -> str:
    """Return a row as one of a Markdown table."""
    columns = ("operator", "case", "dtype", "ours ms", "OpenCV ms", "reference ms", "reference")
    shown = ["" if row[name] is None else str(row[name]) for name in columns]
    ratios = [f"{row[name]:.2f}" if row[name] else "" for name in ("times OpenCV", "times reference")]
    return f"| `{shown[0]}` | {' | '.join(shown[1:] + ratios)} |"


def name(row: Row) -> str:
    """Return what a row is called in a sentence."""
    return f"`{row['operator']}` {row['case']} {row['dtype']}".replace("  ", " ")


def ratios(table: list[Row], who: str) -> dict[str, float]:
    """Return how many times as fast we are as `who` ("OpenCV" or "reference"), by case."""
    return {name(row): float(row[f"times {who}"]) for row in table if row[f"times {who}"]}


def summary(table: list[Row]) -> list[str]:
    """Return the geometric means and the worst cases as lines of a list."""
    lines = []
    for who, title in (("OpenCV", "OpenCV"), ("reference", "SciPy / scikit-image")):
        found = ratios(table, who)
        if not found:
            continue
        worst = ", ".join(f"{one} {found[one]:.2f} ×" for one in sorted(found, key=found.__getitem__)[:5])
        mean = geometric_mean(list(found.values()))
        lines.append(
            f"- Against {title}, {len(found)} cases: geometric mean **{mean:.2f} ×** its speed; worst: {worst}."
        )
    return lines


if __name__ == "__main__":
    print(HEAD)
    print("\n".join(["", *summary(rows(sys.argv[1:]))]))
