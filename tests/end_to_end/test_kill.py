"""A batch that is killed at a random moment leaves whole files only, and a second run completes it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import diptych as dp

# A handful of kills always; `make soak` sets twenty.
KILLS = int(os.environ.get("DIPTYCH_KILLS", "3"))


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_kill_and_go_on(tmp_path, dark_picture):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for index in range(15):
        dp.write(folder / f"{index:02}.png", dark_picture(shape=(240, 320, 3), seed=index))
    command = [sys.executable, "-m", "diptych", "enhance", str(folder), "-o", str(out)]
    started = time.monotonic()
    subprocess.run([*command[:-2], "-o", str(tmp_path / "whole")], check=True, capture_output=True)
    duration = time.monotonic() - started
    expected = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}
    moments = random.Random(7)
    for _ in range(KILLS):
        process = subprocess.Popen([*command, "--overwrite"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.2, 1.0) * duration)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for path in out.iterdir() if out.exists() else ():
            if not path.name.startswith(".diptych-"):  # a temporary file is no output: the next run sweeps it away
                assert path.read_bytes() == expected[path.name]
    subprocess.run([*command, "--skip-existing"], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == expected
    assert all(np.all(dp.read(path).pixels >= 0) for path in out.iterdir())
