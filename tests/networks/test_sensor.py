"""Cameras of the degradation model: noise before the curve of tones, a matrix that keeps grey, the same for the same seed."""

from __future__ import annotations

import copy

import pytest
import torch

from diptych import networks
from diptych.networks import Degradation


def camera(**fields):
    return networks.build(Degradation(camera=True, kind="neutral", clean=0.0, bits=0, **fields), seed=1)


def ramp(channels=3, count=256, side=24):
    values = torch.linspace(0, 1, side).expand(count, channels, side, side)
    return values.contiguous()


@pytest.mark.parametrize("channels", [1, 3])
def test_any_picture_gives_a_picture(channels):
    module = camera(channels_in=channels, channels_out=channels)
    for side in (1, 2, 17):
        result = module(torch.rand(2, channels, side, side + 3))
        assert torch.isfinite(result).all()
        assert result.min() >= 0
        assert result.max() <= 1


def test_grey_stays_grey_without_noise_and_black_and_white_stay():
    module = camera(noise=0.0)
    result = module(ramp())
    assert torch.allclose(result, result.mean(1, keepdim=True), atol=1e-4)
    assert result[..., 0].max() < 1e-3
    assert result[..., -1].min() > 0.999


def test_noise_comes_before_the_curve_so_that_shadows_have_more_of_it():
    module = camera()
    image = torch.cat([torch.full((200, 3, 16, 16), value) for value in (0.04, 0.7)])
    sample = module.sample(image)
    noise = module.degrade(image, sample) - module.degrade(image, sample, noise=0.0)
    dark, bright = noise[:200].std((1, 2, 3)).median(), noise[200:].std((1, 2, 3)).median()
    assert 1.2 * bright < dark < 10 * bright
    red, green, _ = noise[:200].std((0, 2, 3))
    assert red > 1.1 * green  # its gain is the larger one in most cameras


def test_a_mean_of_many_noisy_values_is_what_a_small_copy_has():
    module = camera(noise=3.0)
    image = torch.full((24, 3, 96, 96), 0.06)
    sample = module.sample(image)
    noisy = module.degrade(image, sample).mean((2, 3))
    small = module.degrade(image[..., :4, :4], sample, noise=0.0, averaged=True).mean((2, 3))
    clean = module.degrade(image[..., :4, :4], sample, noise=0.0).mean((2, 3))
    moved = (noisy - clean).abs().mean()
    assert moved > 0.002
    assert (noisy - small).abs().mean() < 0.5 * moved  # five nodes are coarse near black


def test_the_same_seed_and_number_give_the_same_pictures():
    module = camera()
    other = copy.deepcopy(module)
    image = torch.rand(3, 3, 16, 16)
    assert torch.equal(module(image), other(image))
    assert not torch.equal(module(image), other(image) * 0)
