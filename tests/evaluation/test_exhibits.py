"""The pictures of the report: within the budget, true to what they show."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from diptych.evaluation.exhibits import byte_budget, difference_map, exhibit, hallucination_map, reduced, shown
from evaluation_helpers import scene


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_the_panels_of_an_image():
    image, reference = scene(1), scene(2)
    made = exhibit("a", {"input": image, "auto": 255 - image}, reference, untouched="input", budget=10**6)
    assert [(one.kind, one.label) for one in made.panels] == [
        ("picture", "input"),
        ("picture", "auto"),
        ("picture", "reference"),
        ("difference", "input − reference"),
        ("difference", "auto − reference"),
        ("hallucinated", "hallucinated by auto"),
    ]
    assert np.abs(decoded(made.panels[0].data).astype(int) - image).mean() < 4
    assert sum(made.histograms["auto"]) == pytest.approx(1)


def test_without_a_reference_the_difference_is_to_the_input():
    made = exhibit("a", {"input": scene(1), "auto": scene(2)}, untouched="input", budget=10**6)
    assert [one.label for one in made.panels if one.kind == "difference"] == ["auto − input"]
    alone = exhibit("a", {"outputs": scene(1)}, budget=10**6)
    assert [one.kind for one in alone.panels] == ["picture"]


@pytest.mark.parametrize("budget", [200_000, 20_000])
def test_the_budget_is_kept_even_for_noise(budget):
    noise = np.random.default_rng(0).integers(0, 256, (600, 900, 3), np.uint8)
    made = exhibit("a", {"input": noise, "auto": 255 - noise}, noise // 2, untouched="input", budget=budget)
    assert sum(len(one.data) for one in made.panels) <= budget


def test_fifteen_images_fit_into_fifteen_megabytes():
    for count in (1, 15, 40, 1000):
        assert count * byte_budget(count) * 4 / 3 < 14.5e6
    assert byte_budget(15) >= 600_000


def test_large_images_are_reduced_by_means():
    wide = np.tile(np.array([0, 255], np.uint8), (4, 1600))
    small = reduced(wide)
    assert small.shape == (2, 1600)
    assert np.abs(small.astype(int) - 127.5).max() < 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(8, 9), (8, 9, 1), (8, 9, 2), (8, 9, 3), (8, 9, 5)])
def test_everything_can_be_shown(shape, dtype):
    picture = shown(scene(0, shape, dtype))
    assert picture.dtype == np.uint8
    assert picture.shape == ((8, 9, 3) if shape[2:] == (3,) else (8, 9))
    assert exhibit("a", {"x": scene(0, shape, dtype)}, scene(1, shape, dtype), budget=10**5).panels


def test_the_difference_map_says_darker_and_brighter():
    grey, dark, bright = (np.full((1, 1, 3), level, np.uint8) for level in (128, 28, 228))
    red, _, blue = difference_map(dark, grey)[0, 0].astype(int)
    assert blue > red + 100
    red, _, blue = difference_map(bright, grey)[0, 0].astype(int)
    assert red > blue + 100
    assert np.ptp(difference_map(grey, grey)) == 0


def test_the_map_of_hallucinations_is_grey_where_there_are_none():
    signal = np.array([[0.0, 2.9, 4.0, 50.0]])
    pixels = hallucination_map(np.full((1, 4, 3), 200, np.uint8), signal)[0].astype(int)
    assert [int(np.ptp(one)) > 60 for one in pixels] == [False, False, True, True]


@pytest.mark.parametrize("shape", [(1, 1), (1, 7, 3), (2, 2, 3)])
def test_tiny_images(shape):
    assert exhibit(
        "a", {"input": scene(0, shape), "x": scene(1, shape)}, scene(2, shape), untouched="input", budget=100
    )
