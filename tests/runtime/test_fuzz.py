"""Spoilt files run or are refused: no crash, no hang, no code run. ``DIPTYCH_FUZZ=1000`` tries more of them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def test_spoilt_bundles_do_no_harm(tmp_path):
    pytest.importorskip("resource", reason="the limit on memory that hostile files are tried under needs POSIX")
    count = int(os.environ.get("DIPTYCH_FUZZ", "150"))
    source = TESTS.parent / "src"
    done = subprocess.run(
        [sys.executable, str(TESTS / "fuzz_bundles.py"), "0", str(count)],
        capture_output=True,
        text=True,
        timeout=120 + 3 * count,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(source), str(TESTS)]), "TMPDIR": str(tmp_path)},
        check=False,
    )
    lines = done.stdout.split("\n")
    assert done.returncode == 0, f"seed {lines[-2] if len(lines) > 1 else '?'}: {done.stderr[-3000:]}"
    outcomes = ast.literal_eval(lines[-2])
    assert outcomes["ran"] + outcomes["refused"] == count
    assert outcomes["ran"] > 0, "the files are spoilt too much to say anything"
    assert outcomes["refused"] > count / 3
