"""A rendering and its camera in the loop: what a run leaves, that it goes on exactly, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from diptych.core.errors import ParameterError
from diptych.networks import Degradation, Mobile, PatchGAN, Render
from diptych.photo import read, write
from diptych.training import CycleGANConfig, load_generator, preset, train
from training_helpers import pairs, write_folders

SMALL = preset("render").updated(
    {
        "forward": {"width": 4, "thumbnail": 32, "depth": 4, "knots": 8, "dropout": 0.2},
        "discriminator": {"width": 4, "depth": 1},
        "steps": 8,
        "every": 4,
        "batch": 4,
        "crop": 24,
        "crops": 2,
        "fit": 4,
        "adversarial": 0.1,
        "gradient_penalty": 0.1,
        "pool": 3,
        "workers": 1,
    }
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return write_folders(tmp_path_factory.mktemp("toy"), count=8, side=40)


@pytest.fixture(scope="module")
def finished(folders, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "whole"
    return train(SMALL, source=folders[0], target=folders[1], out=out)


def newest(run):
    return sorted(run.checkpoints.iterdir())[-1]


def test_a_run_leaves_an_enhancer(finished, folders):
    assert [entry["event"] for entry in finished.entries()] == [
        *("begin", "camera", "losses", "validation", "losses", "validation", "end")
    ]
    losses = finished.entries()[2]["losses"]
    expected = {"restoration", "tone", "chroma", "identity", "denoising", "adversarial.camera", "discriminator.a"}
    assert set(losses) == expected | {"gradient_penalty.a"}
    generator = load_generator(finished.path)
    assert isinstance(generator.config, Render)
    assert generator.provenance["step"] == SMALL.steps  # choose = last
    assert generator.before.steps == generator.after.steps == ()
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


def test_only_the_discriminator_moves_the_camera(finished, folders, tmp_path):
    def camera(run):
        tensors = load_file(newest(run))
        return torch.stack([tensors["backward/mean"], tensors["backward/log_deviation"]])

    fit = SMALL.updated({"steps": 1, "every": 1, "adversarial": 0.0, "denoising": 0.0})
    first = train(fit, source=folders[0], target=folders[1], out=tmp_path / "one")
    second = train(fit.updated({"steps": 3}), source=folders[0], target=folders[1], out=tmp_path / "three")
    assert torch.equal(camera(first), camera(second))
    assert not torch.equal(camera(first), camera(finished))
    assert "denoising" not in second.entries()[2]["losses"]


def test_grey_pictures_of_16_bits_train(tmp_path):
    for name, factor in (("A", 0.3), ("B", 1.0)):
        (tmp_path / name).mkdir()
        for index, (_, image) in enumerate(pairs(4, side=20, seed=3)):
            write(tmp_path / name / f"{index}.png", np.rint(image[..., 0] * 257.0 * factor).astype(np.uint16))
    config = SMALL.updated({"forward": {"channels_in": 1, "channels_out": 1}, "steps": 2, "every": 2})
    assert config.backward == Degradation(channels_in=1, channels_out=1)
    run = train(config, source=tmp_path / "A", target=tmp_path / "B", out=tmp_path / "run")
    result = load_generator(run.path)(read(tmp_path / "A" / "0.png").pixels)
    assert result.shape == (20, 20)
    assert result.dtype == np.uint16


def test_it_learns_to_undo_a_darkening_that_it_has_no_pairs_of(tmp_path):
    source, target = write_folders(tmp_path / "toy", count=24, side=64, seed=1)
    changes = {"steps": 150, "every": 150, "fit": 120, "batch": 8, "adversarial": 0.0, "gradient_penalty": 0.0}
    run = train(SMALL.updated(changes | {"average": 0.9}), source=source, target=target, out=tmp_path / "run")
    camera = next(entry for entry in run.entries() if entry["event"] == "camera")
    assert camera["after"] < 0.5 * camera["before"]
    enhance = load_generator(run.path)
    test = [(low.astype(float), enhance(low).astype(float), good.astype(float)) for low, good in pairs(12)]
    before, after = ([np.abs(row[column] - row[2]).mean() for row in test] for column in (0, 1))
    assert np.mean(after) < 0.35 * np.mean(before)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"forward": {"name": "mobile"}}, "forward.name = render"),
        ({"forward": {"channels_in": 1}}, "make them equal"),
        ({"backward": {"channels_in": 1, "channels_out": 1}}, "turned round"),
        ({"backward": {"kind": "fog"}}, "degradation: kind = 'fog'"),
        ({"gradient_penalty": 1.0, "gradient_penalty_kind": "wgan_gp"}, "gradient_penalty_kind = r1"),
    ],
)
def test_what_does_not_fit_is_refused(values, words):
    with pytest.raises(ParameterError, match=words):
        preset("render").updated(values)


def test_a_camera_is_no_forward_generator():
    with pytest.raises(ParameterError, match="way back"):
        CycleGANConfig(forward=Degradation())
    assert CycleGANConfig(forward=Mobile(), discriminator=PatchGAN()).has_camera is False
