"""Checkerboards and noise on flat patches are measured as strong as they are made, hallucinations the more is painted."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from diptych.core.color import luma
from diptych.quality.checkerboard import VISIBLE, find_checkerboard
from diptych.quality.flat_noise import NoiseEstimator, measure_noise
from diptych.quality.hallucination import hallucinated_structure
from monitor_toy import clean

LIGHTS = [luma(picture) for picture in clean(1)]


def board(shape, period):
    rows, columns = np.indices(shape)
    return np.cos(2 * np.pi * rows / period) * np.cos(2 * np.pi * columns / period)


@pytest.mark.parametrize("period", [2, 4])
def test_a_checkerboard_is_found_with_its_period_and_grows_with_its_amplitude(period):
    found = [
        find_checkerboard([light + amplitude * board(light.shape, period) for light in LIGHTS])
        for amplitude in (0.02, 0.04, 0.08)
    ]
    assert {one.period for one in found} == {period}
    assert all(a.amplitude < b.amplitude and a.prominence < b.prominence for a, b in itertools.pairwise(found))


def test_on_a_flat_picture_the_amplitude_is_that_of_the_wave():
    found = find_checkerboard([0.5 + 0.03 * board((64, 64), 2)])
    assert found.amplitude == pytest.approx(0.03, rel=0.01)


def test_natural_edges_have_no_visible_checkerboard_and_small_pictures_none():
    assert find_checkerboard(LIGHTS).prominence < 3
    assert find_checkerboard([np.ones((31, 64))]).amplitude == 0
    assert find_checkerboard([np.full((64, 64), 0.5)]).amplitude < VISIBLE


def test_noise_is_measured_as_it_was_made():
    rng = np.random.default_rng(0)
    flats = [np.repeat(np.repeat(rng.uniform(0.1, 0.7, (8, 8, 3)), 32, 0), 32, 1) for _ in range(6)]
    for read, shot in ((0.02, 0.0), (0.01, 0.002)):
        noisy = [flat + rng.normal(size=flat.shape) * np.sqrt(read**2 + shot * flat) for flat in flats]
        found = measure_noise([picture.astype(np.float32).clip(0, 1) for picture in noisy])
        middle = 0.4
        wanted, measured = read**2 + shot * middle, np.array(found.read) ** 2 + np.array(found.shot) * middle
        assert np.allclose(np.sqrt(measured), np.sqrt(wanted), rtol=0.15)
        assert found.between_channels < 0.1
        assert found.between_neighbours < 0.1


def test_too_few_flat_patches_are_no_estimate():
    estimator = NoiseEstimator()
    assert estimator.estimate() is None
    estimator.add(np.full((16, 16, 3), 100, np.uint8))
    assert estimator.estimate() is None


def test_the_more_is_painted_the_more_is_hallucinated():
    image = np.rint(255 * clean(3, 1)[0]).astype(np.uint8)
    rows, columns = np.indices(image.shape[:2])
    texture = (np.sin(rows) * np.cos(columns))[:, :, np.newaxis]
    found = [
        np.median(hallucinated_structure(image, np.clip(image + strength * texture, 0, 255).astype(np.uint8)))
        for strength in (0, 4, 10, 25)
    ]
    assert found[0] < 0.5
    assert all(a < b for a, b in itertools.pairwise(found)), found


def test_axes_may_be_swapped():
    image = np.rint(255 * clean(3, 1)[0]).astype(np.uint8)
    output = np.rint(255 * clean(4, 1)[0]).astype(np.uint8)
    there = hallucinated_structure(image, output)
    back = hallucinated_structure(image.transpose(1, 0, 2), output.transpose(1, 0, 2)).T
    assert np.allclose(there, back, rtol=1e-6)
