"""The degradation model: changes nothing when it is neutral, repeats itself when it should, and can be moved by gradients."""

from __future__ import annotations

import copy

import pytest
import torch

from diptych import networks
from diptych.core.errors import ParameterError
from diptych.networks import Degradation
from diptych.networks.modules.degradation import NAMES
from diptych.networks.modules.smooth import above_zero

KINDS = ("low_light", "haze", "low_contrast", "noise", "neutral")


def picture(count=2, channels=3, side=32, seed=0):
    return torch.rand(count, channels, side, side + 5, generator=torch.Generator().manual_seed(seed))


def degradation(seed=1, **fields):
    return networks.build(Degradation(**fields), seed=seed)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_neutral_degradation_changes_nothing(channels):
    module = degradation(kind="neutral", bits=0, channels_in=channels, channels_out=channels)
    image = picture(channels=channels)
    image[..., 0], image[..., 1] = 0.0, 1.0
    assert torch.allclose(module(image), image, atol=2e-5)
    rounded = degradation(kind="neutral", channels_in=channels, channels_out=channels)((image * 255).round() / 255)
    assert torch.allclose(rounded, (image * 255).round() / 255, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_any_picture_gives_a_picture(kind, channels):
    module = degradation(kind=kind, channels_in=channels, channels_out=channels)
    for value in (0.0, 1.0):
        result = module(torch.full((2, channels, 9, 7), value))
        assert torch.isfinite(result).all()
    for side in (1, 2, 33):
        result = module(picture(3, channels, side))
        assert result.shape == (3, channels, side, side + 5)
        assert result.min() >= 0
        assert result.max() <= 1
        assert torch.allclose((result * 255).round(), result * 255, atol=1e-3)


def test_what_the_presets_do():
    image = picture(64, 3, 16)
    dark = degradation(kind="low_light")(image)
    haze = degradation(kind="haze")(image)
    flat = degradation(kind="low_contrast")(image)
    assert dark.mean() < 0.4 * image.mean()
    assert haze.mean() > image.mean()
    assert haze.std() < 0.8 * image.std()
    assert flat.std() < 0.8 * image.std()
    assert (degradation(kind="noise")(image).mean() - image.mean()).abs() < 0.02


def test_some_everyday_samples_have_less_light_and_nothing_else():
    module = degradation(everyday=1.0, clean=1.0, bits=0)
    image = picture(256, 3, 16) * 0.9 + 0.05
    ratios = (module(image).detach() / image).flatten(1)
    only_darker = [float(ratio.mean()) for ratio in ratios if ratio.std() < 1e-4 * ratio.mean()]
    assert 15 < len(only_darker) < 40  # the share of the kind, 0.35, times that of samples without noise, 0.3
    assert 0.1 < min(only_darker) < 0.4
    assert max(only_darker) < 1


def test_each_call_is_a_new_sample_and_a_loaded_module_goes_on():
    module, image = degradation(), picture()
    first, second = module(image), module(image)
    assert not torch.equal(first, second)
    again = degradation()
    assert torch.equal(again(image), first)
    loaded = degradation(seed=99)
    loaded.load_state_dict(again.state_dict())
    assert torch.equal(loaded(image), second)
    assert not torch.equal(degradation(seed=2)(image), first)


def test_torchs_own_generator_is_left_alone():
    state = torch.random.get_rng_state()
    degradation()(picture())
    assert torch.equal(torch.random.get_rng_state(), state)


def test_in_evaluation_it_is_the_typical_sample():
    module = degradation().eval()
    before = copy.deepcopy(module.state_dict())
    assert torch.equal(module(picture()), module(picture()))
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_a_part_is_degraded_as_the_whole():
    module, whole = degradation(kind="haze", bits=0), picture(2, 3, 64)
    sample = module.sample(whole)
    height, width = whole.shape[-2:]
    top, left, tall, wide = 16, 23, 24, 40
    boxes = torch.tensor([[top / height, left / width, tall / height, wide / width]]).expand(2, 4)
    part = module.degrade(whole[:, :, top : top + tall, left : left + wide], sample, boxes=boxes, noise=0.0)
    expected = module.degrade(whole, sample, noise=0.0)[:, :, top : top + tall, left : left + wide]
    assert torch.allclose(part, expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["low_light", "haze"])
def test_gradients_reach_every_value(kind):
    module = degradation(kind=kind)
    (module(picture(8)) * picture(8, seed=1)).sum().backward()
    for weights in (module.mean, module.log_deviation):
        assert torch.isfinite(weights.grad).all()
        moved = {name for name, slope in zip(NAMES, weights.grad, strict=True) if slope != 0}
        # A kind's model keeps to what the kind has.
        assert moved == {"exposure", "gamma"} | ({"depth", "air"} if kind == "haze" else set())


def test_black_still_has_a_gradient():
    below = torch.tensor([[[[-0.002]]]], requires_grad=True)
    above_zero(below).sum().backward()
    assert float(above_zero(below.detach())) == 0
    assert float(below.grad) > 0.1


def test_noise_has_the_variance_and_the_correlations_that_are_set():
    module = degradation(kind="neutral", bits=0, spread=0.0, clean=0.0)
    grain = module.grain
    with torch.no_grad():
        grain.read.copy_(torch.tensor([0.01, 0.02, 0.03]))
        grain.shot.fill_(4e-4)
        grain.between_channels.fill_(0.4)
        grain.between_neighbours.fill_(0.25)
    noise = module(torch.full((4, 3, 128, 128), 0.5)).detach() - 0.5
    expected = (grain.read**2 + grain.shot * 0.5).sqrt()
    assert torch.allclose(noise.std((0, 2, 3)), expected, rtol=0.03)
    unit = noise / noise.std((0, 2, 3), keepdim=True)
    assert float((unit[:, 0] * unit[:, 1]).mean()) == pytest.approx(0.4, abs=0.03)
    assert float((unit[..., 1:] * unit[..., :-1]).mean()) == pytest.approx(0.25, abs=0.02)
    assert float((unit[..., 2:, :] * unit[..., :-2, :]).mean()) < 0.08


def test_a_smaller_copy_keeps_the_noise_that_averaging_leaves():
    module = degradation(kind="neutral", bits=0, spread=0.0, clean=0.0)
    with torch.no_grad():
        module.grain.read.fill_(0.02)
        module.grain.side.fill_(128.0)
    noise = module(torch.full((4, 3, 128, 128), 0.5)).detach() - 0.5
    small = torch.nn.functional.avg_pool2d(noise, 8)
    assert float(small.std()) == pytest.approx(0.02 * module.noise_at(16), rel=0.1)
    assert module.noise_at(1000) == 1.0


@pytest.mark.parametrize("fields", [{"residual": True}, {"channels_in": 1}, {"bits": 17}, {"kind": "fog"}])
def test_what_does_not_fit_is_refused(fields):
    with pytest.raises(ParameterError, match="degradation"):
        Degradation(**fields)
