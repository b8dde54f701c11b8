"""A run that goes wrong returns to its last good weights by itself and says so, and can be stopped and resumed all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from diptych.core.errors import TrainingError
from diptych.networks import Mobile, PatchGAN
from diptych.training import CycleGANConfig, load_generator, train
from diptych.training.config import CycleGANWeights
from diptych.training.objectives.cyclegan import CycleGANObjective
from diptych.training.run.report import page_of
from diptych.training.run.rollback import drifted, turned
from diptych.training.validation.alarms import Alarm
from diptych.training.validation.metrics import HeldOutLoss
from diptych.training.validation.monitor import Monitor
from training_helpers import newest

SMALL = CycleGANConfig(
    forward=Mobile(width=4, depth=2, blocks=1),
    discriminator=PatchGAN(width=4, depth=1),
    steps=8,
    eval_every=2,
    batch=2,
    crop=24,
    workers=0,
    weights=CycleGANWeights(structure=0.25),
    precision="float32",
)


def poisoned(monkeypatch, *steps):
    """Make the losses of some steps no numbers; without steps, of all."""
    train_step = CycleGANObjective.train_step

    def step_of(self, batches, *, step):
        losses = train_step(self, batches, step=step)
        return losses | {"cycle": losses["cycle"] * float("nan")} if not steps or step in steps else losses

    monkeypatch.setattr(CycleGANObjective, "train_step", step_of)


def spoilt(monkeypatch, *steps):
    """Make the score of the validations at some steps that of a generator that has drifted."""
    evaluate = Monitor.evaluate

    def worse(self, step, *generators):
        found = evaluate(self, step, *generators)
        return replace(found, score=found.score / 2) if step in steps else found

    monkeypatch.setattr(Monitor, "evaluate", worse)


def rollbacks(run):
    return [entry for entry in run.entries() if entry["event"] == "rollback"]


def test_a_loss_that_is_no_number_takes_the_run_back(folders, tmp_path, monkeypatch):
    poisoned(monkeypatch, 4)
    run = train(SMALL, source=folders[0], target=folders[1], out=tmp_path / "run")
    (entry,) = rollbacks(run)
    assert entry["reason"] == "the loss cycle is no longer a number"
    assert (entry["step"], entry["to"]) == (5, 4)
    assert entry["turned"] == {"learning_rate": 1e-4, "discriminator_rate": 1e-4}
    assert run.entries()[-1]["event"] == "end"
    assert all(value.isfinite().all() for value in load_file(newest(run)).values())
    assert "back to step 4" in page_of(run)


def test_the_weights_are_those_of_the_checkpoint(folders, tmp_path, monkeypatch):
    constant = SMALL.updated({"lr_decay_fraction": 0.0})
    plain = train(constant.updated({"steps": 4}), source=folders[0], target=folders[1], out=tmp_path / "plain")
    spoilt(monkeypatch, 6)
    run = train(constant.updated({"steps": 6}), source=folders[0], target=folders[1], out=tmp_path / "run")
    ours, theirs = load_file(newest(run)), load_file(newest(plain))
    assert newest(plain).name == "step-000000004.safetensors"
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs if name.startswith("forward"))


def test_what_goes_wrong_all_the_time_is_given_up(folders, tmp_path, monkeypatch):
    poisoned(monkeypatch)
    config = SMALL.updated({"eval_every": 20, "steps": 20})
    with pytest.raises(TrainingError, match=r"step 9 the loss cycle is no longer a number; .* Lower learning_rate"):
        train(config, source=folders[0], target=folders[1], out=tmp_path / "run")
    assert load_generator(tmp_path / "run").provenance["step"] == 0


@pytest.mark.parametrize("moment", [3, 4, 7])
def test_going_on_after_a_drift_gives_the_same_bytes(folders, tmp_path, monkeypatch, moment):
    spoilt(monkeypatch, 4, 6)
    poisoned(monkeypatch, 6)
    options = {"source": folders[0], "target": folders[1]}
    whole = train(SMALL.updated({"keep_checkpoints": 1}), **options, out=tmp_path / "whole")
    assert [(one["step"], one["to"]) for one in rollbacks(whole)] == [(4, 2), (6, 4), (7, 6)]
    assert rollbacks(whole)[1]["turned"]["weights"] == {"structure": 2.0}
    assert "far below" in rollbacks(whole)[0]["reason"]

    def pull(entry):
        if entry["step"] == moment and entry["event"] in ("validation", "rollback", "progress"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(SMALL, **options, out=tmp_path / "cut", on_event=pull if moment != 3 else pressed(moment))
    run = train(SMALL, **options, out=tmp_path / "cut", resume=True)
    assert newest(run).read_bytes() == newest(whole).read_bytes()
    assert [(one["step"], one["to"]) for one in rollbacks(run)] == [(4, 2), (6, 4), (7, 6)]


def pressed(moment):
    """Press Ctrl-C before a step, so that a checkpoint between two validations is left."""
    import signal

    def watch(entry):
        if entry["event"] == "validation" and entry["step"] == moment - 1:
            signal.raise_signal(signal.SIGINT)

    return watch


def test_what_is_turned():
    assert turned(SMALL, astray=True) == {
        "learning_rate": 1e-4,
        "discriminator_rate": 1e-4,
        "weights": {"structure": 1.0},
    }
    assert turned(SMALL.updated({"weights": {"structure": 3.0}}), astray=True)["weights"] == {"structure": 6.0}


def test_when_a_run_goes_back():
    good, worse, bad = (HeldOutLoss(step, loss) for step, loss in ((1, -1.0), (2, -0.9), (3, -0.7)))
    assert not drifted(bad, None)
    assert not drifted(worse, good)
    assert drifted(bad, good) == "the score is 0.700, far below the 1.000 of step 1"
    fatal = HeldOutLoss(4, -1.0, alarms=(Alarm("collapse", "all alike"),))
    assert drifted(fatal, good) == "the outputs are of no use (collapse)"
