"""A batch that is killed at a random moment leaves whole files only, and a second run completes it."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys

import numpy as np
import pytest

import diptych as dp
from kill_helpers import kill_amid

# A handful of kills always; `make soak` sets twenty.
KILLS = int(os.environ.get("DIPTYCH_KILLS", "3"))
PICTURES = 15


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_kill_and_go_on(tmp_path, dark_picture):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for index in range(PICTURES):
        dp.write(folder / f"{index:02}.png", dark_picture(shape=(240, 320, 3), seed=index))
    command = [sys.executable, "-m", "diptych", "enhance", str(folder), "-o"]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    expected = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}

    def outputs() -> list[str]:
        return [path.name for path in out.glob("[!.]*.png")]  # a temporary file begins with a dot and is no output

    moments = random.Random(7)
    for kill in range(KILLS):
        shutil.rmtree(out, ignore_errors=True)
        wanted = 1 + kill * (PICTURES - 5) // KILLS
        kill_amid(
            [*command, str(out)],
            lambda wanted=wanted: len(outputs()) >= wanted,
            then=moments.uniform(0, 0.03),
            clear=out,
        )
        assert wanted <= len(outputs()) < PICTURES, "the kill came before or after the work"
        for name in outputs():
            assert (out / name).read_bytes() == expected[name]
    subprocess.run([*command, str(out), "--skip-existing"], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == expected
    assert all(np.all(dp.read(path).pixels >= 0) for path in out.iterdir())
