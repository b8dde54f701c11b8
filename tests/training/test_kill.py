"""A training that is killed at random moments and resumed ends with the bytes of one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from safetensors.torch import load_file

from training_helpers import write_folders

# A few kills always; `make soak` sets ten.
KILLS = int(os.environ.get("DIPTYCH_KILLS", "2"))

SETTINGS = [
    "steps=40",
    "eval_every=4",
    "batch=2",
    "crop=24",
    "pool=5",
    "workers=1",
    "forward.width=4",
    "discriminator.width=4",
]


def command(source, target, out, *more):
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    return [sys.executable, "-m", "diptych", "train", str(source), str(target), "-o", str(out), *settings, *more]


def run(arguments, log):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with open(log, "ab") as file:
        return subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=file)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_kill_and_resume(tmp_path):
    source, target = write_folders(tmp_path / "toy", count=8, side=32)
    began = time.monotonic()
    log = tmp_path / "errors.log"
    whole = run(command(source, target, tmp_path / "whole"), log)
    assert whole.wait() == 0, log.read_text()
    duration = time.monotonic() - began
    moments, out = random.Random(3), tmp_path / "cut"
    process = run(command(source, target, out), log)
    for _ in range(KILLS):
        time.sleep(moments.uniform(0.3, 0.95) * duration)
        process.send_signal(signal.SIGKILL)
        process.wait()
        again = ["--resume"] if (out / "run.json").exists() else []
        process = run(command(source, target, out, *again), log)
    assert process.wait() == 0, log.read_text()
    first, second = (
        (tmp_path / name / "checkpoints" / "step-000000040.safetensors").read_bytes() for name in ("whole", "cut")
    )
    assert first == second
    ours, theirs = (load_file(tmp_path / name / "best.safetensors") for name in ("cut", "whole"))
    assert all((ours[name] == theirs[name]).all() for name in theirs)
    assert (out / "report.html").exists()


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_interrupt_writes_a_checkpoint(tmp_path):
    source, target = write_folders(tmp_path / "toy", count=6, side=32)
    out, log = tmp_path / "run", tmp_path / "errors.log"
    process = run(command(source, target, out, "--set", "steps=100000", "--set", "eval_every=100000"), log)
    deadline = time.monotonic() + 60
    while not (out / "log.jsonl").exists() or '"step": 10' not in (out / "log.jsonl").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert "go on with --resume" in log.read_text()
    assert len(list((out / "checkpoints").iterdir())) == 1
