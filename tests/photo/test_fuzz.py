"""Mutated pictures are read or refused, in bounded time and memory. ``DIPTYCH_MUTANTS=10000`` tries more of them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is measured by /proc")
@pytest.mark.parametrize(("way", "setting"), [("plain", "DIPTYCH_MUTANTS"), ("structured", "DIPTYCH_STRUCTURED")])
def test_mutated_pictures_are_read_or_refused(tmp_path, way, setting):
    count = int(os.environ.get(setting, "250"))
    done = subprocess.run(
        [sys.executable, str(TESTS / "fuzz_pictures.py"), way, "0", str(count)],
        capture_output=True,
        text=True,
        timeout=120 + count,
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)]),
            "TMPDIR": str(tmp_path),
            "OMP_NUM_THREADS": "1",
        },
        check=False,
    )
    lines = done.stdout.split("\n")
    assert done.returncode == 0, f"{way}, seed {lines[-2] if len(lines) > 1 else '?'}: {done.stderr[-3000:]}"
    assert done.stderr == ""
    outcomes = ast.literal_eval(lines[-2])
    sys.stdout.write(f"{way}: {outcomes}\n")
    assert outcomes["read"] + outcomes["refused"] == count
    assert outcomes["read"] > count / 10, "the files are spoilt too much to say anything"
    assert outcomes["refused"] > count / 3
