"""What there is to learn from: one folder or two, and what a run of a single folder leaves behind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from diptych.core.errors import DataError, ParameterError, TrainingError
from diptych.networks import Degradation, Mobile
from diptych.photo import read
from diptych.training import CycleGANConfig, ReconstructionConfig, load_generator, train
from diptych.training.config import CONFIGS, from_dict
from diptych.training.distributed import launch
from diptych.training.objectives import make_objective
from diptych.training.objectives.reconstruction import ReconstructionObjective, masked

SMALL = ReconstructionConfig(
    forward=Mobile(width=4, depth=2, blocks=1),
    steps=8,
    eval_every=4,
    batch=2,
    crop=24,
    preprocess="none",
    degraded_ratio=0.5,
    workers=1,
    precision="float32",
)


@pytest.fixture(scope="module")
def finished(folders, tmp_path_factory):
    return train(SMALL, source=folders[0], out=tmp_path_factory.mktemp("runs") / "whole")


def test_a_run_of_one_folder_leaves_what_others_leave(finished, folders):
    names = {path.name for path in finished.path.iterdir()}
    assert {"config.toml", "run.json", "log.jsonl", "report.html", "best.safetensors"} <= names
    assert finished.config == SMALL
    begin, *_, end = finished.entries()
    assert begin["pictures"] == {"source": 6, "held_out": 2}
    assert end["event"] == "end"
    losses = [one["loss"] for one in finished.validations()]
    assert len(losses) == 2
    assert all(loss > 0 for loss in losses)
    assert len(list(finished.samples.iterdir())) == 2
    page = (finished.path / "report.html").read_text()
    assert "held-out loss" in page
    assert "distance to B" not in page
    image = read(next(folders[0].iterdir())).pixels
    assert load_generator(finished.path)(image).shape == image.shape


@pytest.mark.parametrize("moment", [4, 8])
def test_going_on_gives_the_same_bytes(finished, folders, tmp_path, moment):
    def pull(entry):
        if entry["event"] == "losses" and entry["step"] == moment:
            raise RuntimeError("pulled the plug")

    with pytest.raises(RuntimeError, match="pulled the plug"):
        train(SMALL, source=folders[0], out=tmp_path / "cut", on_event=pull)
    run = train(SMALL, source=folders[0], out=tmp_path / "cut", resume=True)
    newest = [sorted(one.checkpoints.iterdir())[-1].read_bytes() for one in (run, finished)]
    assert newest[0] == newest[1]
    ours, theirs = load_file(run.best), load_file(finished.best)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_workers_change_nothing(finished, folders, tmp_path):
    run = train(SMALL.updated({"workers": 0, "cache": 0}), source=folders[0], out=tmp_path / "other")
    assert [one["loss"] for one in run.validations()] == [one["loss"] for one in finished.validations()]


@pytest.mark.parametrize(
    ("objective", "given", "words"),
    [
        ("cyclegan", {"source": True, "target": False}, "cyclegan learns from folder B"),
        ("planner", {"source": False, "target": True}, "planner learns from folder A"),
        ("reconstruction", {"source": False, "target": False}, "reconstruction learns from folder A"),
        ("zero_reference", {"source": True, "target": True}, "one folder alone; leave out folder B"),
        ("refine", {"source": True, "target": False}, "refine learns from folder B"),
        ("refine", {"source": True, "target": True}, "one folder alone; leave out folder A"),
    ],
)
def test_a_missing_or_surplus_folder_is_one_clear_line(objective, given, words):
    with pytest.raises(ParameterError, match=words):
        from_dict({"objective": objective}).check_folders(**given)
    assert "\n" not in words


def test_the_loop_checks_the_folders_before_anything_is_written(folders, tmp_path):
    with pytest.raises(ParameterError, match="leave out folder B"):
        train(SMALL, source=folders[0], target=folders[1], out=tmp_path / "run")
    with pytest.raises(ParameterError, match="folder B"):
        train(CycleGANConfig(), source=folders[0], out=tmp_path / "run")
    with pytest.raises(DataError):
        train(SMALL, source=tmp_path / "A", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_squares_are_taken_away_and_pictures_degraded():
    picture = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    given = masked(picture, ratio=0.5, draw=np.random.default_rng(0))
    changed = (given != picture).float().mean()
    assert 0.35 < float(changed) < 0.65
    assert torch.equal(masked(picture, ratio=0.0, draw=np.random.default_rng(0)), picture)
    means = []
    for kind in ("low_light", "haze"):
        config = SMALL.updated({"degradation": Degradation(kind=kind), "mask_ratio": 0.0, "degraded_ratio": 1.0})
        objective = ReconstructionObjective(config, launch(config))
        first, again = (objective.corrupt(picture, np.random.default_rng(7)) for _ in range(2))
        assert torch.equal(first, again)
        means.append(float(first.mean()))
    assert means[0] < 0.3 < means[1]


def test_other_pictures_are_refused_when_going_on(finished, folders, tmp_path):
    with pytest.raises(TrainingError, match="source folder have changed"):
        train(SMALL, source=folders[1], out=finished.path, resume=True)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_makes_an_objective(name):
    config = from_dict({"objective": name, "forward": {"width": 8}})
    made = make_objective(config, launch(config))
    assert made.config == config
    assert {"forward", "average_forward"} <= {*made.parts.networks, *made.parts.averages}
    assert set(made.generator.state_dict()) == set(made.parts.networks["forward"].state_dict())


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"preprocess": "specify"}, "specify needs two folders"),
        ({"objective": "selfish"}, "objective"),
        ({"forward": {"channels_in": 3, "channels_out": 1, "residual": False}}, "as many channels"),
        ({"mask_ratio": 1.5}, "mask_ratio"),
    ],
)
def test_what_does_not_fit_is_refused(values, words):
    with pytest.raises(ParameterError, match=words):
        SMALL.updated(values)
