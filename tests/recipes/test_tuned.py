"""The recipes for pictures of a kind: each does what it is for, and is an ordinary recipe."""

from __future__ import annotations

import numpy as np
import pytest

import diptych as dp
from diptych.metrics import psnr
from diptych.recipes import Recipe, catalogue, tuned
from training_helpers import as_bytes, clean_picture

TUNED = ("document", "haze", "scan", "underwater", "xray")


def scene(seed=0, side=96):
    return clean_picture(np.random.default_rng(seed), side)


@pytest.mark.parametrize("name", TUNED)
@pytest.mark.parametrize("shape", [(40, 50), (40, 50, 1), (40, 50, 3), (1, 1, 3)], ids=str)
def test_any_picture_in_any_depth(name, shape):
    recipe = catalogue.find(name)
    image = np.random.default_rng(0).integers(0, 65535, shape, np.uint16)
    assert recipe(image).shape == shape
    made = recipe((image // 257).astype(np.uint8))
    assert made.dtype == np.uint8
    assert recipe(np.full((30, 30, 3), 128, np.uint8)).shape == (30, 30, 3)


@pytest.mark.parametrize("name", TUNED)
def test_it_is_an_ordinary_recipe(name, tmp_path):
    recipe = catalogue.find(name)
    assert catalogue.find(name) is recipe
    assert recipe == getattr(tuned, name)()
    assert recipe.spec.name == name
    recipe.save(tmp_path / "r.toml")
    assert Recipe.load(tmp_path / "r.toml").steps == recipe.steps
    image = as_bytes(scene())
    assert np.array_equal(dp.enhance(image, name), recipe(image))


def test_underwater_takes_the_cast_away_and_burns_nothing():
    image = as_bytes(0.1 + 0.35 * scene() * np.array([0.3, 1.0, 0.75]))
    made = dp.enhance(image, "underwater").astype(float)
    before, after = (np.ptp(one.mean(axis=(0, 1))) / one.mean() for one in (image.astype(float), made))
    assert after < 0.5 * before
    assert made.std() > 1.5 * image.std()
    assert np.mean((made == 0) | (made == 255)) < 0.02


def test_haze_clears_the_ground_and_keeps_the_sky_clean():
    picture = 0.2 + 0.6 * scene(1)
    share = np.linspace(1, 0.2, 96)[:, np.newaxis, np.newaxis]
    hazy = picture * (1 - share) + 0.85 * share + np.random.default_rng(0).normal(0, 0.01, picture.shape)
    hazy = as_bytes(np.clip(hazy, 0, 1))
    made, plain = dp.enhance(hazy, "haze"), dp.operators.dehaze(hazy)
    assert made[48:].std() > 1.2 * hazy[48:].std()
    noise = [np.ptp(one[:8].astype(float), axis=2).mean() for one in (hazy, made, plain)]
    assert noise[1] < 0.5 * noise[2]
    assert noise[1] < 4 * noise[0]


def test_xray_takes_noise_away_and_uses_the_range():
    clean = scene(2).mean(axis=2)
    clean = (clean - clean.min()) / np.ptp(clean)
    dark = as_bytes(np.clip(0.15 + 0.4 * clean + np.random.default_rng(0).normal(0, 0.03, clean.shape), 0, 1))
    made = dp.enhance(dark, "xray")
    assert psnr(made, as_bytes(clean)) > psnr(dark, as_bytes(clean)) + 5
    assert np.ptp(made) > 240


def test_a_document_gets_white_paper_everywhere():
    page = np.full((120, 160, 3), 0.8) * np.array([1.0, 0.95, 0.85])
    page[20:100:12, 10:150] = 0.15
    light = np.linspace(0.35, 1, 160)[np.newaxis, :, np.newaxis]
    made = dp.enhance(as_bytes(page * light), "document").astype(float)
    paper = made[26:100:12]
    assert paper.mean() > 235
    assert np.ptp(paper.mean(axis=(0, 1))) < 8
    assert made[20:100:12, 10:150].mean() < 90


def test_a_scan_is_clearer():
    faded = as_bytes(0.3 + 0.3 * scene(3))
    made = dp.enhance(faded, "scan")
    assert made.std() > 2 * faded.std()


def test_a_grey_picture_in_three_channels():
    # Its chroma has no noise but rounding errors, by which the calibration of the strength was once stopped.
    grey = as_bytes(np.clip(scene(4).mean(axis=2) + np.random.default_rng(0).normal(0, 0.03, (96, 96)), 0, 1))
    made = dp.enhance(np.repeat(grey[..., np.newaxis], 3, axis=2), "xray")
    assert np.ptp(made, axis=2).max() <= 1
