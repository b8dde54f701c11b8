"""Every operator at 1080p RGB against OpenCV and SciPy / scikit-image; writes the table into RESULTS.md.

python benchmarks/operators.py [WORD ...]      only the cases whose operator contains one of the words; writes nothing
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from harness import Case, Times, geometric_mean, measure, middle

HERE = Path(__file__).parent


def cases(words: list[str]) -> list[Case]:
    """Return the cases of all files in ``cases/``."""
    found = []
    for path in sorted((HERE / "cases").glob("*.py")):
        found += importlib.import_module(f"cases.{path.stem}").CASES
    return [case for case in found if not words or any(word in case.operator for word in words)]


def row(case: Case, times: Times) -> str:
    """Return one line of the table."""
    ours, opencv, reference = middle(times.ours), middle(times.opencv), middle(times.reference)
    against_opencv = f"{opencv / ours:.2f}" if opencv else ""
    against_reference = f"{reference / ours:.1f}" if reference else ""
    milliseconds = [f"{1e3 * t:.2f}" if t else "" for t in (ours, opencv, reference)]
    who = case.reference_name if reference else ""
    return (
        f"| `{case.operator}` | {case.note} | {case.dtype} | {' | '.join(milliseconds)} | {who} "
        f"| {against_opencv} | {against_reference} |"
    )


HEAD = """| operator | case | dtype | ours ms | OpenCV ms | reference ms | reference | × OpenCV | × reference |
|---|---|---|---|---|---|---|---|---|"""


def run(words: list[str]) -> str:
    """Measure and return the section of the report."""
    lines, measured = [], []
    for case in cases(words):
        times = measure(case)
        measured.append((case, times))
        lines.append(row(case, times))
        print(lines[-1], flush=True)
    return "\n".join([*_summary(measured), "", HEAD, *lines])


def _summary(measured: list[tuple[Case, Times]]) -> list[str]:
    lines = []
    for who, title in (("opencv", "OpenCV"), ("reference", "SciPy / scikit-image")):
        ratios = {
            f"`{case.operator}` {case.note} {case.dtype}".replace("  ", " "): middle(getattr(times, who))
            / middle(times.ours)
            for case, times in measured
            if getattr(times, who)
        }
        if ratios:
            worst = sorted(ratios, key=ratios.__getitem__)[:5]
            lines.append(
                f"- Against {title}, {len(ratios)} cases: geometric mean **{geometric_mean(list(ratios.values())):.2f} ×** its "
                f"speed; worst: " + ", ".join(f"{name} {ratios[name]:.2f} ×" for name in worst) + "."
            )
    return lines


if __name__ == "__main__":
    print(run(sys.argv[1:]))
