"""Ctrl-C ends every command at once with exit code 130 and leaves nothing behind, also where a library loses the exception."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import diptych as dp
from diptych.runtime import default_model

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")

PRESS = """
import importlib, os, signal, sys
from diptych.__main__ import main

where, name, how = sys.argv[1:4]
del sys.argv[1:4]
module = importlib.import_module(where)
usual, pressed = getattr(module, name), []

def press(*values, **options):
    pressed.append(1)
    if len(pressed) > 1 and how != "thread":
        sys.stderr.write("it went on")
    if len(pressed) == 1:
        try:
            exec("os.kill(os.getpid(), signal.SIGINT)\\nfor _ in range(100): pass")
        except KeyboardInterrupt:
            if how == "lost":  # as the import of a compiled module does
                raise ImportError("numpy failed to import") from None
            raise
    return usual(*values, **options)

setattr(module, name, press)
main()
"""

LOADING = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "diptych.cli.arguments":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
from diptych.__main__ import main
main()
"""


@pytest.fixture
def folders(tmp_path):
    """Make two folders of small pictures, dark and bright."""
    rng = np.random.default_rng(0)
    for name, gain in (("A", 0.25), ("B", 1.0)):
        (tmp_path / name).mkdir()
        for number in range(4):
            grain = rng.integers(0, 256, (12, 12, 3), np.uint8).repeat(8, 0).repeat(8, 1)
            dp.write(tmp_path / name / f"{number}.png", (gain * grain).astype(np.uint8))
    return tmp_path


def run(code, folder, *arguments):
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("how", ["raised", "lost"])
@pytest.mark.parametrize(
    ("where", "command"),
    [
        ("diptych.evaluation.evaluator:read", "score A --reference A --html new.html"),
        ("diptych.evaluation.evaluator:read", "compare A --html new.html"),
        ("diptych.advice.advisor:check_image", "advise A B -o new.toml --json new.json"),
        ("diptych.export:check", f"export {default_model()} -o new.onnx"),
        ("diptych.photo:read", "show A/0.png --plan"),
    ],
    ids=lambda text: text.split()[0],
)
def test_it_ends_and_writes_nothing(folders, where, command, how):
    before = sorted(folders.rglob("*"))
    done = run(PRESS, folders, *where.split(":"), how, *command.split())
    assert done.returncode == 130, done.stderr
    assert "it went on" not in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert sorted(folders.rglob("*")) == before


def test_it_ends_what_works_on_threads(folders):
    before = sorted(folders.rglob("*"))
    done = run(
        PRESS, folders, "diptych.data.domain_check.survey", "read", "thread", "check", "A", "B", "--html", "new.html"
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert sorted(folders.rglob("*")) == before


def test_it_ends_the_start(folders):
    done = run(LOADING, folders, "score", "A")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
