"""The refiner: what it sees, where its flow leads, and that a strength of 0 does nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from diptych import networks
from diptych.core.errors import MissingExtraError, ParameterError
from diptych.core.positional_noise import positional_noise
from diptych.networks import Refiner
from diptych.networks.modules.refiner import ChannelNorm, StepModule
from diptych.networks.refiner import times
from refiner_helpers import SMALL, module


def picture(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_noise_belongs_to_the_place():
    whole = positional_noise(3, 40, 50, 2)
    assert np.array_equal(positional_noise(3, 7, 9, 2, top=20, left=41), whole[:, 20:27, 41:50])
    assert not np.array_equal(positional_noise(4, 40, 50, 2), whole)
    large = positional_noise(0, 300, 300, 3)
    assert abs(large.mean()) < 0.01
    assert large.std() == pytest.approx(1, abs=0.01)
    neighbours = [np.corrcoef(large[0, :-1].ravel(), large[0, 1:].ravel())[0, 1]]
    neighbours += [np.corrcoef(large[0, :, :-1].ravel(), large[0, :, 1:].ravel())[0, 1]]
    neighbours += [np.corrcoef(large[0].ravel(), large[1].ravel())[0, 1]]
    assert np.abs(neighbours).max() < 0.015


@pytest.mark.parametrize("fields", [{}, {"levels": 1}, {"levels": 2, "layers": 2}, {"levels": 3}], ids=str)
def test_reach_is_an_upper_bound_and_not_far_off(fields):
    config = Refiner(**{"width": 8, "levels": 2, **fields})
    made, side = module(config).double(), 2 * config.receptive_field_radius_of_step + 4 * config.multiple
    middle = side // 2 // config.multiple * config.multiple
    state = picture(1, 3, side, side).double()
    seen = []
    for place in range(middle, middle + config.multiple):
        given = state.clone().requires_grad_()
        made.velocity(given, given, torch.tensor([0.5]).double())[0, :, place, middle].sum().backward()
        rows = given.grad.abs().sum((0, 1, 3)).nonzero()[:, 0]
        seen.append(max(place - int(rows.min()), int(rows.max()) - place))
    assert (
        config.receptive_field_radius_of_step - 2 * config.multiple
        <= max(seen)
        <= config.receptive_field_radius_of_step
    )


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 7), (33, 20)], ids=str)
def test_any_size(size):
    image = picture(2, 3, *size)
    result = module()(image)
    assert result.shape == image.shape
    assert torch.isfinite(result).all()
    assert 0 <= float(result.min()) <= float(result.max()) <= 1


def test_strength_0_is_the_first_result_and_the_change_grows():
    made, first = module(), picture(1, 3, 32, 32)
    assert torch.equal(made.refine_seeded(first, strength=0.0, steps=4, seed=0), first)
    changes = [
        float((made.refine_seeded(first, strength=strength, steps=2, seed=0) - first).abs().mean())
        for strength in (0.05, 0.3, 1.0)
    ]
    assert 0 < changes[0] < changes[1] < changes[2]


def test_it_begins_as_the_identity():
    fresh, first = networks.build(SMALL, seed=1), 0.2 + 0.6 * picture(1, 3, 16, 16)
    noise = picture(1, 3, 16, 16, seed=1) - 0.5
    assert torch.allclose(fresh.refine(first, noise, strength=1.0, steps=1), first, atol=1e-6)


def test_a_perfect_velocity_leads_to_the_good_picture(monkeypatch):
    made, first, good = module(), picture(1, 3, 16, 16), picture(1, 3, 16, 16, seed=1)
    noise = torch.randn(first.shape, generator=torch.Generator().manual_seed(2))
    monkeypatch.setattr(made, "velocity", lambda state, given, time: given + SMALL.noise * noise - good)
    for steps in (1, 4):
        assert torch.allclose(made.refine(first, noise, strength=1.0, steps=steps), good, atol=1e-5)
        halfway = made.refine(first, noise, strength=0.5, steps=steps)
        assert torch.allclose(halfway, (first + good) / 2, atol=1e-5)


def test_chained_steps_are_what_the_scheduler_does():
    made, first = module(), picture(1, 3, 24, 20)
    noise = torch.from_numpy(positional_noise(0, 24, 20, 3))[None]
    step, passed = StepModule(made), times(3)
    state = first + SMALL.noise * noise
    for time, then in itertools.pairwise(passed):
        planes = [torch.full_like(first[:, :1], value) for value in (time, then)]
        state = step(torch.cat([state, first, *planes], 1))
    expected = made.refine(first, noise, strength=0.7, steps=3)
    assert torch.allclose((first + 0.7 * (state - first)).clamp(0, 1), expected, atol=1e-5)
    assert not torch.allclose(expected, first, atol=1e-2)


def test_every_normalisation_is_local():
    made = networks.build(SMALL)
    assert not [part for part in made.modules() if isinstance(part, torch.nn.GroupNorm)]
    values = picture(2, 6, 3, 4).double()
    normal = ChannelNorm(6).double()(values)
    assert torch.allclose(normal, torch.layer_norm(values.movedim(1, 3), (6,)).movedim(3, 1), atol=1e-9)


def test_config():
    assert networks.from_dict(networks.to_dict(SMALL)) == SMALL
    assert (SMALL.multiple, SMALL.graph_channels) == (4, (8, 3))
    count = sum(weights.numel() for weights in networks.build(Refiner(width=32)).parameters())
    assert 0.4e6 < count < 3e6
    for fields, words in (({"channels_in": 1}, "equal"), ({"residual": True}, "residual"), ({"width": 10}, "width")):
        with pytest.raises(ParameterError, match=words):
            Refiner(**fields)


def test_without_diffusers_the_message_names_the_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(MissingExtraError, match=r"diptych\[refine\]"):
        networks.build(SMALL)


def test_its_cost_is_that_of_its_steps():
    one, three = (networks.cost(Refiner(width=8, levels=1, steps=steps), height=32, width=48) for steps in (1, 3))
    assert one.parameters == three.parameters > 0
    assert three.multiply_adds == 3 * one.multiply_adds
