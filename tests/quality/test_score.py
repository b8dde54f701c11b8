"""The score without references: a factor for each fault, lower the more there is of it, and how sure it is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from diptych.core.errors import ImageError
from diptych.quality.score import PARTS, DomainScore, MeasuredPicture, StructureReference, as_floats
from monitor_toy import clean, degraded

WANTED = clean(1)
SOURCES = degraded(WANTED)
SCORE = DomainScore([MeasuredPicture.of(picture) for picture in clean(2, 24)])
STRUCTURE = StructureReference(SOURCES)


def score_of(pictures):
    measured = [MeasuredPicture.of(np.clip(picture, 0, 1).astype(np.float32)) for picture in pictures]
    return SCORE.score(measured, STRUCTURE.coarsely_added([one.edges() for one in measured]))


def noise(amount, *, luma_alone):
    draw = np.random.default_rng(3)
    return [picture + amount * draw.normal(size=(*picture.shape[:2], 1 if luma_alone else 3)) for picture in WANTED]


def color_noise(amount):
    draw = np.random.default_rng(3)
    drawn = (draw.normal(size=picture.shape) for picture in WANTED)
    return [
        picture + amount * (one - one.mean(axis=2, keepdims=True)) for picture, one in zip(WANTED, drawn, strict=True)
    ]


def blotches(amount):
    draw = np.random.default_rng(3)
    smooth = [gaussian_filter(draw.normal(size=picture.shape), (5, 5, 0)) for picture in WANTED]
    return [picture + amount * one / one.std() for picture, one in zip(WANTED, smooth, strict=True)]


FAULTS = {
    "dark": ("tone", lambda amount: [picture * (1 - amount) for picture in WANTED], (0.3, 0.6)),
    "burnt": ("tone", lambda amount: [picture * (1 + amount) for picture in WANTED], (0.5, 1.0)),
    "flat": ("tone", lambda amount: [0.5 + (1 - amount) * (picture - 0.5) for picture in WANTED], (0.4, 0.8)),
    "cast": ("color", lambda amount: [picture * [1, 1 - amount / 2, 1 - amount] for picture in WANTED], (0.3, 0.6)),
    "color noise": ("noise", color_noise, (0.04, 0.1)),
    "noise": ("noise", lambda amount: noise(amount, luma_alone=False), (0.04, 0.1)),
    "blur": ("detail", lambda amount: [gaussian_filter(picture, (amount, amount, 0)) for picture in WANTED], (1, 3)),
    "blotches": ("structure", blotches, (0.05, 0.1)),
}


def test_the_truth_has_nearly_everything_and_the_source_much_less():
    assert score_of(WANTED).value > 0.75
    assert score_of(SOURCES).value < 0.5


@pytest.mark.parametrize("name", FAULTS)
def test_more_of_a_fault_is_worse_and_its_part_says_so(name):
    part, make, amounts = FAULTS[name]
    none, some, much = score_of(WANTED), *(score_of(make(amount)) for amount in amounts)
    assert none.value > some.value > much.value
    assert none.parts[part] > some.parts[part] > much.parts[part]


def test_noise_in_luma_alone_is_seen():
    assert score_of(noise(0.08, luma_alone=True)).value < score_of(WANTED).value - 0.05


def test_what_is_not_in_the_input_is_worth_little_and_the_negative_nothing():
    assert score_of(WANTED[1:] + WANTED[:1]).value < score_of(SOURCES).value
    assert score_of([1 - picture for picture in WANTED]).value < 0.05


def test_the_value_is_the_product_of_the_parts_and_the_mean_of_the_shares():
    found = score_of(SOURCES)
    assert list(found.parts) == list(PARTS)
    assert found.value == pytest.approx(math.prod(found.parts.values()))
    assert found.value == pytest.approx(np.mean(found.shares))
    assert len(found.shares) == len(SOURCES)


def test_the_error_is_that_of_other_pictures_of_the_same_kind():
    targets = [[MeasuredPicture.of(picture) for picture in clean(seed)] for seed in range(10, 26)]
    dark = [[MeasuredPicture.of(picture / 2) for picture in clean(seed)] for seed in range(30, 46)]
    found = [DomainScore(b).score(a, [0.1] * len(a)) for a, b in zip(dark, targets, strict=True)]
    spread = np.std([one.value for one in found])
    assert 0.5 < np.mean([one.error for one in found]) / spread < 2
    low, high = found[0].interval
    assert 0 <= low < found[0].value < high <= 1


def test_single_small_and_grey_pictures_have_a_score():
    flat, grey = (
        MeasuredPicture.of(np.zeros((1, 1, 3), np.float32)),
        MeasuredPicture.of(np.full((9, 9, 1), 0.5, np.float32)),
    )
    for a, b in ((flat, flat), (flat, grey), (grey, flat)):
        found = DomainScore([b]).score([a], [0.0])
        assert 0 < found.value <= 1
        assert found.error == 0


def test_pictures_of_every_kind_become_floats():
    grey, rgb = as_floats([np.full((4, 5), 255, np.uint8), np.zeros((4, 5, 3), np.uint16)], "given")
    assert (grey.shape, grey.dtype, float(grey.max())) == ((4, 5, 1), np.float32, 1.0)
    assert rgb.shape == (4, 5, 3)
    with pytest.raises(ImageError, match="given: there is no picture"):
        as_floats([], "given")
    with pytest.raises(ImageError, match="given picture 1"):
        as_floats([np.zeros((4, 4)), np.full((4, 4), 3.0)], "given")
