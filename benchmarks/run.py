"""Run every benchmark and write RESULTS.md."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import operators
import recipes

HERE = Path(__file__).parent


def main() -> None:
    threads = len(os.sched_getaffinity(0))
    text = f"""# Benchmarks

Written by `make bench`. Ratios of medians measured in turns in one run, {threads} threads for everyone, {platform.machine()}.
A ratio above 1 means Diptych is faster; losses stand beside wins.

## Operators, 1080p RGB

{operators.run([])}
"""
    done = subprocess.run([sys.executable, str(HERE / "metrics.py")], capture_output=True, text=True, check=True)
    of_metrics = done.stdout
    text += f"""
## Recipes

{recipes.run()}

## Metrics

```
{of_metrics}```
"""
    (HERE / "RESULTS.md").write_text(text)


if __name__ == "__main__":
    main()
