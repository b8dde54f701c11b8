"""Shadows before something bright are opened, silhouettes and nights are not."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.recipes import auto
from diptych.recipes._shadows import Shadows


def scene(inside, outside=0.95, area=0.5, noise=0.0, seed=0):
    """Return a dark wall with texture, beside a bright window."""
    rng = np.random.default_rng(seed)
    wall = inside * rng.uniform(0.5, 1.5, (30, 30)).repeat(8, axis=0).repeat(8, axis=1)
    picture = np.where(np.arange(240) < 240 * area, wall, outside)
    picture = picture[:, :, np.newaxis] * np.ones(3) + rng.normal(0, noise, (240, 240, 3))
    return np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)


def test_shadows_before_a_window_are_opened_and_the_window_stays():
    image = scene(0.05)
    result = auto(image)
    assert np.median(result[:, :100]) >= 2 * np.median(image[:, :100])
    assert np.abs(result[:, 140:].astype(int) - image[:, 140:]).max() <= 12


@pytest.mark.parametrize("inside", [0.0, 0.004])
def test_silhouettes_stay(inside):
    image = scene(inside)
    assert Shadows.of(image.astype(np.float32) / 255).backlit < 0.05
    assert auto(image)[:, :100].mean() <= image[:, :100].mean() + 1.5


def test_black_things_in_good_light_stay():
    assert auto.plan(scene(0.12, area=0.2)).steps == ()


def test_noise_limits_what_is_opened():
    shadows = Shadows.of(scene(0.05).astype(np.float32) / 255)
    assert 0 <= shadows.lift(1.0, 0.02) < shadows.lift(1.0, 0.004) <= shadows.lift(1.0, 0.0)
    assert shadows.lift(1.0, 1.0) == pytest.approx(0.0)


def test_a_picture_that_is_dark_all_over_gets_less():
    dark = Shadows(area=0.95, middle=0.05, bright=0.1, lights=0.2)
    lit = Shadows(area=0.95, middle=0.05, bright=0.1, lights=0.6)
    assert dark.low_key > 0.9
    assert lit.low_key == 0
    assert dark.backlit == 0


def test_of_nothing_dark():
    found = Shadows.of(np.ones((1, 1, 3), np.float32))
    assert (found.area, found.backlit, found.low_key) == (0, 0, 0)
