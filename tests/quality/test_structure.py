"""Structure: tone and contrast leave it alone, faults take from it or add to it, and the more the stronger they are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import spearmanr

from diptych import operators
from diptych.core.color import luma
from diptych.core.noise import noise_level
from diptych.quality.score import MeasuredPicture, StructureReference
from diptych.quality.structure import (
    block_means,
    color_correlation,
    contrast,
    diversity,
    edges_of,
    rank_correlation,
    structure_added,
    structure_kept,
)
from monitor_toy import clean

(PICTURE,) = clean(1, 1)
LIGHT = luma(PICTURE)


def edges(light):
    return edges_of(light, noise_level(light))


def kept(light):
    return structure_kept(edges(LIGHT), edges(light))


def added(light):
    return structure_added(edges(LIGHT), edges(light))


def noise(sigma, seed=0):
    return np.random.default_rng(seed).normal(0, sigma, LIGHT.shape).astype(np.float32)


def test_a_picture_keeps_its_own_structure_and_adds_none():
    assert kept(LIGHT) == pytest.approx(1)
    assert added(LIGHT) == 0


@pytest.mark.parametrize("change", [lambda x: 0.4 * x, lambda x: 0.3 + 0.5 * x, lambda x: x**0.7])
def test_tone_and_contrast_are_no_loss(change):
    assert kept(change(LIGHT)) > 0.95
    assert added(change(LIGHT)) < 0.05


def test_the_negative_keeps_nothing_and_other_things_next_to_nothing():
    other = luma(clean(2, 1)[0])
    assert kept(1 - LIGHT) == 0
    assert kept(other) < 0.2
    assert added(other) > 0.5


def test_the_more_blur_the_less_is_kept():
    values = [kept(operators.gaussian(LIGHT, sigma=sigma)) for sigma in (0.5, 1.0, 2.0, 4.0)]
    assert all(a > b for a, b in itertools.pairwise(values)), values


def test_the_more_texture_is_painted_the_more_is_added():
    rows, columns = np.indices(LIGHT.shape)
    texture = (np.sin(0.7 * rows) * np.sin(0.6 * columns)).astype(np.float32)
    values = [added(np.clip(LIGHT + strength * texture, 0, 1)) for strength in (0, 0.02, 0.05, 0.1)]
    assert all(a < b for a, b in itertools.pairwise(values)), values


def test_two_flat_pictures_agree_and_one_flat_picture_has_lost_everything():
    flat = np.full_like(LIGHT, 0.5)
    assert structure_kept(edges(flat), edges(flat)) == 1
    assert kept(flat) == 0


def test_removing_noise_costs_no_structure_and_keeping_it_gains_none():
    noisy = np.clip(PICTURE + noise(0.05)[:, :, np.newaxis], 0, 1)
    reference = StructureReference([noisy])
    outputs = [MeasuredPicture.of(picture).edges() for picture in (noisy, PICTURE)]
    assert reference.kept(outputs[:1]) == [pytest.approx(1)]
    assert reference.kept(outputs[1:])[0] > 0.97


def test_the_rank_correlation_is_spearmans_on_blocks_of_one_pixel():
    first, second = (np.random.default_rng(seed).random((32, 32)) for seed in (0, 1))
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first.ravel(), second.ravel()).statistic)
    assert rank_correlation(LIGHT, LIGHT**3) == pytest.approx(1, abs=0.01)
    assert rank_correlation(LIGHT, 1 - LIGHT) == pytest.approx(-1)


def test_colours_correlate_with_themselves_and_against_their_opposites():
    opposite = 2 * LIGHT[:, :, np.newaxis] - PICTURE
    assert color_correlation(PICTURE, PICTURE) == pytest.approx(1)
    assert color_correlation(PICTURE, 0.5 * PICTURE) == pytest.approx(1)
    assert color_correlation(PICTURE, opposite) < -0.9
    assert color_correlation(PICTURE, LIGHT[:, :, np.newaxis]) is None


def test_contrast_grows_with_the_range_and_hardly_with_noise():
    assert contrast(0.5 * LIGHT) == pytest.approx(0.5 * contrast(LIGHT))
    assert contrast(LIGHT + noise(0.1)) == pytest.approx(contrast(LIGHT), rel=0.1)


def test_diversity_is_nothing_for_one_picture_in_several_lights_and_one_for_unrelated_ones():
    assert diversity([LIGHT, 0.5 * LIGHT, 0.2 + 0.5 * LIGHT]) == pytest.approx(0, abs=1e-6)
    unrelated = [np.random.default_rng(seed).random((64, 64)) for seed in range(6)]
    assert diversity(unrelated) == pytest.approx(1, abs=0.15)
    assert diversity([LIGHT]) == 0


def test_block_means_keep_the_mean_and_drop_what_is_left_over():
    values = np.arange(42.0).reshape(6, 7)
    found = block_means(values, 3)
    assert found.shape == (2, 2)
    assert found.mean() == pytest.approx(values[:, :6].mean())
    assert block_means(np.ones((2, 5)), 4).shape == (1, 2)  # no larger than the picture
