"""Refining is learned from good pictures alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from diptych.cli.app import main
from diptych.core.errors import ParameterError
from diptych.networks import Degradation, Mobile, build
from diptych.photo import read
from diptych.runtime import OnnxRefiner
from diptych.training import load_generator, preset, train
from diptych.training.distributed import launch
from diptych.training.objectives.refine import RefineObjective, first_results, with_tones_of
from training_helpers import clean_picture, write_folders

SMALL = preset("refine").updated(
    {
        "forward": {"width": 8, "levels": 1, "steps": 2},
        "steps": 6,
        "eval_every": 3,
        "batch": 2,
        "crop": 30,
        "workers": 1,
        "precision": "float32",
        "ema_decay": 0.5,
    }
)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return write_folders(tmp_path_factory.mktemp("toy"), count=6, side=50)[1]


@pytest.fixture(scope="module")
def finished(good, tmp_path_factory):
    return train(SMALL, target=good, out=tmp_path_factory.mktemp("runs") / "whole")


def stop_after(number):
    def watch(entry):
        if entry["event"] == "losses" and entry["step"] == number:
            raise RuntimeError("pulled the plug")

    return watch


def batch(count: int, side: int = 64) -> torch.Tensor:
    draw = np.random.default_rng(4)
    return torch.from_numpy(np.stack([clean_picture(draw, side).transpose(2, 0, 1) for _ in range(count)]))


def test_a_run_from_good_pictures_alone(finished):
    generator = load_generator(finished.path)
    assert generator.config == SMALL.forward
    found = finished.validations()
    assert [one["step"] for one in found] == [3, 6]
    assert all(np.isfinite(one["loss"]) for one in found)
    assert read(next(finished.samples.iterdir())).pixels.shape[2] == 3
    image = clean_picture(np.random.default_rng(0), 37)
    assert generator(image).shape == image.shape


def test_a_stopped_run_ends_with_the_same_bytes(finished, good, tmp_path):
    with pytest.raises(RuntimeError, match="plug"):
        train(SMALL, target=good, out=tmp_path / "run", on_event=stop_after(6))
    resumed = train(SMALL, target=good, out=tmp_path / "run", resume=True)
    assert finished.best.name == resumed.best.name
    one, other = load_file(finished.best), load_file(resumed.best)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_velocity_is_learned(good):
    config = SMALL.updated({"steps": 120, "forward": {"width": 16, "noise": 0.2}, "learning_rate": 3e-3})
    objective = RefineObjective(config, launch(config))
    data = objective.open_data(source=None, target=good)
    before = objective.held_out_loss(data)
    for number in range(config.steps):
        batch = tuple(torch.from_numpy(part) for part in data.batches.batch(number))
        objective.train_step([batch], step=number)
    assert objective.held_out_loss(data) < 0.97 * before


def test_first_results_are_drawn_by_number_and_keep_their_tones():
    degradation, pictures = build(Degradation(everyday=0.5), seed=1).train(), batch(3)
    one, same = (first_results(degradation, pictures, np.random.default_rng(5)) for _ in range(2))
    other = first_results(degradation, pictures, np.random.default_rng(6))
    assert torch.equal(one[0], same[0])
    assert not torch.equal(one[0], other[0])
    first, wanted = one
    means = [torch.nn.functional.avg_pool2d(part, 32) for part in (first, wanted, pictures)]
    assert (means[0] - means[1]).abs().mean() < 0.5 * (means[0] - means[2]).abs().mean()
    assert torch.allclose(with_tones_of(pictures, pictures), pictures, atol=1e-6)
    assert torch.allclose(with_tones_of(0.5 * pictures, pictures), 0.5 * pictures, atol=0.01)


def test_the_wrong_network_or_folder_is_refused(good, tmp_path):
    with pytest.raises(ParameterError, match="objective = refine trains a refiner, but forward is a mobile"):
        train(SMALL.updated({"forward": Mobile()}), target=good, out=tmp_path / "run")
    with pytest.raises(ParameterError, match="objective = refine learns from"):
        train(SMALL, source=good, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_commands(finished, good, tmp_path, capsys):
    def run(*arguments: object) -> str:
        with pytest.raises(SystemExit) as caught:
            main([str(one) for one in arguments])
        errors = capsys.readouterr().err
        assert not caught.value.code, errors
        return errors

    settings = (
        "forward.width=8",
        "forward.levels=1",
        "steps=1",
        "eval_every=1",
        "batch=1",
        "crop=16",
        "precision=float32",
    )
    changes = [part for setting in settings for part in ("--set", setting)]
    run("train", good, "-o", tmp_path / "run", "--objective", "refine", *changes)
    run("export", tmp_path / "run", "-o", tmp_path / "r.onnx")
    image = (255 * clean_picture(np.random.default_rng(0), 33)).astype(np.uint8)
    refiner = OnnxRefiner(tmp_path / "r.onnx", strength=0.5)
    assert refiner.metadata.provenance["settings"]["objective"] == "refine"
    assert refiner(image).shape == image.shape
