"""A training that is killed at any moment and resumed ends with the bytes of one that was not."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest
from safetensors.torch import load_file

from diptych.networks import Mobile, PatchGAN
from diptych.training import CycleGANConfig, load_generator, train
from training_helpers import write_folders

# A few kills always; `make soak` sets ten.
KILLS = int(os.environ.get("DIPTYCH_KILLS", "2"))

CONFIG = CycleGANConfig(
    forward=Mobile(width=4),
    discriminator=PatchGAN(width=4),
    steps=40,
    eval_every=4,
    batch=2,
    crop=24,
    pool=5,
    workers=1,
)

# A run that kills itself some time after an entry of its log, wherever it is then; if it comes to its end first, it waits.
CHILD = """
import json, os, signal, sys, threading, time
from diptych.training import train
from diptych.training.config import from_toml

given = json.loads(sys.argv[1])
count = 0

def watch(entry):
    global count
    count += 1
    if count == given["kill_after"]:
        threading.Timer(given["delay"], os.kill, (os.getpid(), signal.SIGKILL)).start()
    if entry["event"] == "end":
        time.sleep(600)

train(from_toml(given["config"]), **given["options"], on_event=watch)
"""


def run_and_kill(options, log, *, kill_after, delay):
    """Train in a process of its own, which kills itself; return its exit status."""
    given = {"config": CONFIG.to_toml(), "options": options, "kill_after": kill_after, "delay": delay}
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with open(log, "ab") as file:
        arguments = [sys.executable, "-c", CHILD, json.dumps(given)]
        done = subprocess.run(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=file, check=False)
    return done.returncode


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_kill_and_resume(tmp_path):
    source, target = map(str, write_folders(tmp_path / "toy", count=8, side=32))
    log, moments = tmp_path / "errors.log", random.Random(3)
    options = {"source": source, "target": target}
    train(CONFIG, **options, out=tmp_path / "whole")
    out = tmp_path / "cut"
    for number in range(KILLS):
        resume = {**options, "out": str(out), "resume": number > 0}
        # Entries of a run are its beginning, then losses and a validation for every four steps.
        status = run_and_kill(resume, log, kill_after=moments.randint(1, 5), delay=moments.uniform(0, 0.2))
        assert status == -signal.SIGKILL, log.read_text()
        assert not (out / "report.html").exists()
    train(CONFIG, **options, out=out, resume=True)
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
    changes = {"steps": 100_000, "eval_every": 100_000, "batch": 2, "crop": 24, "workers": 1, "forward.width": 4}
    settings = [word for name, value in changes.items() for word in ("--set", f"{name}={value}")]
    arguments = [sys.executable, "-m", "diptych", "train", str(source), str(target), "-o", str(out), *settings]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with open(log, "ab") as file:
        process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=file)
    while not (out / "log.jsonl").exists() or '"step": 10' not in (out / "log.jsonl").read_text():
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    said = log.read_text()
    assert re.search(r"step 1 of 100000: [\d.e+]+ images/s, \d+ (h \d+ )?(min|s) left", said), said
    assert "best.safetensors is the classical first result, which no generator was better than: diptych export" in said
    assert re.search(r"interrupted; the checkpoint is of step \d+; go on with --resume", said)
    assert load_generator(out).provenance["step"] == 0  # no validation since that of the first result
    assert len(list((out / "checkpoints").iterdir())) == 2
