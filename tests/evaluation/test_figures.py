"""The drawings of the report lie where the numbers say."""

from __future__ import annotations

import math
import re

import pytest

from diptych.evaluation.figures import histogram_curves, interval_positions
from diptych.evaluation.results import Summary


def summary(name, mean, low, high, key="psnr"):
    return Summary(name, key, mean, low, high, 8, 0)


def test_all_candidates_share_one_scale():
    both = [summary("a", 10.0, 8.0, 12.0), summary("b", 16.0, 14.0, 18.0), summary("a", 0.5, 0.1, 0.9, key="ssim")]
    assert interval_positions(both[0], both) == pytest.approx((3, 3 + 114 * 0.2, 3 + 114 * 0.4))
    assert interval_positions(both[1], both) == pytest.approx((3 + 114 * 0.6, 3 + 114 * 0.8, 117))


def test_nothing_is_drawn_where_nothing_can_be_compared():
    alone = summary("a", 10.0, 8.0, 12.0)
    assert interval_positions(alone, [alone]) is None
    single_image = summary("b", 10.0, None, None)
    assert interval_positions(single_image, [alone, single_image]) is None
    equal = [summary("a", 1.0, 1.0, 1.0), summary("b", 1.0, 1.0, 1.0)]
    assert interval_positions(equal[0], equal) is None


def test_histograms_are_square_roots_on_one_scale():
    flat, peak = (0.25,) * 4, (1.0, 0.0, 0.0, 0.0)
    curves = histogram_curves({"input": flat, "auto": peak, "reference": flat})
    assert [(one.label, one.style) for one in curves] == [("input", "s0"), ("auto", "s1"), ("reference", "reference")]
    heights = [[40 - float(y) for y in re.findall(r" ([\d.]+)L", one.path)[1:]] for one in curves]
    assert heights[0] == pytest.approx([40 * math.sqrt(0.25)] * 4)
    assert heights[1] == pytest.approx([40, 0, 0, 0])
