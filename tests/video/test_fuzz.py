"""Mutated videos are enhanced or refused, in bounded time and memory. ``DIPTYCH_VIDEO_MUTANTS=500`` tries more of them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("av")
TESTS = Path(__file__).parents[1]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is measured by the system")
def test_mutated_videos_are_enhanced_or_refused(tmp_path):
    count = int(os.environ.get("DIPTYCH_VIDEO_MUTANTS", "48"))
    done = subprocess.run(
        [sys.executable, str(TESTS / "fuzz_videos.py"), "0", str(count)],
        capture_output=True,
        text=True,
        timeout=120 + 10 * count,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)]), "TMPDIR": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr == ""
    found = ast.literal_eval(done.stdout.strip().split("\n")[-1])
    sys.stdout.write(f"{found}\n")
    assert found["enhanced"] + found["refused"] == count
    assert found["enhanced"] > count / 10, "the files are spoilt too much to say anything"
    assert found["MiB"] <= 400
    assert found["leftovers"] == 0
