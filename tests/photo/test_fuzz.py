"""Mutated pictures are read or refused, in bounded time and memory. ``DIPTYCH_MUTANTS=10000`` tries more of them,
``DIPTYCH_FORMAT_MUTANTS=500`` more of each of the newer formats."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is measured by /proc")
EXTRAS = {"heic": "pillow_heif", "dicom": "pydicom", "raw": "rawpy"}
SHARE = {"raw": 10}
"""Of the files of a format, one in so many: each is developed in a process of its own."""


@LINUX
@pytest.mark.parametrize(("way", "setting"), [("plain", "DIPTYCH_MUTANTS"), ("structured", "DIPTYCH_STRUCTURED")])
def test_mutated_pictures_are_read_or_refused(tmp_path, way, setting):
    count = int(os.environ.get(setting, "250"))
    outcomes = spoilt(tmp_path, way, count)
    assert outcomes["read"] > count / 10, "the files are spoilt too much to say anything"
    assert outcomes["refused"] > count / 3


@LINUX
@pytest.mark.parametrize("way", ["plain", "structured"])
@pytest.mark.parametrize("name", ["avif", "jxl", "gif", "png", "webp", "heic", "dicom", "raw"])
def test_mutated_pictures_of_one_format_and_their_frames(tmp_path, name, way):
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name], reason=f"needs the extra {name}")
    outcomes = spoilt(
        tmp_path, way, max(int(os.environ.get("DIPTYCH_FORMAT_MUTANTS", "50")) // SHARE.get(name, 1), 5), name
    )
    assert outcomes["refused"] > 0


def spoilt(folder, way, count, *name):
    """Return what became of so many spoilt files."""
    done = subprocess.run(
        [sys.executable, str(TESTS / "fuzz_pictures.py"), way, "0", str(count), *name],
        capture_output=True,
        text=True,
        timeout=120 + count,
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)]),
            "TMPDIR": str(folder),
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
    return outcomes
