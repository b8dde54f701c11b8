"""What happens when nothing else is said."""

from __future__ import annotations

import re

import numpy as np
import pytest
from skimage import data

import diptych as dp
from diptych.core.errors import ParameterError
from diptych.core.image import convert
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
    assert np.array_equal(dp.enhance(image, denoise=-1), dp.enhance(image, auto, denoise=-1))
    assert [one.operator for one in dp.plan(image).denoising.steps] == ["denoise"]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_what_is_planned_is_done(dark, dtype):
    image = convert(dark, np.dtype(dtype))
    for wishes in ({}, {"strength": 0.4}, {"brightness": -1, "shadows": 0.5, "warmth": 1, "denoise": 0.5}):
        assert np.array_equal(dp.plan(image, **wishes)(image), dp.enhance(image, **wishes))
        assert np.array_equal(dp.plan(image, auto, **wishes)(image), dp.enhance(image, auto, **wishes))
    assert dp.plan(image, auto) == auto.plan(image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_strength_0_is_the_picture_bit_for_bit(dark, dtype):
    image = convert(dark, np.dtype(dtype))
    for enhancer in (None, auto, dp.Recipe(dp.step("gamma", gamma=0.5))):
        made = dp.enhance(image, enhancer, strength=0)
        assert made.dtype == image.dtype
        assert np.array_equal(made, image)
    assert np.array_equal(dp.enhance(image, strength=0, brightness=2, denoise=1), image)


def test_photos_keep_what_cannot_be_seen(dark):
    alpha = np.full(dark.shape[:2], 255, np.uint8)
    alpha[50:90, 20:] = 0
    pixels = dark.copy()
    pixels[50:90, 20:] = (255, 0, 255)
    photo = dp.Photo(pixels, alpha=alpha)
    untouched = dp.enhance(photo, strength=0)
    assert np.array_equal(untouched.pixels, pixels)
    assert np.array_equal(untouched.alpha, alpha)
    made = dp.enhance(photo, dp.plan(photo, brightness=1))
    assert np.array_equal(made.pixels, dp.enhance(photo, brightness=1).pixels)
    assert np.array_equal(made.pixels[alpha == 0], pixels[alpha == 0])


def test_photos_of_which_nothing_can_be_seen_stay_as_they_are(dark):
    photo = dp.Photo(dark, alpha=np.zeros(dark.shape[:2], np.uint8))
    for enhancer in (None, auto, dp.Recipe(dp.step("gamma", gamma=0.5))):
        assert np.array_equal(dp.enhance(photo, enhancer).pixels, dark)


def test_a_part_of_what_does_not_plan_is_blended(dark):
    recipe = dp.Recipe(dp.step("gamma", gamma=0.5))
    for image in (dark, convert(dark, np.dtype(np.uint16)), convert(dark, np.dtype(np.float32))):
        whole = dp.enhance(image, recipe)
        assert np.array_equal(dp.enhance(image, recipe, strength=1), whole)
        half = dp.enhance(image, recipe, strength=0.5)
        assert half.dtype == image.dtype
        error = np.abs(half.astype(float) - (image.astype(float) + whole.astype(float)) / 2)
        assert error.max() <= (1e-6 if image.dtype.kind == "f" else 0.5)


@pytest.mark.parametrize(
    ("enhancer", "wishes", "words"),
    [
        (None, {"strength": 1.01}, "strength = 1.01 is not allowed; give 0 to 1"),
        (None, {"brightness": -3.1}, "brightness = -3.1 is not allowed; give -3 to 3 stops"),
        (None, {"shadows": float("nan")}, "shadows = nan"),
        (None, {"warmth": "much"}, "warmth = 'much'"),
        (None, {"saturation": True}, "saturation = True"),
        (None, {"denoise": None}, "denoise = None"),
        (dp.Recipe(), {"brightness": 1, "denoise": -1}, "`brightness` and `denoise` cannot be wished of 'recipe'"),
        (dp.Recipe(dp.step("flip")), {"strength": 0.5}, "flip"),
        (dp.Recipe(dp.step("zoom", factor=0.5)), {"strength": 0.5}, "zoom"),
    ],
)
def test_wishes_that_are_refused(dark, enhancer, wishes, words):
    with pytest.raises(ParameterError, match=re.escape(words)):
        dp.enhance(dark, enhancer, **wishes)


def test_who_does_not_plan_is_refused(dark):
    with pytest.raises(ParameterError, match="'recipe' does not plan"):
        dp.plan(dark, dp.Recipe())
    with pytest.raises(ParameterError, match="profile = 'slow'"):
        DefaultEnhancer(profile="slow")


def test_a_night_with_lights_stays_a_night():
    night = np.full((120, 160, 3), 2, np.uint8)
    night[40:60, ::6] = (250, 220, 150)
    assert np.array_equal(dp.enhance(night, denoise=-1), dp.enhance(night, auto, denoise=-1))


def test_a_saved_plan_is_read_and_done_again(tmp_path):
    generator = np.random.default_rng(3)
    ground = np.linspace(0.02, 0.12, 96)[:, np.newaxis, np.newaxis]
    noisy = dp.Photo(np.rint(255 * np.clip(ground + generator.normal(0, 0.02, (96, 96, 3)), 0, 1)).astype(np.uint8))
    plan = dp.plan(noisy)
    assert plan.steps[0].operator == "denoise"
    plan.save(tmp_path / "plan.toml")
    again = dp.enhance(noisy, dp.Recipe.load(tmp_path / "plan.toml"))
    assert np.array_equal(again.pixels, dp.enhance(noisy).pixels)
