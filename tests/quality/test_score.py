"""The score without references: the input has 0.37, structure and nearness to the domain each raise it."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.core.errors import ImageError
from diptych.quality.appearance import appearance_of
from diptych.quality.score import DomainScore, as_floats
from monitor_toy import clean, degraded

WANTED = clean(1)
INPUTS = [appearance_of(picture) for picture in degraded(WANTED)]
SCORE = DomainScore(INPUTS, [appearance_of(picture) for picture in clean(2)])


def test_the_inputs_have_a_distance_of_one_and_a_score_of_exp_minus_one():
    assert SCORE.distance(INPUTS) == pytest.approx(1)
    assert SCORE.score([1.0] * 8, INPUTS) == pytest.approx(np.exp(-1))


def test_the_score_is_the_product_of_structure_and_nearness():
    outputs = [appearance_of(picture) for picture in WANTED]
    full, half = (SCORE.score([share] * 8, outputs) for share in (1.0, 0.5))
    assert full > 0.8
    assert half == pytest.approx(full / 2)
    assert SCORE.score([0.0] * 8, outputs) == 0


def test_domains_that_are_alike_do_not_make_chance_large():
    near = DomainScore(
        [appearance_of(picture) for picture in clean(3)], [appearance_of(picture) for picture in clean(2)]
    )
    assert abs(near.distance([appearance_of(picture) for picture in clean(4)])) < 1


def test_pictures_of_every_kind_become_floats():
    grey, rgb = as_floats([np.full((4, 5), 255, np.uint8), np.zeros((4, 5, 3), np.uint16)], "given")
    assert (grey.shape, grey.dtype, float(grey.max())) == ((4, 5, 1), np.float32, 1.0)
    assert rgb.shape == (4, 5, 3)
    with pytest.raises(ImageError, match="given: there is no picture"):
        as_floats([], "given")
    with pytest.raises(ImageError, match="given picture 1"):
        as_floats([np.zeros((4, 4)), np.full((4, 4), 3.0)], "given")
