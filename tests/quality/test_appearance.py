"""The distance to a domain is about nothing for its own pictures, and grows with every fault."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from diptych.core.image import to_float
from diptych.quality.appearance import DomainStatistics, appearance_of, mean_quantiles
from monitor_toy import clean

DOMAIN = DomainStatistics([appearance_of(picture) for picture in clean(1, 12)])
OTHERS = clean(2, 12)


def distance(pictures):
    return DOMAIN.distance([appearance_of(picture.astype(np.float32)) for picture in pictures])


def noisy(picture, sigma, seed=0):
    return np.clip(picture + np.random.default_rng(seed).normal(0, sigma, picture.shape), 0, 1)


FAULTS = {
    "darkness": lambda picture, strength: picture * (1 - 0.25 * strength),
    "flatness": lambda picture, strength: 0.5 + (picture - 0.5) * (1 - 0.25 * strength),
    "a cast": lambda picture, strength: picture * (1 - np.array([0.0, 0.1, 0.2]) * strength),
    "noise": lambda picture, strength: noisy(picture, 0.02 * strength),
    "greyness": lambda picture, strength: picture + 0.25 * strength * (picture.mean(axis=2, keepdims=True) - picture),
}


def test_pictures_of_the_domain_are_near():
    assert abs(distance(OTHERS)) < 0.4


@pytest.mark.parametrize("name", FAULTS)
def test_the_distance_grows_with_the_fault(name):
    distances = [distance([FAULTS[name](picture, strength) for picture in OTHERS]) for strength in range(4)]
    assert all(a < b for a, b in itertools.pairwise(distances)), distances


def test_the_order_of_the_pictures_and_their_mirror_images_do_not_matter():
    assert distance(OTHERS[::-1]) == pytest.approx(distance(OTHERS))
    assert distance([picture[:, ::-1] for picture in OTHERS]) == pytest.approx(distance(OTHERS), abs=0.05)


def test_grey_pictures_have_a_distance_to_a_coloured_domain():
    grey = [picture.mean(axis=2, keepdims=True) for picture in OTHERS]
    assert distance(grey) > distance(OTHERS) + 0.5


def test_a_picture_of_one_pixel_has_an_appearance():
    found = appearance_of(np.full((1, 1, 3), 0.5, np.float32))
    assert np.allclose(found.tone, 0.5)
    assert np.isfinite(found.texture).all()
    assert found.noise == 0


def test_mean_quantiles_of_one_picture_are_its_own():
    ramp = to_float(np.arange(256, dtype=np.uint8).reshape(16, 16))
    (row,) = mean_quantiles([ramp])
    assert np.allclose(row, np.linspace(0, 1, len(row)), atol=1e-4)
    (both,) = mean_quantiles([ramp, np.zeros_like(ramp)])
    assert np.allclose(both, np.array(row) / 2, atol=1e-4)
