"""Diptych as it is called from Python: names, places, other libraries' pictures, short representations."""

from __future__ import annotations

import numpy as np
import pytest

import diptych as dp
from diptych.core.errors import ImageError, ParameterError, UnknownNameError
from diptych.runtime import default_model

DARK = (np.random.default_rng(0).random((40, 50, 3)) * 60).astype(np.uint8)


def test_an_enhancer_may_be_named(tmp_path):
    assert np.array_equal(dp.enhance(DARK, "auto"), dp.enhance(DARK, dp.auto))
    assert np.array_equal(dp.enhance(DARK, model="none"), dp.enhance(DARK, dp.auto))
    assert np.array_equal(dp.enhance(DARK, "default"), dp.enhance(DARK))
    assert np.array_equal(dp.enhance(DARK, "low_light"), dp.enhance(DARK, model=default_model()))
    assert dp.plan(DARK, "auto") == dp.auto.plan(DARK)
    recipe = dp.Recipe(dp.step("gamma", gamma=0.5))
    recipe.save(tmp_path / "evening.toml")
    assert np.array_equal(dp.enhance(DARK, tmp_path / "evening.toml"), recipe(DARK))
    with pytest.raises(UnknownNameError, match="auto"):
        dp.enhance(DARK, "autoo")
    with pytest.raises(ParameterError, match="give one of them"):
        dp.enhance(DARK, dp.auto, model="none")
    with pytest.raises(ParameterError, match="does not plan"):
        dp.plan(DARK, tmp_path / "evening.toml")


def test_the_main_parameter_needs_no_name():
    assert np.array_equal(dp.operators.gaussian(DARK, 2), dp.operators.gaussian(DARK, sigma=2))
    with pytest.raises(ParameterError, match="sigma is given twice"):
        dp.operators.gaussian(DARK, 2, sigma=2)
    with pytest.raises(ParameterError, match="without names"):
        dp.operators.unsharp_mask(DARK, 2, 0.5)


@pytest.mark.parametrize("call", [dp.enhance, dp.plan, dp.operators.gaussian], ids=["enhance", "plan", "operator"])
def test_pictures_of_other_libraries_are_told_the_way(call):
    torch, pillow = pytest.importorskip("torch"), pytest.importorskip("PIL.Image")
    with pytest.raises(ImageError, match=r"numpy\.asarray"):
        call(pillow.fromarray(DARK))
    with pytest.raises(ImageError, match="permute"):
        call(torch.from_numpy(DARK))
    with pytest.raises(ImageError, match="transpose"):
        call(DARK.transpose(2, 0, 1))
    with pytest.raises(ImageError, match=r"numpy\.uint8"):
        call(DARK.astype(np.int64))
    with pytest.raises(ImageError, match=r"numpy\.uint16"):
        call(DARK.astype(np.int32) * 100)
    with pytest.raises(ImageError, match=r"diptych\.read"):
        call("night.jpg")


def test_a_few_rows_of_many_channels_are_a_picture_to_a_recipe():
    image = np.random.default_rng(1).random((4, 40, 50), np.float32)
    assert dp.Recipe(dp.step("gamma", gamma=0.5))(image).shape == image.shape


def test_representations_are_short_and_read_like_calls():
    step, recipe = dp.step("gamma", gamma=0.5), dp.Recipe(dp.step("gamma", gamma=0.5), name="lighter")
    assert repr(step) == "step('gamma', gamma=0.5)"
    assert repr(recipe) == "Recipe(step('gamma', gamma=0.5), name='lighter')"
    assert eval(repr(recipe), {"Recipe": dp.Recipe, "step": dp.step}) == recipe
    assert repr(dp.Photo(DARK, source="night.jpg")) == "<Photo 'night.jpg': 50 x 40 x 3, uint8, png>"
    assert len(repr(dp.step("match_histogram", reference=DARK))) < 200


@pytest.mark.parametrize("shape", [(7, 9), (7, 9, 1), (7, 9, 2), (7, 9, 3), (7, 9, 6), (1, 900, 3)])
def test_a_notebook_shows_photos_and_pairs(shape):
    image = np.random.default_rng(0).random(shape, np.float32)
    assert dp.Photo(image)._repr_png_().startswith(b"\x89PNG")
    page = dp.compare(image, dp.Photo(image), labels=("<a>", "b"))._repr_html_()
    assert page.count("data:image/png;base64,") == 2
    assert "&lt;a&gt;" in page
    with pytest.raises(ImageError, match="one size"):
        dp.compare(image, image[:, :5])
