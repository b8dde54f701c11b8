"""The fit finds what made pictures were made with, from other pictures than those; noise is measured on flat patches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from diptych.core.errors import DataError
from diptych.data import PhotoFolder, ViewSampler, balanced, thumbnails_of
from diptych.networks import Degradation, build
from diptych.networks.modules.degradation import NAMES
from diptych.photo import write
from diptych.quality.flat_noise import measure_noise
from diptych.training.degradation import energy_distance, fit_tones, set_noise, tone_statistics
from training_helpers import clean_picture


def pictures(count, *, side=24, seed=0):
    draw = np.random.default_rng(seed)
    images = [clean_picture(draw, side).transpose(2, 0, 1) for _ in range(count)]
    return torch.from_numpy(np.stack(images))


def test_the_fit_recovers_what_was_set():
    truth = build(Degradation(clean=1.0), seed=5)
    values = {"exposure": (-1.2, 0.3), "gamma": (0.1, 0.1)}
    with torch.no_grad():
        for name, (mean, deviation) in values.items():
            truth.mean[NAMES.index(name)] = mean
            truth.log_deviation[NAMES.index(name)] = np.log(deviation)
        others = pictures(160, seed=1)
        source = truth.degrade(others, truth.sample(others), noise=0.0, quantise=False)
    model = build(Degradation(clean=1.0), seed=6)
    found = fit_tones(model, pictures(160, seed=2), source, steps=150, batch=64, learning_rate=0.08)
    assert found.distance_after < 0.1 * found.distance_before
    ours = dict(zip(NAMES, model.mean.tolist(), strict=True))
    assert ours["exposure"] == pytest.approx(-1.2, abs=0.25)
    assert model.mean[NAMES.index("depth")] == 0
    assert ours["red"] == pytest.approx(-0.04)  # a cast is a matter of the scene


def test_the_fit_repeats_itself():
    def fitted():
        model = build(Degradation(), seed=1)
        fit_tones(model, pictures(8), pictures(8, seed=3) * 0.2, steps=3, batch=8)
        return model.mean.detach()

    assert torch.equal(fitted(), fitted())


def test_too_few_pictures_are_refused():
    with pytest.raises(DataError, match="two or more"):
        fit_tones(build(Degradation()), pictures(1), pictures(4), steps=1)


def test_statistics_tell_sets_apart_and_not_halves_of_one():
    first, second = tone_statistics(pictures(60)), tone_statistics(pictures(60, seed=1))
    darker = tone_statistics(pictures(60, seed=1) * 0.5)
    assert energy_distance(first, second) < 0.05 * energy_distance(first, darker)
    assert tone_statistics(pictures(4)[:, :1]).shape[0] == 4
    for value in (0.0, 1.0):
        flat = torch.full((3, 3, 16, 16), value, requires_grad=True)
        found = tone_statistics(flat)
        found.sum().backward()
        assert torch.isfinite(found).all()
        assert torch.isfinite(flat.grad).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_noise_is_measured_as_it_was_made(channels):
    module = build(Degradation(kind="neutral", channels_in=channels, channels_out=channels, clean=0.0), seed=2)
    grain = module.grain
    with torch.no_grad():
        grain.read.fill_(0.01)
        grain.shot.fill_(6e-4)
        grain.spread.fill_(0.3)
        grain.spread_channels.fill_(0.0)
        grain.between_channels.fill_(0.4)
        grain.between_neighbours.fill_(0.2)
    scenes = torch.nn.functional.interpolate(pictures(40, side=6), (160, 128), mode="bilinear")[:, :channels] * 0.6
    with torch.no_grad():
        noisy = module(0.05 + scenes)
    noise = measure_noise([image.permute(1, 2, 0).mul(255).round().byte().numpy() for image in noisy])
    assert noise is not None
    assert np.mean(noise.read) == pytest.approx(0.01, rel=0.3)
    assert np.mean(noise.shot) == pytest.approx(6e-4, rel=0.35)
    assert noise.spread == pytest.approx(0.3, abs=0.1)
    assert noise.spread_channels < 0.08
    assert noise.between_neighbours == pytest.approx(0.2, abs=0.06)
    assert noise.between_channels == pytest.approx(0.4 if channels == 3 else 0.0, abs=0.06)
    set_noise(module, noise)
    assert float(module.grain.side) == pytest.approx(np.sqrt(160 * 128), rel=1e-3)
    assert measure_noise([np.zeros((40, 40, 3), np.uint8)] * 3) is None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("views")
    draw = np.random.default_rng(0)
    for index, (height, width) in enumerate(((80, 120), (100, 60), (20, 90))):
        y, x = np.mgrid[:height, :width]
        slope = np.stack([y / height, x / width, draw.random() + 0 * x], -1)
        write(path / f"{index}.png", np.rint(slope * 255).astype(np.uint8))
    return PhotoFolder(path)


def test_views_show_most_of_a_picture(folder):
    sampler = ViewSampler(thumbnails_of(folder, cache_bytes=2**24), domain="B", seed=3)
    thumbnails, boxes = sampler.batch(5, 20)
    assert np.array_equal(sampler.batch(9, 1)[1][0], boxes[4])
    top, left, height, width = boxes.T
    left, width = np.minimum(left, left + width), np.abs(width)
    assert (width >= 0.6).all()
    assert (height >= 0.6 - 1e-6).all()
    assert (top >= 0).all()
    assert (top + height <= 1 + 1e-6).all()
    assert (left >= -1e-6).all()
    assert (left + width <= 1 + 1e-6).all()
    assert thumbnails.dtype == np.float32


def test_balanced_views_show_each_brightness_alike(tmp_path):
    for index in range(30):
        value = 20 if index < 24 else 120 if index < 27 else 230
        write(tmp_path / f"{index:02}.png", np.full((20, 20, 3), value, np.uint8))
    thumbnails = thumbnails_of(PhotoFolder(tmp_path), cache_bytes=2**24)
    plain, even = (balanced(thumbnails, share) for share in (0.0, 1.0))
    assert np.allclose(plain, 1 / 30)
    assert even.sum() == pytest.approx(1)
    assert even[24] == pytest.approx(24 / 5 * even[0])  # no group counts as less than five pictures
    sampler = ViewSampler(thumbnails, domain="B", seed=1, weights=even)
    pictures, _ = sampler.batch(0, 200)
    assert np.array_equal(sampler.batch(7, 1)[0][0], pictures[7])
    assert 0.3 < (pictures.mean((1, 2, 3)) < 0.2).mean() < 0.6
