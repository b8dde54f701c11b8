"""The generator that plans: where it begins, sizes, gradients, what it sees, and the operator in torch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from diptych import networks
from diptych.core.errors import ParameterError
from diptych.networks import Planner
from diptych.networks.modules.develop import develop
from diptych.networks.modules.planner import balance_of
from diptych.operators import develop as operator
from plain_area import plain_area
from planner_helpers import CONFIGS, awaken

COLOUR, GREY = CONFIGS["colour"], CONFIGS["grey"]


def picture(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("config", [COLOUR, GREY], ids=["colour", "grey"])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (32, 32), (45, 61)], ids=str)
@pytest.mark.parametrize("mode", [True, False], ids=["training", "evaluation"])
def test_any_size_and_bounds(config, size, mode):
    image = picture(2, config.channels_in, *size)
    result = awaken(networks.build(config)).train(mode)(image)
    assert result.shape == image.shape
    assert torch.isfinite(result).all()
    assert result.min() >= 0
    assert result.max() <= 1


@pytest.mark.parametrize("config", [COLOUR, GREY], ids=["colour", "grey"])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_black_and_white_pictures_are_finite(config, value):
    module = awaken(networks.build(config))
    image = torch.full((1, config.channels_in, 20, 24), value)
    module(image).sum().backward()
    grads = [weights.grad for weights in module.parameters() if weights.grad is not None]
    assert len(grads) > 10
    assert all(torch.isfinite(grad).all() for grad in grads)


@pytest.mark.parametrize("config", [COLOUR, GREY], ids=["colour", "grey"])
def test_numbers_are_those_of_the_config_and_in_the_bounds_of_the_operator(config):
    module = awaken(networks.build(config), strength=3.0).eval()
    thumbnails = picture(16, config.channels_in, 32, 32) ** torch.linspace(0.5, 6, 16)[:, None, None, None]
    with torch.no_grad():
        numbers = module.predict(thumbnails)
    assert tuple(numbers) == config.outputs
    for name, values in numbers.items():
        assert values.shape == (16, 1, 1, 1)
        if name == "spread":
            assert values.min() > 0
        else:
            bounds = operator.declaration.parameter(name)
            assert values.min() >= bounds.minimum, name
            assert values.max() <= bounds.maximum, name


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (33, 100), (64, 96)], ids=str)
def test_the_thumbnail_is_the_average_of_areas(size):
    image = picture(1, 3, *size)
    found = networks.build(COLOUR).thumbnail(image)[0].permute(1, 2, 0).numpy()
    assert np.abs(found - plain_area(image[0].permute(1, 2, 0).numpy(), 32)).max() < 1e-6


def test_a_fresh_one_changes_little():
    module = networks.build(Planner(thumbnail=32), seed=4).eval()
    image = 0.2 + 0.6 * picture(1, 3, 40, 48)
    assert (module(image) - image).abs().max() < 0.05


def test_the_mirror_image_of_a_picture_becomes_that_of_the_result():
    module = awaken(networks.build(replace(COLOUR, dropout=0.0))).eval()
    image = picture(2, 3, 40, 56) ** 2 * torch.linspace(0.2, 1, 56)
    with torch.no_grad():
        result, mirrored = module(image), module(image.flip(-1)).flip(-1)
        assert torch.allclose(mirrored, result, atol=1e-5)
        module.train()  # where the thumbnail alone decides, and steps cost half
        assert not torch.allclose(module(image.flip(-1)).flip(-1), result, atol=1e-4)


def test_dropout_is_for_training_alone():
    dropping, keeping = (awaken(networks.build(replace(COLOUR, dropout=rate))) for rate in (0.5, 0.0))
    image = picture(2, 3, 32, 32)
    with torch.no_grad():
        assert not torch.equal(dropping(image), dropping(image))
        assert torch.equal(keeping(image), keeping(image))
        assert torch.equal(dropping.eval()(image), keeping.eval()(image))


@pytest.mark.parametrize("config", [COLOUR, GREY], ids=["colour", "grey"])
def test_gradients_reach_every_parameter(config):
    module = awaken(networks.build(replace(config, dropout=0.0)))
    image = 0.1 + 0.4 * picture(4, config.channels_in, 48, 40)
    numbers = module.predict(module.thumbnail(image))
    result = module.render(image, numbers)
    ((result * picture(*result.shape, seed=1)).sum() + numbers["spread"].log().sum()).backward()
    for name, weights in module.named_parameters():
        assert torch.isfinite(weights.grad).all(), name
        assert (weights.grad.reshape(len(weights), -1).abs().amax(1) > 0).any(), name
    assert (module.head.weight.grad.abs().amax(1) > 0).all()  # every number


def test_the_spread_changes_no_pixel():
    module = networks.build(COLOUR).eval()
    image = picture(1, 3, 20, 20)
    numbers = module.predict(module.thumbnail(image))
    wider = numbers | {"spread": numbers["spread"] * 3}
    assert torch.equal(module.render(image, numbers), module.render(image, wider))


def test_it_learns_a_darkening():
    bright = 0.3 + 0.6 * picture(4, 3, 32, 32)
    dark = 0.2 * bright**2
    module = networks.build(Planner(width=4, thumbnail=32, dropout=0.0), seed=1)
    optimiser = torch.optim.AdamW(module.parameters(), lr=1e-2)
    errors = []
    for _ in range(60):
        loss = (module(dark) - bright).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        errors.append(float(loss.detach()))
    assert errors[-1] < 0.1 * errors[0]


def test_the_balance_makes_casts_grey():
    cast = picture(2, 1, 16, 16) * torch.tensor([0.5, 0.8, 0.9])[:, None, None]
    warmth, tint = balance_of(cast)
    balanced = develop(cast, {"warmth": warmth, "tint": tint}).mean((2, 3))
    assert (balanced.amax(1) / balanced.amin(1) - 1).max() < 0.02
    assert all(value.abs().max() < 1e-6 for value in balance_of(picture(2, 1, 9, 9).expand(2, 3, 9, 9)))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"residual": True}, "residual = True is not allowed"),
        ({"channels_in": 1}, "make them equal"),
        ({"channels_in": 2}, "channels_in = 2 is not allowed"),
        ({"thumbnail": 100}, "thumbnail = 100 is not allowed"),
    ],
)
def test_bad_fields_are_refused(fields, words):
    with pytest.raises(ParameterError, match=words):
        Planner(**fields)


def test_what_the_config_says_of_itself():
    assert (COLOUR.receptive_field, COLOUR.receptive_field_radius, COLOUR.multiple) == (1, 0, 1)
    assert networks.from_dict(networks.to_dict(GREY)) == GREY
    assert set(COLOUR.outputs) - set(GREY.outputs) == {"follow", "saturation", "warmth", "tint", "color_floor"}
