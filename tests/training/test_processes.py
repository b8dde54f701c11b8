"""Two processes with half the batch each do what one does with the whole."""

from __future__ import annotations

import os
import subprocess
import sys

import torch
from safetensors.torch import load_file

from diptych.cli.train import read_changes
from diptych.training import choose_config, train
from training_helpers import write_folders

SETTINGS = [
    *(
        "steps=3",
        "eval_every=3",
        "crop=24",
        "pool=0",
        "workers=0",
        "precision=float32",
        "ema_decay=0.0",
        "device=cpu",
        "views=0.5",
    ),
    *("forward.width=4", "forward.depth=2", "discriminator.width=4", "discriminator.depth=1", "preprocess=none"),
    # Normalised discriminators keep the gradients well above rounding, which Adam would otherwise make large.
    *(
        "discriminator.normalisation=instance",
        "warm_up=0.0",
        "weights.cycle=5.0",
        "weights.identity=1.0",
        "weights.gradient_penalty=5.0",
    ),
]


def trained_here(folders, out, batch):
    config = choose_config(folders, values={"here": read_changes([*SETTINGS, f"batch={batch}"])})
    train(config, source=folders[0], target=folders[1], out=out)
    return load_file(out / "checkpoints" / "step-000000003.safetensors")


def trained_by_two(folders, out, batch):
    settings = [word for setting in [*SETTINGS, f"batch={batch}"] for word in ("--set", setting)]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*launcher, "-m", "diptych", "train", *map(str, folders), "-o", str(out), *settings]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return load_file(out / "checkpoints" / "step-000000003.safetensors")


def weights_of(tensors):
    """Return all weights of the four networks as one vector."""
    names = [name for name in tensors if name.startswith(("forward/", "backward/", "discriminator_"))]
    return torch.cat([tensors[name].flatten() for name in sorted(names) if tensors[name].is_floating_point()])


def test_two_processes_equal_one_with_twice_the_batch(tmp_path):
    folders = write_folders(tmp_path / "toy", count=8, side=32)
    one, two = trained_here(folders, tmp_path / "one", 4), trained_by_two(folders, tmp_path / "two", 2)
    assert set(one) == set(two)
    half = trained_here(folders, tmp_path / "half", 2)  # what the first process would learn if it were alone
    differences = (weights_of(one) - weights_of(two)).abs()
    without = (weights_of(one) - weights_of(half)).abs()
    # Adam divides by the gradient's size: where that is nothing but rounding, a weight may differ by a whole step.
    assert differences.median() < 0.01 * without.median()
    assert differences.mean() < 0.01 * without.mean()
