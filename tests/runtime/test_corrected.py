"""The default planner: the rules, and where a picture got too little light, the network."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from diptych.core.image import from_float, to_float
from diptych.recipes import Recipe, auto, step
from diptych.recipes.statistics import measured
from diptych.runtime import default_model
from diptych.runtime.corrected import CorrectedPlanner, corrected, correction

PLANNER = CorrectedPlanner(default_model(), name="default")


def dark(factor, dtype="uint8"):
    picture = to_float(data.chelsea()[::2, ::2])
    return from_float((picture**1.7 * factor).astype(np.float32), np.dtype(dtype))


@pytest.mark.parametrize("image", [data.chelsea(), dark(0.2)[:, :, 0], dark(0.2)[:, :, :2]])
def test_the_rules_plan_what_is_well_lit_and_what_is_not_rgb(image):
    assert PLANNER.plan(image) == auto.plan(image)
    assert PLANNER.spread(image) == auto.spread(image)


def test_the_network_plans_what_got_too_little_light():
    image = dark(0.2)
    share = correction(*measured(image))
    assert share == pytest.approx(0.5)
    numbers, rules, network = (dict(one.plan(image).steps[-1].parameters) for one in (PLANNER, auto, PLANNER.network))
    for name, value in numbers.items():
        assert value == pytest.approx(rules[name] + share * (network[name] - rules[name]), abs=1e-4)
    assert 0 < PLANNER.spread(image) < 3


def test_the_plan_is_nearly_the_same_in_every_depth():
    plans = [PLANNER.plan(dark(0.2, dtype)).steps[-1] for dtype in ("uint8", "uint16", "float32")]
    for one in plans[1:]:
        assert dict(one.parameters) == pytest.approx(dict(plans[0].parameters), abs=0.1)


def test_of_both_plans():
    rules, network = Recipe(step("develop", exposure=1.0)), Recipe(step("develop", exposure=3.0, gamma=0.5))
    assert corrected(rules, network, 0.0) == rules.steps
    assert corrected(rules, network, 1.0) == network.steps
    assert dict(corrected(Recipe(), network, 0.5)[0].parameters)["exposure"] == 1.5
    kept = corrected(Recipe(step("denoise_photo", luma=0.01, chroma=0.01)), network, 1.0)
    assert [one.operator for one in kept] == ["denoise_photo", "develop"]


@pytest.mark.parametrize("value", [0.0, 0.02, 0.5, 1.0])
def test_nothing_to_see_is_left_alone(value):
    image = np.full((1, 1, 3), value, np.float32)
    assert PLANNER.plan(image).steps == PLANNER.plan(np.full((60, 80, 3), value, np.float32)).steps == ()


def _with_lights(pixels, size):
    pixels = pixels.copy()
    pixels[100 : 100 + size, 150 : 150 + size] = 1
    return pixels


NOISE = np.random.default_rng(1).normal(1 / 255, 1 / 255, (240, 320, 3))
BLACK = {
    "lens cap": NOISE,
    "strong noise": 3 * NOISE,
    "moon": _with_lights(NOISE, 16),
    "star": _with_lights(NOISE, 1),
    "subtitle": _with_lights(0 * NOISE, 10),
}


@pytest.mark.parametrize("kind", BLACK)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("planner", [PLANNER, auto])
def test_black_frames_do_not_become_fog(kind, dtype, planner):
    image = from_float(np.clip(BLACK[kind], 0, 1).astype(np.float32), np.dtype(dtype))
    made, given = to_float(planner(image)), to_float(image)
    assert made.mean() < given.mean() + 1 / 255
    assert np.percentile(made, 95) < np.percentile(given, 95) + 2 / 255
