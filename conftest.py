"""Examples in docstrings know NumPy as np, and files with long tests run first, so that no processor idles at the end.

``DIPTYCH_WRITE_DURATIONS=1`` writes how long the longest test of each file takes to tests/durations.json.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent
FILE = ROOT / "tests" / "durations.json"
SHORT = 1.0  # seconds; the order of files whose tests are all shorter does not matter

_seconds: defaultdict[str, float] = defaultdict(float)

# A shell lets jobs in the background ignore Ctrl-C, and their children inherit it; tests of Ctrl-C need it.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _numpy_in_examples(doctest_namespace):
    doctest_namespace["np"] = np


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have the longest tests; within a file, and among short ones, the order stays."""
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    items.sort(key=lambda item: -known.get(item.path.relative_to(ROOT).as_posix(), 0.0))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up what a test took, with its fixtures."""
    _seconds[report.nodeid] += report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep what this process has measured: lines, where they are, and durations where they were asked for."""
    if hasattr(session.config, "workerinput"):
        _save_coverage()
    elif os.environ.get("DIPTYCH_WRITE_DURATIONS"):
        _write_durations()


def _save_coverage() -> None:
    # A worker that is slow to end is killed, and would take the lines of half of the suite with it.
    coverage = sys.modules.get("coverage")
    running = coverage.Coverage.current() if coverage else None
    if running:
        running.stop()
        running.save()


def _write_durations() -> None:
    longest: defaultdict[str, float] = defaultdict(float)
    for node, seconds in _seconds.items():
        file = node.split("::")[0]
        longest[file] = max(longest[file], seconds)
    rows = sorted((row for row in longest.items() if row[1] >= SHORT), key=lambda row: -row[1])
    FILE.write_text(json.dumps({file: round(seconds, 1) for file, seconds in rows}, indent=1) + "\n")
