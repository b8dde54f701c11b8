"""The recipe auto: decides from the image alone, and does no harm."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from skimage import data

import diptych as dp
from diptych.core.image import from_float, to_float

RNG = np.random.default_rng(0)
KINDS = {
    "black": np.zeros((60, 80, 3)),
    "grey": np.full((60, 80, 3), 0.5),
    "white": np.ones((60, 80, 3)),
    "almost flat": np.where(np.arange(80)[np.newaxis, :, np.newaxis] < 40, 0.5, 0.52) * np.ones((60, 80, 3)),
    "binary": (RNG.random((60, 80, 3)) > 0.5).astype(float),
    "noise": RNG.random((60, 80, 3)),
    "dark noise": 0.05 * RNG.random((60, 80, 3)),
    "one pixel": np.full((1, 1, 3), 0.3),
    "two channels": RNG.random((30, 40, 2)),
    "seven channels": 0.1 * RNG.random((30, 40, 7)),
    "no channel axis": RNG.random((30, 40)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64", "bool"])
def test_auto_runs_on_anything(kind, dtype):
    image = from_float(KINDS[kind].astype(np.float32), np.dtype(dtype))
    result = dp.auto(image)
    assert result.dtype == image.dtype
    assert result.shape == image.shape
    assert dp.Recipe.from_toml(dp.auto.plan(image).to_toml()) == dp.auto.plan(image)


@pytest.mark.parametrize("kind", ["grey", "white", "black", "almost flat"])
def test_blank_pictures_come_back_as_they_are(kind):
    image = from_float(KINDS[kind].astype(np.float32), np.dtype(np.uint8))
    assert np.abs(dp.auto(image).astype(int) - image).max() <= 1


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
def test_a_good_picture_is_left_nearly_alone(name):
    image = getattr(data, name)()
    error = np.mean((to_float(dp.auto(image)) - to_float(image)) ** 2)
    assert 10 * np.log10(1 / max(error, 1e-12)) > 28


def test_a_dark_noisy_picture_comes_closer_to_the_truth():
    truth = data.chelsea()
    light = (to_float(truth) ** 2.2) * 0.05
    dark = from_float(
        np.clip(light ** (1 / 2.2) + RNG.normal(0, 0.006, truth.shape), 0, 1).astype(np.float32), truth.dtype
    )

    def psnr(image):
        return dp.metrics.psnr(image, truth)

    assert psnr(dp.auto(dark)) > psnr(dark) + 6
    assert [step.operator for step in dp.auto.plan(dark).steps][:2] == ["denoise_photo", "develop"]


def test_a_share_of_the_cast_of_a_dark_picture_goes():
    truth = to_float(data.coffee())
    for cast in ([0.30, 0.22, 0.16], [0.18, 0.22, 0.30], [0.22, 0.28, 0.20]):
        dark = from_float(truth * np.float32(cast), np.dtype(np.uint8))
        made = dp.auto.plan(dark).steps[-1]
        plain = dp.step("develop", **{**dict(made.parameters), "warmth": 0.0, "tint": 0.0})

        def spread(image):
            return np.ptp(np.log((to_float(image).astype(float) ** 3).mean(axis=(0, 1)))) / 3

        assert 0.4 * spread(plain(dark)) < spread(made(dark)) < 0.9 * spread(plain(dark))


def test_pictures_without_three_channels_get_no_warmth():
    made = dp.auto.plan(from_float(np.float32(0.2) * to_float(data.camera()), np.dtype(np.uint8))).steps[-1]
    assert dict(made.parameters)["warmth"] == dict(made.parameters)["tint"] == 0


def test_haze_is_stretched():
    hazy = from_float(0.5 + 0.25 * to_float(data.camera()), np.dtype(np.uint8))
    assert "levels" in [step.operator for step in dp.auto.plan(hazy).steps]
    assert np.ptp(np.percentile(dp.auto(hazy), [1, 99])) > np.ptp(np.percentile(hazy, [1, 99]))


def test_grain_that_is_meant_is_hardly_touched():
    grain = np.random.default_rng(0).normal(0, 10, (512, 512, 1))
    for film in (data.astronaut() + grain, data.camera()[..., np.newaxis] + grain):
        image = np.clip(film, 0, 255).astype(np.uint8)
        found = [one for one in dp.auto.plan(image).steps if one.operator == "denoise_photo"]
        assert not found or dict(found[0].parameters)["luma"] < 0.3 * 10 / 255


def test_noise_in_colour_is_taken_away_in_good_light():
    noise = np.random.default_rng(0).normal(0, 20, (512, 512, 3))
    image = np.clip(0.8 * data.astronaut() + 25 + noise, 0, 255).astype(np.uint8)
    (found,) = (one for one in dp.auto.plan(image).steps if one.operator == "denoise_photo")
    assert dict(found.parameters)["luma"] > 0.6 * 20 / 255 * 0.67


def test_a_screenshot_and_a_halftone_stay_as_they_are():
    screen = np.full((400, 600, 3), 245, np.uint8)
    screen[40:60], screen[200:, 300:] = 30, (66, 133, 244)
    assert dp.auto.plan(screen).steps == ()
    y, x = np.mgrid[:400, :512]
    dots = np.where(128 + 100 * np.sin(1.3 * y) * np.sin(1.3 * x) < data.camera()[:400], 255, 0).astype(np.uint8)
    found = [one for one in dp.auto.plan(dots).steps if one.operator == "denoise_photo"]
    assert np.abs(dp.Recipe(*found)(dots).astype(int) - dots).max() <= 2


@pytest.mark.parametrize("rows", [1, 4, 12])
def test_text_on_black_is_not_taken_for_noise(rows):
    page = np.zeros((240, 320, 3), np.uint8)
    letters = np.random.default_rng(2).random((8, 200, 1)) > 0.5
    for row in range(rows):
        page[20 * row : 20 * row + 8, 40:240] = 255 * letters
    plan = dp.auto.plan(page)
    assert not plan.denoising.steps
    assert np.percentile(plan(page)[page == 0], 99) <= 2


def test_a_coarse_jpeg_is_deblocked_first():
    file = io.BytesIO()
    Image.fromarray(data.coffee()).save(file, "JPEG", quality=50)
    steps = dp.auto.plan(np.asarray(Image.open(file))).steps
    assert steps[0].operator == "deblock"
    assert "deblock" not in [one.operator for one in dp.auto.plan(data.coffee()).steps]


def test_texture_in_the_dark_is_no_noise():
    generator = np.random.default_rng(5)
    ground = np.broadcast_to(np.linspace(0.3, 0.97, 256)[:, np.newaxis, np.newaxis] ** 3, (256, 256, 3))
    leaves = ndimage.gaussian_filter(generator.normal(0, 1, (256, 256, 1)), (0.8, 0.8, 0))
    leafy = np.clip(ground + 0.03 * leaves / leaves.std(), 0, 1)
    noisy = np.clip(ground + generator.normal(0, 0.03, ground.shape), 0, 1)
    of_leaves, of_noise = (planned_luma_noise(np.rint(255 * one).astype(np.uint8)) for one in (leafy, noisy))
    assert of_leaves <= 1.5 / 255
    assert of_noise > 4 / 255


def planned_luma_noise(image):
    steps = dp.auto.plan(image).steps
    return next((dict(one.parameters)["luma"] for one in steps if one.operator == "denoise_photo"), 0.0)
