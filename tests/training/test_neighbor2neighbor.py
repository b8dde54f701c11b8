"""The denoiser that learns from noisy pictures alone, and its network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from diptych import networks
from diptych.core.errors import ParameterError
from diptych.core.image import to_float
from diptych.networks import Denoiser
from diptych.photo import read, write
from diptych.training import load_generator, preset, train
from diptych.training.config import Neighbor2NeighborWeights, from_toml
from diptych.training.distributed import launch
from diptych.training.objectives.neighbor2neighbor import Neighbor2NeighborObjective, draw_pairs, subsample_pairs
from training_helpers import clean_picture

SIGMA = 0.1
SMALL = replace(
    preset("denoiser"),
    forward=Denoiser(width=8),
    steps=100,
    eval_every=50,
    crop=48,
    learning_rate=6e-3,
    ema_decay=0.9,
    precision="float32",
    workers=1,
)


@pytest.fixture(scope="module")
def pictures():
    draw = np.random.default_rng(5)
    return [clean_picture(draw, 96) for _ in range(8)]


@pytest.fixture(scope="module")
def folder(pictures, tmp_path_factory):
    """Return a folder of noisy pictures, and nothing else."""
    root, draw = tmp_path_factory.mktemp("noisy"), np.random.default_rng(6)
    for index, clean in enumerate(pictures):
        noisy = np.clip(clean + draw.normal(0, SIGMA, clean.shape), 0, 1)
        write(root / f"{index}.png", np.rint(255 * noisy).astype(np.uint8))
    return root


@pytest.fixture(scope="module")
def finished(folder, tmp_path_factory):
    return train(SMALL, source=folder, out=tmp_path_factory.mktemp("runs") / "whole")


def error(image, clean) -> float:
    return float(np.mean((to_float(image) - clean) ** 2))


def test_it_learns_to_denoise_from_noisy_pictures_alone(finished, folder, pictures):
    learned = load_generator(finished.path)
    noisy = [read(folder / f"{index}.png").pixels for index in range(len(pictures))]
    before = np.mean([error(one, clean) for one, clean in zip(noisy, pictures, strict=True)])
    after = np.mean([error(learned(one), clean) for one, clean in zip(noisy, pictures, strict=True)])
    assert after < 0.5 * before


def test_the_run_is_one_of_a_single_folder(finished):
    begin, *_ = finished.entries()
    assert set(begin["pictures"]) == {"source", "held_out"}
    losses = next(one["losses"] for one in finished.entries() if one["event"] == "losses")
    assert set(losses) == {"neighbors", "consistency"}
    first, last = (one["loss"] for one in finished.validations())
    assert last < first


def test_going_on_gives_the_same_bytes(finished, folder, tmp_path):
    def pull(entry):
        if entry["event"] == "losses" and entry["step"] == 50:
            raise RuntimeError("pulled the plug")

    with pytest.raises(RuntimeError, match="pulled the plug"):
        train(SMALL, source=folder, out=tmp_path / "cut", on_event=pull)
    run = train(SMALL, source=folder, out=tmp_path / "cut", resume=True)
    ours, theirs = load_file(run.best), load_file(finished.best)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize("size", [(6, 8), (7, 9), (2, 2)])
def test_neighbours_are_different_touching_pixels_of_a_cell(size):
    height, width = size
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = torch.stack([y, x]).float()[None].repeat(3, 1, 1, 1)
    chosen = draw_pairs(places, np.random.default_rng(0))
    first, second = subsample_pairs(places, chosen)
    assert first.shape == (3, 2, height // 2, width // 2)
    assert ((first - second).abs().sum(1) == 1).all()
    for one in (first, second):
        assert torch.equal(one // 2, places[:, :, : height // 2 * 2 : 2, : width // 2 * 2 : 2] // 2)


def test_every_pair_is_drawn_equally_often():
    places = torch.arange(4.0).view(1, 1, 2, 2).repeat(1, 1, 60, 60)
    chosen = draw_pairs(places, np.random.default_rng(1))
    first, second = (one.long().flatten() for one in subsample_pairs(places, chosen))
    counts = torch.bincount(4 * first + second, minlength=16)
    assert (counts > 0).sum() == 8
    assert counts[counts > 0].min() > 0.8 * 3600 / 8


def test_a_perfect_denoiser_has_the_loss_of_the_noise():
    class Perfect(nn.Module):
        def forward(self, image):
            return torch.full_like(image, 0.5)

    draw = np.random.default_rng(2)
    noisy = torch.from_numpy((0.5 + draw.normal(0, SIGMA, (4, 3, 64, 64))).astype(np.float32))
    objective = Neighbor2NeighborObjective(SMALL, launch(SMALL))
    perfect = objective.losses(Perfect(), (noisy,), np.random.default_rng(3), progress=0.5)
    nothing_done = objective.losses(nn.Identity(), (noisy,), np.random.default_rng(3), progress=0.5)
    assert float(perfect["neighbors"].loss) == pytest.approx(SIGMA**2, rel=0.05)
    assert float(perfect["consistency"].loss) == pytest.approx(SIGMA**2, rel=0.05)
    assert perfect["consistency"].weight == 0.5
    assert float(nothing_done["neighbors"].loss) == pytest.approx(2 * SIGMA**2, rel=0.05)


def test_consistency_rises_and_takes_no_part_in_validation():
    objective = Neighbor2NeighborObjective(SMALL, launch(SMALL))
    batch = (torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(0)),)
    first = objective.train_step([batch], step=0)
    assert float(first["consistency"]) == 0
    assert float(objective.train_step([batch], step=50)["consistency"]) > 0
    held_out = objective.losses(objective.generator, batch, np.random.default_rng(0), progress=0.0)
    assert held_out["consistency"].weight == 0
    plain = replace(SMALL, weights=Neighbor2NeighborWeights(consistency=0.0))
    without = Neighbor2NeighborObjective(plain, launch(plain))
    assert set(without.train_step([batch], step=0)) == {"neighbors"}


def test_the_preset_is_small_and_learns_alone():
    config = preset("denoiser")
    assert (config.objective, config.folders) == ("neighbor2neighbor", ("source",))
    assert 100_000 < networks.cost(config.forward).parameters < 500_000
    assert from_toml(config.to_toml()) == config


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (5, 9), (16, 24)])
def test_the_network_begins_as_the_identity(channels, size):
    module = networks.build(Denoiser(channels_in=channels, channels_out=channels, width=8), seed=1)
    image = torch.rand(2, channels, *size, generator=torch.Generator().manual_seed(0))
    assert torch.equal(module(image), image)


def test_the_receptive_field_is_what_changes_a_value():
    config = Denoiser(channels_in=1, channels_out=1, width=4)
    module = networks.build(config, seed=1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(0.01)
    side = 2 * config.receptive_field_radius + 16
    image = torch.full((1, 1, side, side), 0.5, requires_grad=True)
    farthest = 0
    for place in range(side // 2, side // 2 + config.multiple):
        (gradient,) = torch.autograd.grad(module(image)[0, 0, place, side // 2], image)
        rows = gradient[0, 0].abs().amax(1).nonzero()
        farthest = max(farthest, int((rows - place).abs().max()))
    assert farthest == config.receptive_field_radius


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"residual": True}, "residual"), ({"channels_out": 1}, "make them equal"), ({"width": 7}, "width")],
)
def test_bad_configs_are_refused(fields, reason):
    with pytest.raises(ParameterError, match=reason):
        Denoiser(**fields)
