"""What is true of every tone operator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import diptych as dp
from diptych import operators
from strategies import images

often = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

TONE = [name for name in operators.names() if operators.declaration(name).curve is not None]
NEUTRAL = {
    "gamma": {"gamma": 1.0},
    "levels": {},
    "sigmoid": {"gain": 0.0},
    "log_tone": {"gain": 0.0},
    "white_balance": {"amount": 0.0},
    "specify_histogram": {"amount": 0.0},
    "stretch": {"low": 0.0, "high": 100.0},
}
MONOTONE = ["gamma", "levels", "sigmoid", "log_tone", "specify_histogram", "stretch", "equalize"]


def test_there_are_tone_operators():
    assert set(NEUTRAL) | set(MONOTONE) <= set(TONE)


@pytest.mark.parametrize("name", sorted(set(NEUTRAL) - {"stretch"}))
@often
@given(image=images())
def test_neutral_parameters_change_nothing(name, image):
    result = operators.get(name)(image, **NEUTRAL[name])
    assert np.abs(result.astype(np.float64) - image).max() <= (1e-6 if image.dtype.kind == "f" else 0)


@pytest.mark.parametrize("name", MONOTONE)
@often
@given(image=images(channels=(1,)))
def test_brighter_stays_brighter(name, image):
    result = operators.get(name)(image).ravel().astype(np.float64)
    order = np.argsort(image.ravel(), kind="stable")
    assert np.diff(result[order]).min(initial=0) >= -1e-6


@pytest.mark.parametrize("name", [name for name in TONE if name != "match_histogram"])
@often
@given(image=images(dtypes=("uint8", "float32")))
def test_where_a_pixel_lies_does_not_matter(name, image):
    call = operators.get(name)
    for move in (lambda x: x[::-1], lambda x: x[:, ::-1], np.rot90):
        moved = call(np.ascontiguousarray(move(image)))
        assert np.abs(moved.astype(np.float64) - move(call(image))).max() <= (1e-5 if image.dtype.kind == "f" else 1)


def test_stretch_reaches_black_and_white():
    image = np.random.default_rng(0).integers(50, 150, (64, 64, 3), np.uint8)
    result = operators.stretch(image, low=0, high=100)
    assert (result.min(), result.max()) == (0, 255)


def test_each_channel_of_a_cast_is_balanced():
    grey = np.random.default_rng(0).random((64, 64, 1))
    cast = (grey * [0.9, 0.6, 0.3]).astype(np.float32)
    balanced = operators.white_balance(cast, norm=1.0).mean(axis=(0, 1))
    assert np.ptp(balanced) < 0.01


def test_two_recipes_of_tone_steps_fuse_to_the_same(monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    both = dp.Recipe(dp.step("gamma", gamma=0.5), dp.step("gamma", gamma=2.0))
    assert np.abs(both(image).astype(int) - image).max() <= 1
