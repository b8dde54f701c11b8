"""The operator `develop` in torch: the same as the operator, with gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from diptych.networks.modules.develop import develop, guided
from diptych.operators import develop as operator
from diptych.operators.guided import guided_filter

BOUNDS = {"exposure": (-1, 6), "gamma": (0.5, 2), "shadows": (0, 4), "toe": (0, 0.1), "protect": (0, 3)}
BOUNDS |= {
    "follow": (0, 1),
    "saturation": (0.3, 1.5),
    "warmth": (-0.3, 0.3),
    "tint": (-0.3, 0.3),
    "local": (0, 1),
    "color_floor": (0.005, 0.1),
}


def drawn(draw):
    return {name: float(draw.uniform(*bounds)) for name, bounds in BOUNDS.items()}


def planes(image):
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)[np.newaxis]))


def tensors(numbers):
    return {name: torch.full((1, 1, 1, 1), value) for name, value in numbers.items()}


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("size", [(1, 1), (3, 50), (40, 61), (150, 90)], ids=str)
def test_it_is_the_operator(channels, size):
    draw = np.random.default_rng(channels)
    for _ in range(4):
        image = (draw.random((*size, channels)) ** 2).astype(np.float32)
        numbers = drawn(draw)
        found = develop(planes(image), tensors(numbers))[0].numpy().transpose(1, 2, 0)
        assert np.abs(found - operator(image, **numbers)).max() < 2e-3, numbers


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (40, 61)], ids=str)
def test_the_guided_filter_is_that_of_the_operators(size):
    image = np.random.default_rng(0).random(size, np.float32)
    found = guided(torch.from_numpy(image)[None, None], 4)[0, 0].numpy()
    assert np.abs(found - guided_filter(image, image, 9, 0.01)).max() < 1e-5


def test_without_numbers_nothing_changes():
    image = torch.rand(2, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(develop(image, {}), image, atol=1e-6)


def test_gradients_reach_every_number_and_are_finite():
    draw = np.random.default_rng(3)
    for image in (np.zeros((20, 20, 3)), np.full((20, 20, 3), 0.4), np.ones((20, 20, 3)), draw.random((20, 20, 3))):
        given = {name: value.requires_grad_() for name, value in tensors(drawn(draw)).items()}
        develop(planes(image.astype(np.float32)), given).sum().backward()
        assert all(torch.isfinite(value.grad).all() for value in given.values())
    assert all(value.grad.abs() > 0 for value in given.values())


POINTS = {
    "brighter": {
        "exposure": 1.5,
        "gamma": 0.8,
        "shadows": 2.0,
        "local": 0.5,
        "toe": 0.005,
        "protect": 1.0,
        "follow": 0.7,
    }
    | {"saturation": 1.2, "warmth": 0.1, "tint": -0.05, "color_floor": 0.02},
    "darker": {"exposure": -1.0, "gamma": 1.3, "shadows": 0.5, "local": 0.2, "toe": 0.01, "protect": 0.5, "follow": 0.2}
    | {"saturation": 0.8, "warmth": -0.2, "tint": 0.1, "color_floor": 0.01},
}


@pytest.mark.parametrize("point", POINTS)
def test_the_gradients_are_those_of_finite_differences(point):
    image = planes(np.random.default_rng(1).uniform(0.02, 0.9, (5, 6, 3))).requires_grad_()
    values = [
        torch.full((1, 1, 1, 1), value, dtype=torch.float64, requires_grad=True) for value in POINTS[point].values()
    ]

    def developed(image, *values):
        return develop(image, dict(zip(POINTS[point], values, strict=True)))

    assert torch.autograd.gradcheck(developed, (image, *values), eps=1e-7, atol=1e-5)


def test_every_picture_of_a_batch_has_numbers_of_its_own():
    images = planes(np.random.default_rng(2).random((20, 30, 3), np.float32)).repeat(3, 1, 1, 1)
    numbers = {
        "exposure": [-1.0, 0.0, 2.0],
        "warmth": [0.2, 0.0, -0.3],
        "tint": [0.0, 0.1, 0.0],
        "shadows": [0.0, 1.0, 2.0],
    }
    together = develop(images, {name: torch.tensor(values).view(3, 1, 1, 1) for name, values in numbers.items()})
    for index in range(3):
        alone = develop(images[:1], tensors({name: values[index] for name, values in numbers.items()}))
        assert torch.allclose(alone[0], together[index], atol=1e-5)
