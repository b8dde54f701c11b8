"""Workers and clients are killed: each output is there exactly once, with the bytes of a run alone, and nothing is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import diptych as dp
from cluster_helpers import job_of
from diptych.cluster import Run, enhance_folder
from diptych.cluster.connection import connected
from diptych.recipes import Recipe, step
from kill_helpers import kill_amid, wait_for

pytest.importorskip("distributed")
psutil = pytest.importorskip("psutil")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")

# A few always; `make soak` sets five kills during 500 pictures.
KILLS = int(os.environ.get("DIPTYCH_KILLS", "1"))
PICTURES = int(os.environ.get("DIPTYCH_PICTURES", "24"))
RECIPE = ["--op", "median", "size=5", "--op", "gamma", "gamma=0.5"]
JOB = job_of(Recipe(step("median", size=5), step("gamma", gamma=0.5), name="steps"))


@pytest.fixture
def folder(tmp_path):
    """Return a folder of pictures."""
    made = tmp_path / "in"
    made.mkdir()
    rng = np.random.default_rng(9)
    for index in range(PICTURES):
        dp.write(made / f"{index:04}.png", rng.integers(0, 90, (120, 160, 3)).astype(np.uint8))
    return made


def expected(folder: Path) -> dict[str, bytes]:
    """Return what one process makes of the folder."""
    from diptych.photo import find_photos
    from diptych.runtime.batch import Batch
    from diptych.runtime.outputs import Naming, plan_jobs

    alone = folder.parent / "alone"
    for result in Batch(JOB.enhancer()).run(plan_jobs(find_photos([folder]), Naming(str(alone)))):
        assert result.status == "done"
    return {path.name: path.read_bytes() for path in alone.iterdir()}


def outputs(folder: Path) -> dict[str, bytes]:
    """Return the pictures in a folder; names of temporary files begin with a dot."""
    return {path.name: path.read_bytes() for path in folder.glob("[!.]*.png")} if folder.is_dir() else {}


def count_lines(manifest: Path, status: str) -> Counter[str]:
    """Return how many lines of a status each input has."""
    lines = [json.loads(line) for line in manifest.read_text().splitlines() if line.endswith("}")]
    return Counter(line["input"] for line in lines if line["status"] == status)


def test_workers_are_killed(folder):
    out, manifest = folder.parent / "out", folder.parent / "m.jsonl"
    moments = {PICTURES * (kill + 1) // (KILLS + 1) for kill in range(KILLS)}
    rng, killed, outcomes = random.Random(1), [], []
    with connected("local:2") as client:
        for outcome in enhance_folder(Run(source=str(folder), target=str(out), job=JOB, manifest=manifest), client):
            outcomes.append(outcome)
            if len(outcomes) in moments:
                running = client.run(os.getpid)
                killed.append(running[rng.choice(sorted(running))])
                os.kill(killed[-1], signal.SIGKILL)
                wait_for(lambda: not psutil.pid_exists(killed[-1]))
    assert len(killed) == KILLS
    assert Counter(outcome.status for outcome in outcomes) == {"done": PICTURES}
    assert len({outcome.input for outcome in outcomes}) == PICTURES
    assert outputs(out) == expected(folder)
    assert count_lines(manifest, "done") == dict.fromkeys(outputs(out), 1)


def test_the_client_is_killed(folder):
    out = folder.parent / "out"
    command = [sys.executable, "-m", "diptych", "enhance", str(folder), "-o", str(out), "--cluster", "local:2", *RECIPE]
    whole = expected(folder)
    for kill in range(KILLS):
        wanted = PICTURES * (kill + 1) // (KILLS + 2)
        kill_amid(command, lambda wanted=wanted: len(outputs(out)) >= wanted, clear=out)
        assert len(outputs(out)) >= wanted
        assert all(whole[name] == content for name, content in outputs(out).items())
    last = subprocess.run([*command, "--json"], check=True, capture_output=True, text=True, timeout=240)
    outcomes = Counter(outcome["status"] for outcome in json.loads(last.stdout))
    assert outcomes["done"] + outcomes["skipped"] == PICTURES
    assert outcomes["skipped"] > 0
    assert outputs(out) == whole
    assert set(count_lines(out / "manifest.jsonl", "done").values()) == {1}
    assert set(count_lines(out / "manifest.jsonl", "done")) == set(whole)


def test_the_commands_of_the_compose_file(folder):
    """A scheduler and a worker as `compose.yaml` starts them, and a client that uses them."""
    out, file = folder.parent / "out", folder.parent / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder.parent}
    where = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file)]
    started = [subprocess.Popen([*dask, "scheduler", *where, "--no-dashboard", "--no-show"], **options)]
    try:
        wait_for(lambda: file.exists() and file.read_text().endswith("}"))
        address = json.loads(file.read_text())["address"]
        started.append(subprocess.Popen([*dask, "worker", address, "--nthreads", "1", "--no-dashboard"], **options))
        command = [sys.executable, "-m", "diptych", "enhance", folder.name, "-o", "out", "--cluster", address, *RECIPE]
        subprocess.run(command, check=True, capture_output=True, timeout=240, cwd=folder.parent)
        assert outputs(out) == expected(folder)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(240)
