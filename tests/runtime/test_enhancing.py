"""What happens when nothing else is said."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data

import diptych as dp
from diptych.core.noise import noise_level
from diptych.recipes import auto
from diptych.runtime import DefaultEnhancer


@pytest.fixture(scope="module")
def dark():
    noise = np.random.default_rng(0).normal(0, 2.5, (200, 300, 3))
    return np.clip(0.08 * data.coffee()[::2, ::2] + noise, 0, 255).astype(np.uint8)


def test_a_dark_picture_becomes_bright_and_calm(dark):
    best, fast = DefaultEnhancer()(dark), DefaultEnhancer(profile="fast")(dark)
    for result in (best, fast):
        assert result.dtype == np.uint8
        assert result.mean() > 3 * dark.mean()
    luma = [image @ np.array([0.299, 0.587, 0.114]) for image in (best, fast)]
    assert noise_level(luma[0].astype(np.float32)) < 0.5 * noise_level(luma[1].astype(np.float32))


def test_depths_agree(dark):
    box = DefaultEnhancer()
    eight, sixteen = box(dark), box(dark.astype(np.uint16) * 257)
    floats = box(dark.astype(np.float32) / np.float32(255))
    assert np.abs(eight / 255 - sixteen / 65535).max() < 1.5 / 255
    assert np.abs(floats - sixteen / 65535).max() < 1.5 / 255


def test_a_good_picture_is_left_nearly_alone():
    good = data.astronaut()[::2, ::2]
    difference = (DefaultEnhancer()(good) / 255.0 - good / 255.0) ** 2
    assert -10 * np.log10(difference.mean()) > 20


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1), (20, 30, 2), (20, 30, 5)])
def test_other_channels_get_auto(shape):
    image = (np.random.default_rng(1).random(shape) * 60).astype(np.uint8)
    assert np.array_equal(dp.enhance(image), auto(image))


def test_a_night_with_lights_stays_a_night():
    night = np.full((120, 160, 3), 2, np.uint8)
    night[40:60, ::6] = (250, 220, 150)
    assert np.array_equal(dp.enhance(night), auto(night))
