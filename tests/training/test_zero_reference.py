"""Exposure without a reference: what the losses ask for, and that a training by them makes dark pictures good ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from diptych.cli.app import app
from diptych.metrics import psnr
from diptych.networks import Mobile
from diptych.photo import read
from diptych.recipes import automatic, statistics
from diptych.training import ZeroReferenceConfig, load_generator, preset, train
from diptych.training.objectives import zero_reference as losses
from training_helpers import as_bytes, clean_picture, pairs, write_folders

SMALL = {"workers": 0, "batch": 4, "steps": 4, "eval_every": 4, "learning_rate": 3e-3}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return write_folders(tmp_path_factory.mktemp("toy"), count=12, side=64)


@pytest.fixture(scope="module")
def trained(folders, tmp_path_factory):
    config = preset("zero_reference").updated(
        {**SMALL, "steps": 60, "eval_every": 60, "forward": {"width": 8, "thumbnail": 64}}
    )
    run = train(config, source=folders[0], out=tmp_path_factory.mktemp("runs") / "run")
    return load_generator(run.path)


def picture(seed=0, side=32):
    image = clean_picture(np.random.default_rng(seed), side)
    return torch.from_numpy(image.transpose(2, 0, 1)[None].copy())


def chroma(image):
    return float(np.mean(image.max(axis=2).astype(float) - image.min(axis=2)))


def test_a_longer_exposure_is_consistent_and_a_flatter_picture_is_not():
    dark = 0.25 * picture()
    assert float(losses.spatial(3 * dark, dark, stops=1.0)) == pytest.approx(0, abs=1e-6)
    flat = 0.5 * dark + 0.5 * dark.mean()
    assert float(losses.spatial(flat, dark, stops=1.0)) > 0.01
    assert float(losses.spatial(1 - dark, dark, stops=1.0)) > float(losses.spatial(flat, dark, stops=1.0))
    gentler = dark**0.75
    assert float(losses.spatial(gentler, dark, stops=0.75)) < 0.7 * float(losses.spatial(dark, dark, stops=0.75))


def test_colours_are_to_be_kept():
    grey = picture().mean(1, keepdim=True).repeat(1, 3, 1, 1)
    assert float(losses.color(3 * grey / 4, grey / 4)) == pytest.approx(0, abs=1e-6)
    dark = picture() / 4
    greyer = dark.mean(1, keepdim=True).expand_as(dark)
    assert float(losses.color(2 * greyer, dark)) > 5 * float(losses.color(2 * dark, dark))
    assert float(losses.color(dark[:, :1], dark[:, :1])) == 0


def test_a_part_of_a_cast_is_taken_away():
    cast = torch.tensor([1.0, 0.8, 0.5]).view(1, 3, 1, 1) * picture().mean(1, keepdim=True) / 4
    means = cast.mean((2, 3), keepdim=True)
    balanced = cast * (means.mean(1, keepdim=True) / means) ** losses.BALANCED
    assert float(losses.color(balanced, cast)) < float(losses.color(cast, cast))
    assert float(losses.color(balanced, cast)) < float(losses.color(means.mean() * torch.ones_like(cast), cast))


def test_the_aim_is_that_of_the_scene_however_dark_it_is():
    one = picture()
    aims = [float(losses.aim_of(share * one, level=0.45)) for share in (1.0, 0.5, 0.2)]
    assert aims == pytest.approx([aims[0]] * 3, rel=1e-3)
    low_key = torch.full((1, 3, 32, 32), 0.1)
    low_key[..., :2] = 1.0
    assert float(losses.aim_of(low_key, level=0.45)) < aims[0]


def test_exposure_counts_the_mean_and_what_is_lost():
    dark = picture() / 4
    aim = losses.aim_of(dark, level=0.45).item()
    even = torch.full_like(dark, aim)
    assert float(losses.exposure(even, dark, level=0.45)) == pytest.approx(0, abs=1e-6)
    assert float(losses.exposure(even / 2, dark, level=0.45)) == pytest.approx((aim / 2) ** 2, rel=1e-3)
    lost = even.clone()
    lost[..., ::2], lost[..., 1::2] = aim + 0.9, aim - 0.9
    assert float(losses.exposure(lost, dark, level=0.45)) > 0.1


def test_smoothness():
    dark = picture()
    assert float(losses.unevenness(dark, dark)) == 0
    assert float(losses.unevenness(dark.flip(3), dark)) > 0


def test_one_truth_with_auto():
    assert SMALL_LEVEL == automatic._GOOD_MEAN
    assert losses.HIGHLIGHT == statistics.WHITE
    assert losses.TYPICAL == statistics.DARK_MEAN


SMALL_LEVEL = ZeroReferenceConfig().level


def test_a_training_on_dark_pictures_alone_exposes_them_well(trained):
    made = [(trained(dark), dark, clean) for dark, clean in pairs(4)]
    means = [out.mean() / 255 for out, _, _ in made]
    assert 0.33 < np.mean(means) < 0.57
    gains = [psnr(out, clean) - psnr(dark, clean) for out, dark, clean in made]
    assert np.mean(gains) > 4
    # Not grey: the colours are those of the dark picture, made bright.
    assert np.mean([chroma(out) / chroma(clean) for out, _, clean in made]) > 0.6


def test_noise_that_will_be_seen_is_taken_away_before(trained, folders, tmp_path):
    assert [step.operator for step in trained.preprocess.steps] == ["denoise_photo"]
    config = preset("zero_reference").updated({**SMALL, "forward": {"width": 4, "thumbnail": 32}})
    run = train(config.updated({"denoise": 0.0}), source=folders[0], out=tmp_path / "plain")
    assert load_generator(run.path).preprocess.steps == ()


def test_going_on_gives_the_same_bytes_with_dropout(folders, tmp_path):
    def pull(entry):
        if entry["event"] == "losses" and entry["step"] == 2:
            raise RuntimeError("pulled the plug")

    network = {"width": 4, "thumbnail": 32, "dropout": 0.5}
    config = preset("zero_reference").updated({**SMALL, "eval_every": 2, "denoise": 0.0, "forward": network})
    whole = train(config, source=folders[0], out=tmp_path / "whole")
    with pytest.raises(RuntimeError, match="pulled"):
        train(config, source=folders[0], out=tmp_path / "cut", on_event=pull)
    torch.manual_seed(99)
    train(config, source=folders[0], out=tmp_path / "cut", resume=True)
    newest = [sorted((tmp_path / name / "checkpoints").iterdir())[-1].read_bytes() for name in ("whole", "cut")]
    assert newest[0] == newest[1]
    assert whole.validations()[-1]["loss"] > 0


def test_a_painter_learns_it_too(folders, tmp_path):
    forward = Mobile(width=4, depth=2, blocks=1)
    config = ZeroReferenceConfig(forward=forward, crop=32, preprocess="none", **SMALL)
    run = train(
        config.updated({"steps": 40, "eval_every": 10, "denoise": 0.0}), source=folders[0], out=tmp_path / "run"
    )
    found = [one["loss"] for one in run.validations()]
    assert found[-1] < 0.7 * found[0]


def test_grey_pictures(tmp_path):
    from diptych.photo import write

    (tmp_path / "A").mkdir()
    for index in range(4):
        grey = clean_picture(np.random.default_rng(index), 40).mean(axis=2) * 0.2
        write(tmp_path / "A" / f"{index}.png", as_bytes(grey))
    config = preset("zero_reference").updated({**SMALL, "forward": {"channels_in": 1, "channels_out": 1}})
    run = train(config, source=tmp_path / "A", out=tmp_path / "run")
    assert load_generator(run.path)(read(tmp_path / "A" / "0.png").pixels).shape == (40, 40)


def test_on_the_command_line_from_folder_to_picture(folders, tmp_path):
    from typer.testing import CliRunner

    def cli(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    changes = [
        f"--set={name}={value}" for name, value in {**SMALL, "forward.width": 4, "forward.thumbnail": 32}.items()
    ]
    found = cli("train", folders[0], "-o", tmp_path / "run", "--objective", "zero_reference", *changes)
    assert found.exit_code == 0, found.output
    assert "held-out loss" in found.output
    again = cli("train", folders[0], "-o", tmp_path / "run", "--resume", "--set=workers=1")
    assert again.exit_code == 0, again.output
    assert cli("export", tmp_path / "run", "-o", tmp_path / "model.onnx").exit_code == 0
    dark = next(folders[0].iterdir())
    assert cli("enhance", dark, "--model", tmp_path / "model.onnx", "-o", tmp_path / "out.png").exit_code == 0
    made = load_generator(tmp_path / "run")(read(dark).pixels)
    assert np.abs(read(tmp_path / "out.png").pixels.astype(int) - made).max() <= 3
    surplus = cli("train", *folders, "-o", tmp_path / "other", "--objective", "zero_reference")
    assert "leave out folder B" in str(surplus.exception)
    missing = cli("train", folders[0], "-o", tmp_path / "other")
    assert "learns from folder B" in str(missing.exception)
