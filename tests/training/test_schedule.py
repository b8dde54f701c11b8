"""A training that is given minutes sets its steps by its speed, and a run that is resumed keeps to them."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from diptych.cli.training_lines import lines_of
from diptych.core.errors import ParameterError
from diptych.networks import Mobile, PatchGAN
from diptych.training import CycleGANConfig, train
from diptych.training.schedule import Schedule
from training_helpers import write_folders

TOY = CycleGANConfig(
    forward=Mobile(width=4, depth=1, blocks=0),
    discriminator=PatchGAN(width=4, depth=1),
    batch=1,
    crop=16,
    workers=1,
    preprocess="none",
    denoise=0.0,
    precision="float32",
    device="cpu",
)
MINUTES = 0.05


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    source, target = write_folders(tmp_path_factory.mktemp("toy"), count=4, side=24)
    return {"source": source, "target": target}


@pytest.fixture(scope="module")
def finished(folders, tmp_path_factory):
    return train(TOY, **folders, out=tmp_path_factory.mktemp("runs") / "run", minutes=MINUTES)


def test_the_steps_stand_in_the_config_and_the_log(finished):
    config, (planned, *_) = finished.config, [entry for entry in finished.entries() if entry["event"] == "schedule"]
    assert (planned["steps"], planned["eval_every"]) == (config.steps, config.eval_every)
    assert planned["step"] == 0
    assert planned["step_seconds"] > 0
    assert config.steps >= 10
    assert config.eval_every == -(-config.steps // 8)
    assert finished.entries()[-1]["step"] == config.steps


def test_the_steps_that_were_measured_leave_no_trace(finished, folders, tmp_path):
    same = train(finished.config, **folders, out=tmp_path / "run")
    assert identical(same.best, finished.best)


def test_going_on_keeps_to_the_schedule_bit_for_bit(finished, folders, tmp_path, monkeypatch):
    planned = finished.config.steps, finished.config.eval_every
    monkeypatch.setattr("diptych.training.schedule.fit", lambda *_, **__: Schedule(*planned, 0.1, 0.1))

    def pull_the_plug(entry):
        if entry["event"] == "losses" and entry["step"] > finished.config.eval_every:
            raise RuntimeError("pulled the plug")

    options = {**folders, "out": tmp_path / "run", "minutes": MINUTES}
    with pytest.raises(RuntimeError, match="pulled the plug"):
        train(TOY, **options, on_event=pull_the_plug)
    monkeypatch.setattr("diptych.training.schedule.fit", None)  # it is not asked again
    run = train(TOY, **(options | {"minutes": 3 * MINUTES}), resume=True)
    assert run.config == finished.config
    assert identical(run.best, finished.best)


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
def test_no_time_is_refused(folders, tmp_path, minutes):
    with pytest.raises(ParameterError, match=r"minutes = .* give a number above 0"):
        train(TOY, **folders, out=tmp_path / "run", minutes=minutes)
    assert not (tmp_path / "run").exists()


def test_the_command_says_what_fits():
    (line,) = lines_of(Schedule(1600, 200, 0.3512, 1.25).entry())
    assert line == "1600 steps fit into the time, at 0.351 s each; a validation every 200, at 1.2 s"


def identical(ours, theirs):
    first, second = load_file(ours), load_file(theirs)
    return all(torch.equal(first[name], second[name]) for name in second)


def test_what_is_short_has_fewer_steps_and_one_validation(folders, tmp_path):
    run = train(TOY, **folders, out=tmp_path / "run", minutes=1e-4)
    assert 1 <= run.config.steps < 10
    assert run.config.eval_every == run.config.steps
    assert run.best.exists()
