"""What there is to learn from: one folder or two, and what a run of a single folder leaves behind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from diptych.core.errors import DataError, ParameterError, TrainingError
from diptych.networks import Degradation, Mobile, Render
from diptych.photo import read
from diptych.training import CycleGANConfig, load_generator, train
from diptych.training.fabric import launched
from diptych.training.objectives import FOLDERS, GAMES, check_folders
from diptych.training.self_supervised.reconstruction import ReconstructionGame, masked
from training_helpers import write_folders

SMALL = CycleGANConfig(
    objective="self",
    task="reconstruction",
    forward=Mobile(width=4, depth=2, blocks=1),
    steps=8,
    every=4,
    batch=2,
    crop=24,
    preprocess="none",
    spoiled=0.5,
    workers=1,
    precision="float32",
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return write_folders(tmp_path_factory.mktemp("toy"), count=8, side=40)


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
    losses = [reading["loss"] for reading in finished.validations()]
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
        ("unpaired", {"source": True, "target": False}, "unpaired learns from folder B"),
        ("unpaired", {"source": False, "target": True}, "unpaired learns from folder A"),
        ("self", {"source": False, "target": False}, "self learns from folder A"),
        ("self", {"source": True, "target": True}, "one folder alone; leave out folder B"),
        ("refine", {"source": True, "target": False}, "refine learns from folder B"),
        ("refine", {"source": True, "target": True}, "one folder alone; leave out folder A"),
    ],
)
def test_a_missing_or_surplus_folder_is_one_clear_line(objective, given, words):
    with pytest.raises(ParameterError, match=words):
        check_folders(objective, **given)
    assert "\n" not in words


def test_the_loop_checks_the_folders_before_anything_is_written(folders, tmp_path):
    with pytest.raises(ParameterError, match="leave out folder B"):
        train(SMALL, source=folders[0], target=folders[1], out=tmp_path / "run")
    with pytest.raises(ParameterError, match="folder B"):
        train(SMALL.updated({"objective": "unpaired"}), source=folders[0], out=tmp_path / "run")
    with pytest.raises(DataError):
        train(SMALL, source=tmp_path, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_squares_are_taken_away_and_the_camera_spoils():
    picture = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    given = masked(picture, share=0.5, draw=np.random.default_rng(0))
    changed = (given != picture).float().mean()
    assert 0.35 < float(changed) < 0.65
    assert torch.equal(masked(picture, share=0.0, draw=np.random.default_rng(0)), picture)
    means = []
    for kind in ("low_light", "haze"):
        config = SMALL.updated({"backward": Degradation(kind=kind), "masked": 0.0, "spoiled": 1.0})
        game = ReconstructionGame(config, launched(config))
        first, again = (game.spoil(picture, np.random.default_rng(7)) for _ in range(2))
        assert torch.equal(first, again)
        means.append(float(first.mean()))
    assert means[0] < 0.3 < means[1]


def test_other_pictures_are_refused_when_going_on(finished, folders, tmp_path):
    with pytest.raises(TrainingError, match="source folder have changed"):
        train(SMALL, source=folders[1], out=finished.path, resume=True)


def test_every_objective_has_a_game_and_folders():
    assert set(FOLDERS) == {"unpaired", "self", "refine"}
    games = {
        CycleGANConfig().game,
        CycleGANConfig(forward=Render(), backward=Degradation()).game,
        CycleGANConfig(objective="refine").game,
        *(CycleGANConfig(objective="self", task=task).game for task in ("exposure", "denoising", "reconstruction")),
    }
    assert games == set(GAMES)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"preprocess": "specify"}, "specify needs two folders"),
        ({"objective": "selfish"}, "objective"),
        ({"task": "sharpness"}, "task"),
        ({"forward": {"channels_in": 3, "channels_out": 1, "residual": False}}, "as many channels"),
        ({"masked": 1.5}, "masked"),
        ({"task": "exposure", "forward": {"name": "render", "denoiser": "small"}}, "denoiser = none"),
    ],
)
def test_what_does_not_fit_is_refused(values, words):
    with pytest.raises(ParameterError, match=words):
        SMALL.updated({"identity": 0.0, **values})
