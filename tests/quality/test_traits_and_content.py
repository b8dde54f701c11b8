"""Traits change with exposure, colour and noise, and content does not; features that are alike cannot be told apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from check_helpers import document, scene
from diptych.core.color import luma
from diptych.core.image import from_float, to_float
from diptych.operators import zoom
from diptych.quality.content import content_of
from diptych.quality.separation import separate
from diptych.quality.traits import traits_of

PICTURE = scene(0)


def traits(picture):
    pixels = from_float(np.clip(picture, 0, 1), np.dtype(np.uint8))
    return traits_of(pixels, to_float(pixels))


def content(picture):
    return content_of(luma(picture.astype(np.float32)))


def grain(sigma):
    return np.random.default_rng(3).normal(0, sigma, PICTURE.shape)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("luma", lambda strength: PICTURE * (0.4 + 0.15 * strength)),
        ("contrast", lambda strength: 0.4 + (PICTURE - 0.4) * (0.2 + 0.2 * strength)),
        ("red", lambda strength: PICTURE * 0.6 * np.array([1 + 0.2 * strength, 1, 1])),
        ("blue", lambda strength: PICTURE * 0.6 * np.array([1, 1, 1 + 0.2 * strength])),
        ("noise", lambda strength: PICTURE + grain(0.02 * strength)),
    ],
)
def test_a_trait_grows_with_what_it_measures(name, change):
    values = [getattr(traits(change(strength)), name) for strength in range(4)]
    assert all(a < b for a, b in itertools.pairwise(values)), values


def test_a_grey_picture_is_neutral():
    grey = traits(np.repeat(PICTURE.mean(axis=2, keepdims=True), 3, axis=2))
    assert grey.red == pytest.approx(0, abs=0.01)
    assert grey.saturation == pytest.approx(0, abs=0.01)


def test_a_drawing_is_drawn_and_a_photograph_is_not():
    drawing = np.kron(np.random.default_rng(0).random((20, 20, 3)) < 0.5, np.ones((16, 16, 1)))
    assert traits(drawing).drawn
    assert not traits(PICTURE).drawn


@pytest.mark.parametrize(
    "change", [lambda x: x**1.25, lambda x: 0.5 * x, lambda x: zoom(x, factor=0.5, interpolation="area")]
)
def test_content_is_the_same_in_another_light_and_size(change):
    found, changed = content(PICTURE), content(change(PICTURE))
    assert found.layout @ changed.layout > 0.97
    assert np.sum(found.bits != changed.bits) <= 8
    assert np.linalg.norm(found.features - changed.features) < 0.3 * np.linalg.norm(
        found.features - content(document(1)).features
    )


def test_black_flat_and_noisy_pictures_are_blank():
    for blank in (np.zeros((200, 300, 3)), np.full((200, 300, 3), 0.5), 0.3 + grain(0.05)):
        assert content(blank).blank
    assert not content(PICTURE).blank


def test_the_further_apart_the_features_the_larger_the_area():
    rng = np.random.default_rng(0)
    is_target = np.arange(60) >= 30
    noise = rng.normal(size=(60, 8)).astype(np.float32)
    areas = [separate(noise + shift * is_target[:, np.newaxis], is_target).auc for shift in (0.0, 0.4, 0.8, 2.0)]
    assert all(a < b for a, b in itertools.pairwise(areas)), areas
    assert areas[-1] > 0.98
