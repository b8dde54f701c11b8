"""A planner and its degradation model in the loop: what a run leaves, that it goes on exactly, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from diptych.core.errors import ParameterError
from diptych.networks import Degradation, Planner
from diptych.photo import read, write
from diptych.training import load_generator, preset, train
from diptych.training.objectives import planner as objective
from training_helpers import newest, pairs, write_folders

SMALL = preset("planner").updated(
    {
        "forward": {"width": 4, "thumbnail": 32},
        "discriminator": {"width": 4, "depth": 1},
        "steps": 8,
        "eval_every": 4,
        "batch": 4,
        "calibration_steps": 4,
        "weights": {"adversarial": 0.1, "gradient_penalty": 0.1},
        "pool": 3,
        "workers": 1,
    }
)


@pytest.fixture(scope="module")
def finished(folders, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "whole"
    return train(SMALL, source=folders[0], target=folders[1], out=out)


def test_a_run_leaves_an_enhancer(finished, folders):
    assert [entry["event"] for entry in finished.entries()] == [
        *("begin", "calibration", "losses", "validation", "losses", "validation", "end")
    ]
    losses = finished.entries()[2]["losses"]
    expected = {"restoration", "tone", "quantiles", "chroma", "identity", "spread", "adversarial.degradation"}
    assert set(losses) == expected | {"discriminator", "gradient_penalty"}
    generator = load_generator(finished.path)
    assert isinstance(generator.config, Planner)
    assert generator.provenance["step"] == SMALL.steps  # choose = last
    assert generator.preprocess.steps == generator.postprocess.steps == ()
    image = read(next(folders[0].iterdir())).pixels
    assert generator(image).shape == image.shape
    assert finished.config == SMALL


@pytest.mark.parametrize("moment", [4, 8])
def test_going_on_gives_the_same_bytes(finished, folders, tmp_path, moment):
    def watch(entry):
        if entry["event"] == "losses" and entry["step"] == moment:
            raise RuntimeError("pulled the plug")

    options = {"source": folders[0], "target": folders[1], "out": tmp_path / "cut"}
    with pytest.raises(RuntimeError, match="pulled the plug"):
        train(SMALL, **options, on_event=watch)
    run = train(SMALL, **options, resume=True)
    assert newest(run).read_bytes() == newest(finished).read_bytes()
    ours, theirs = load_file(run.best), load_file(finished.best)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_only_the_discriminator_moves_the_degradation(finished, folders, tmp_path):
    def degradation(run):
        tensors = load_file(newest(run))
        return torch.stack([tensors["degradation/mean"], tensors["degradation/log_deviation"]])

    fit = SMALL.updated({"steps": 1, "eval_every": 1, "weights": {"adversarial": 0.0}})
    first = train(fit, source=folders[0], target=folders[1], out=tmp_path / "one")
    second = train(fit.updated({"steps": 3}), source=folders[0], target=folders[1], out=tmp_path / "three")
    assert torch.equal(degradation(first), degradation(second))
    assert not torch.equal(degradation(first), degradation(finished))


def test_grey_pictures_of_16_bits_train(tmp_path):
    for name, factor in (("A", 0.3), ("B", 1.0)):
        (tmp_path / name).mkdir()
        for index, (_, image) in enumerate(pairs(4, side=20, seed=3)):
            write(tmp_path / name / f"{index}.png", np.rint(image[..., 0] * 257.0 * factor).astype(np.uint16))
    config = SMALL.updated({"forward": {"channels_in": 1, "channels_out": 1}, "steps": 2, "eval_every": 2})
    assert config.degradation == Degradation(channels_in=1, channels_out=1)
    run = train(config, source=tmp_path / "A", target=tmp_path / "B", out=tmp_path / "run")
    result = load_generator(run.path)(read(tmp_path / "A" / "0.png").pixels)
    assert result.shape == (20, 20)
    assert result.dtype == np.uint16


def test_it_learns_to_undo_a_darkening_that_it_has_no_pairs_of(tmp_path):
    source, target = write_folders(tmp_path / "toy", count=24, side=64, seed=1)
    weights = {"adversarial": 0.0, "gradient_penalty": 0.0}
    changes = {"steps": 150, "eval_every": 150, "calibration_steps": 120, "batch": 8, "weights": weights}
    changes |= {"learning_rate": 4e-3, "ema_decay": 0.9}
    run = train(SMALL.updated(changes), source=source, target=target, out=tmp_path / "run")
    fit = next(entry for entry in run.entries() if entry["event"] == "calibration")
    assert fit["distance_after"] < 0.5 * fit["distance_before"]
    enhance = load_generator(run.path)
    test = [(low.astype(float), enhance(low).astype(float), good.astype(float)) for low, good in pairs(12)]
    before, after = (np.mean([np.abs(row[column] - row[2]).mean() for row in test]) for column in (0, 1))
    assert after < 0.5 * before


def test_losses():
    first = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    for loss in (objective.tone, objective.quantiles, objective.chroma):
        assert float(loss(first, first)) == 0
    assert float(objective.tone(first + 0.1, first)) == pytest.approx(0.01, rel=1e-4)
    assert float(objective.quantiles(first + 0.1, first)) == pytest.approx(0.1, rel=1e-4)
    grey = first.mean(1, keepdim=True).expand_as(first)
    assert float(objective.chroma(grey, first)) > 0.05
    assert float(objective.chroma(first[:, :1], first[:, 1:2])) == 0


def test_the_likeliest_spread_is_that_of_the_errors():
    draw = torch.Generator().manual_seed(1)
    made, stops = torch.full((400, 3, 2, 2), 0.3), 0.8
    factor = 2 ** (stops / 2.2 * torch.randn(400, 1, 1, 1, generator=draw))
    wanted = (made + 0.01) * factor - 0.01
    losses = [
        float(objective.unlikelihood(made, wanted, torch.full((400, 1, 1, 1), value))) for value in (0.5, 0.8, 1.2)
    ]
    assert losses[1] == min(losses)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"forward": {"name": "mobile"}}, "forward.name = planner"),
        ({"forward": {"channels_in": 1}}, "make them equal"),
        ({"degradation": {"kind": "fog"}}, "degradation: kind = 'fog'"),
        ({"crops": 4}, "no setting named"),
        ({"discriminator": {"name": "planner"}}, "not the config of a discriminator"),
    ],
)
def test_what_does_not_fit_is_refused(values, words):
    with pytest.raises(ParameterError, match=words):
        preset("planner").updated(values)
