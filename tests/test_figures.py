"""Numbers in the pages that speak of what was measured have a result file behind them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    "README.md",
    "README.zh-CN.md",
    *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))),
]
NOT_MEASURED = {"3.11": "the oldest Python", "0.5": "a setting", "2.0": "the licence"}
RESULTS = ROOT / "benchmarks" / "results"


def prose(page: str) -> str:
    """Return a page without its code and without the targets of its links."""
    text = re.sub(r"^```.*?^```$", "", (ROOT / page).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"\]\([^)]*\)|`[^`]*`", "", text)


def values(data: Any) -> Iterator[float]:
    if isinstance(data, dict | list):
        for one in data.values() if isinstance(data, dict) else data:
            yield from values(one)
    elif isinstance(data, float | int):
        yield float(data)
    elif isinstance(data, str):
        yield from map(float, re.findall(r"-?\d+(?:\.\d+)?", data))


@pytest.fixture(scope="module")
def measured() -> set[float]:
    """Return all numbers of the result files that pages may quote, without signs."""
    words = [ROOT / "benchmarks" / "RESULTS.md", *RESULTS.rglob("*.md")]
    found = {float(one) for path in words for one in re.findall(r"\d+\.\d+", path.read_text("utf-8"))}
    for path in RESULTS.rglob("*.json"):
        found |= {abs(one) for one in values(json.loads(path.read_text("utf-8")))}
    return found


@pytest.mark.parametrize("page", PAGES)
def test_decimals_stand_in_a_result_file(page, measured):
    unknown = []
    for number in re.findall(r"\d+\.\d+", prose(page)):
        digits = len(number.partition(".")[2])
        if number not in NOT_MEASURED and not any(f"{one:.{digits}f}" == number for one in measured):
            unknown.append(number)
    assert unknown == []


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_speeds_are_those_of_the_benchmark(page):
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text("utf-8")
    for library in ("OpenCV", "SciPy / scikit-image"):
        cases, mean = re.search(rf"Against {library}, (\d+) cases: geometric mean \*\*([\d.]+) ×", results).groups()
        row = next(line for line in prose(page).splitlines() if line.startswith("| [") and library.split()[0] in line)
        assert {cases, mean} <= set(re.findall(r"[\d.]+", row))


def test_the_readme_is_one_screen():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 70


@pytest.mark.parametrize("page", ["docs/why.md", "docs/zh/why.md"])
def test_the_table_of_the_claim_is_that_of_its_file(page):
    result = json.loads((RESULTS / "hybrid.json").read_text("utf-8"))
    rows = [set(re.findall(r"\d+\.\d+", line)) for line in prose(page).splitlines() if line.startswith("| ")]
    for label, dev in result["dev"].items():
        figures = [*dev["psnr"], *result["eval15"][label]["psnr"]]
        assert any({f"{one:.2f}" for one in figures} <= row for row in rows), label
        if label != "SciPy alone":
            shares = [*dev["the same, %"], *result["eval15"][label]["the same, %"]]
            assert any({f"{abs(one):.1f}" for one in shares} <= row for row in rows), label
