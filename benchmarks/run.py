"""Run every benchmark and write RESULTS.md."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import operators

HERE = Path(__file__).parent


def main() -> None:
    threads = len(os.sched_getaffinity(0))
    text = f"""# Benchmarks

Written by `make bench`. Ratios of medians measured in turns in one run, {threads} threads for everyone, {platform.machine()}.
A ratio above 1 means Diptych is faster; losses stand beside wins.

## Operators, 1080p RGB

{operators.run([])}
"""
    (HERE / "RESULTS.md").write_text(text)


if __name__ == "__main__":
    main()
