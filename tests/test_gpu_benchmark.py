"""``make gpu`` at toy size on the CPU: all of its parts run and write their figures, whether or not there is a GPU."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from diptych.photo import write
from training_helpers import pairs, write_folders

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "benchmarks" / "gpu.py"
PARTS = ["loop", "networks", "accumulation", "planner", "runtime"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    source, target = write_folders(folder / "toy", count=4, side=24)
    (folder / "lol/train").mkdir(parents=True)
    source.rename(folder / "lol/train/low")
    target.rename(folder / "lol/train/normal")
    for index, pair in enumerate(pairs(2, side=24)):
        for name, image in zip(("low", "high"), pair, strict=True):
            path = folder / "lol/dev" / name / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, image)
    return folder


def run(*words, out):
    command = [sys.executable, str(SCRIPT), "--toy", "--device", "cpu", "--minutes", "0.2", "--out", str(out), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=500, check=False, env=dict(os.environ))


@pytest.fixture
def parts(monkeypatch):
    """Return the table of parts, to be run in this process, which has torch already, on one thread as in one of their own."""
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    for name in ("OMP_NUM_THREADS", "DIPTYCH_THREADS", "TORCHINDUCTOR_COMPILE_THREADS"):
        monkeypatch.setenv(name, "1")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield importlib.import_module("gpu").PARTS
    torch.set_num_threads(threads)


@pytest.mark.filterwarnings("ignore")  # of torch itself, where it compiles
def test_all_parts_at_toy_size(data, tmp_path, parts):
    wanted = PARTS if shutil.which("g++") else PARTS[1:]
    for name in wanted:
        module, function, _ = parts[name]
        part = importlib.import_module("gpu_part").Part(name, tmp_path / "out", "cpu", 3.0, data, toy=True)
        getattr(importlib.import_module(module), function)(part)
        part.write()
    pages = {name: json.loads((tmp_path / "out" / f"{name}.json").read_text()) for name in wanted}
    for name, page in pages.items():
        assert page["machine"]["torch"]
        assert page["rows"], name
        assert [note for note in page["notes"] if "failed" in note or "Error" in note] == [], name
        assert (tmp_path / "out" / f"{name}.md").read_text().startswith(f"# {name}\n")
    networks = [row["what"] for row in pages["networks"]["rows"]]
    assert networks == ["none", "auto", "mobile"]
    assert any(entry["event"] == "losses" for entry in pages["networks"]["photographs mobile"])
    assert any("TensorrtExecutionProvider" in note for note in pages["runtime"]["notes"])
    if "loop" in pages:
        assert any("compile" in row["loop"] for row in pages["loop"]["rows"])


def test_without_pictures_the_parts_that_train_are_left_out(tmp_path):
    done = run("--parts", "networks,runtime", out=tmp_path / "out")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "without --data there is no networks" in done.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["runtime.json", "runtime.md"]
