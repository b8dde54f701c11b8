"""The step that a run proposes for after the network helps where there is something to help, and keeps away elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.core.errors import ImageError
from diptych.recipes import Recipe
from diptych.training.validation.postprocess import propose_postprocess
from monitor_toy import clean, degraded

WANTED, TARGET = clean(1, 6), clean(2, 8)


def noisy(pictures, sigma):
    draw = np.random.default_rng(3)
    return [np.clip(picture + draw.normal(0, sigma, picture.shape), 0, 1).astype(np.float32) for picture in pictures]


def error(outputs):
    return float(np.mean([np.mean((a - b) ** 2) for a, b in zip(outputs, WANTED, strict=True)]))


def test_good_outputs_are_left_alone():
    assert propose_postprocess(WANTED, TARGET) == Recipe(
        name="postprocess", summary="after the network; chosen without references"
    )


@pytest.mark.parametrize("sigma", [0.03, 0.08])
def test_noise_is_removed_and_nothing_else(sigma):
    outputs = noisy(WANTED, sigma)
    recipe = propose_postprocess(outputs, TARGET)
    assert [step.operator for step in recipe.steps] == ["denoise_nlm"]
    assert 0.5 * sigma <= dict(recipe.steps[0].parameters)["strength"] <= 2 * sigma
    assert error([recipe(image) for image in outputs]) < error(outputs) / 2


def test_tones_are_specified_if_they_are_all_wrong():
    outputs = [image * 0.4 for image in WANTED]
    recipe = propose_postprocess(outputs, TARGET)
    assert recipe.steps[-1].operator == "specify_histogram"
    assert error([recipe(image) for image in outputs]) < error(outputs) / 2


def test_dark_and_noisy_outputs_get_both():
    outputs = degraded(WANTED, noise=0.04)
    recipe = propose_postprocess(outputs, TARGET, sources=outputs)
    assert [step.operator for step in recipe.steps] == ["denoise_nlm", "specify_histogram"]
    assert Recipe.from_toml(recipe.to_toml()) == recipe


def test_what_is_wrong_is_refused():
    with pytest.raises(ImageError, match="outputs: there is no picture"):
        propose_postprocess([], TARGET)
    with pytest.raises(ImageError, match="6 outputs, but 8 sources"):
        propose_postprocess(WANTED, TARGET, sources=TARGET)
