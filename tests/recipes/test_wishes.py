"""Wishes change a plan as they say: neutral ones nothing, strength all of it, each of the others what it is named after."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage import data

from diptych.core.color import luma
from diptych.core.errors import ParameterError
from diptych.core.image import to_float
from diptych.core.wishes import WISHES
from diptych.recipes import Planned, Planner, Recipe, Wishes, apply_wishes, auto, step, wished
from diptych.recipes.wishes import SCALABLE

PLAN = Recipe(
    step("denoise_photo", luma=0.03, chroma=0.02),
    step("levels", black=0.02, white=0.9),
    step("develop", exposure=2.0, gamma=0.8, shadows=1.0, local=0.5, saturation=1.3, warmth=0.1, tint=-0.05),
    name="plan",
)

WISHED = st.builds(Wishes, **{name: st.floats(one.minimum, one.maximum) for name, one in WISHES.items()})


@pytest.fixture(scope="module")
def dark():
    noise = np.random.default_rng(0).normal(0, 2, (100, 150, 3))
    return np.clip(0.12 * data.coffee()[::4, ::4] + noise, 0, 255).astype(np.uint8)


def numbers(recipe, operator):
    return next((dict(one.parameters) for one in recipe.steps if one.operator == operator), {})


def test_neutral_wishes_change_nothing():
    assert apply_wishes(PLAN, Wishes()) is PLAN
    assert wished(auto, Wishes()) is auto
    assert Wishes().given == {}
    assert Wishes(denoise=0.5, strength=1).given == {"denoise": 0.5}


@pytest.mark.parametrize("name", WISHES)
def test_bounds(name):
    one = WISHES[name]
    assert getattr(Wishes(), name) == one.neutral
    for value in (one.minimum, one.maximum):
        assert getattr(Wishes(**{name: value}), name) == value
    for value in (one.minimum - 0.01, one.maximum + 0.01, float("nan"), "1", None, True, [1]):
        with pytest.raises(ParameterError, match=f"^{name} = "):
            Wishes(**{name: value})


@given(WISHED)
def test_any_wish_gives_an_ordinary_recipe(wishes):
    recipe = apply_wishes(PLAN, wishes)
    assert recipe.name == PLAN.name
    assert Recipe.from_toml(recipe.to_toml()) == recipe
    assert str(recipe) or wishes.strength == 0
    assert {one.operator for one in recipe.steps} <= set(SCALABLE)


def test_strength_0_is_nothing_and_1_the_plan():
    assert apply_wishes(PLAN, Wishes(strength=0, brightness=2)).steps == ()
    assert apply_wishes(PLAN, Wishes(strength=1, brightness=0)) is PLAN


def test_strength_takes_each_number_part_of_the_way():
    half = apply_wishes(PLAN, Wishes(strength=0.5))
    assert numbers(half, "denoise_photo") | {"luma": 0.015, "chroma": 0.01} == numbers(half, "denoise_photo")
    assert (numbers(half, "levels")["black"], numbers(half, "levels")["white"]) == (0.01, 0.95)
    developed = numbers(half, "develop")
    assert (developed["exposure"], developed["shadows"], developed["local"]) == (1.0, 0.5, 0.5)
    assert (developed["saturation"], developed["warmth"], developed["tint"]) == (1.15, 0.05, -0.025)
    assert developed["gamma"] == pytest.approx(0.8**0.5, abs=1e-5)


def test_more_strength_is_more_of_the_plan(dark):
    """The mean grows from that of the input to that of the plan, without jumps."""
    means = [luma(to_float(apply_wishes(PLAN, Wishes(strength=one))(dark))).mean() for one in np.linspace(0, 1, 41)]
    steps = np.diff(means)
    assert np.all(steps > 0)
    assert steps.max() < 3 * steps.mean()
    assert means[0] == pytest.approx(luma(to_float(dark)).mean())
    assert means[-1] == luma(to_float(PLAN(dark))).mean()


def test_strength_is_monotone_for_auto(dark):
    means = [Planned(auto, Wishes(strength=one))(dark).mean() for one in np.linspace(0, 1, 11)]
    assert np.all(np.diff(means) > 0)


@pytest.mark.parametrize("plan", [PLAN, Recipe()], ids=["planned", "nothing planned"])
def test_more_brightness_is_brighter(dark, plan):
    means = [apply_wishes(plan, Wishes(brightness=one))(dark).mean() for one in np.linspace(-3, 3, 25)]
    assert np.all(np.diff(means) > 0)
    assert numbers(apply_wishes(plan, Wishes(brightness=-1.5)), "develop")["exposure"] == (0.5 if plan.steps else -1.5)


@pytest.mark.parametrize("plan", [PLAN, Recipe()], ids=["planned", "nothing planned"])
def test_shadows(dark, plan):
    means = [apply_wishes(plan, Wishes(shadows=one))(dark).mean() for one in np.linspace(0, 1, 11)]
    assert np.all(np.diff(means) > 0)
    assert numbers(apply_wishes(plan, Wishes(shadows=-1)), "develop")["shadows"] == 0
    with_local = numbers(apply_wishes(plan, Wishes(shadows=0.5)), "develop")
    assert with_local["local"] == (0.5 if plan.steps else 0.6)  # what is planned stays


def test_warmth(dark):
    def red_over_blue(wish):
        made = to_float(apply_wishes(PLAN, Wishes(warmth=wish))(dark))
        return made[..., 0].mean() / made[..., 2].mean()

    assert red_over_blue(-1) < red_over_blue(-0.3) < red_over_blue(0) < red_over_blue(0.5) < red_over_blue(1)


def test_saturation(dark):
    def chroma(wish):
        made = to_float(apply_wishes(PLAN, Wishes(saturation=wish))(dark))
        return np.abs(made - luma(made)[..., np.newaxis]).mean()

    assert chroma(-1) < 1 / 255
    assert chroma(-0.5) < chroma(0) < chroma(0.4)
    assert numbers(apply_wishes(PLAN, Wishes(saturation=1)), "develop")["saturation"] == 2  # the most that there is


def test_denoise():
    assert "denoise_photo" not in [one.operator for one in apply_wishes(PLAN, Wishes(denoise=-1)).steps]
    for wish, luma_, chroma in [(-0.5, 0.015, 0.01), (0.5, 0.045, 0.03), (1, 0.06, 0.04)]:
        found = numbers(apply_wishes(PLAN, Wishes(denoise=wish)), "denoise_photo")
        assert (found["luma"], found["chroma"]) == (luma_, chroma)
    added = apply_wishes(Recipe(step("develop", exposure=1.0)), Wishes(denoise=0.5))
    assert [one.operator for one in added.steps] == ["denoise_photo", "develop"]
    assert numbers(added, "denoise_photo")["luma"] == 0.005
    assert apply_wishes(Recipe(), Wishes(denoise=-0.5)) == Recipe()


def test_numbers_stay_within_what_operators_allow():
    strong = Recipe(
        step("develop", exposure=14.0, shadows=15.5, warmth=0.9), step("denoise_photo", luma=0.4, chroma=0.4)
    )
    most = Wishes(brightness=3, shadows=1, warmth=1, denoise=1)
    developed = numbers(apply_wishes(strong, most), "develop")
    assert (developed["exposure"], developed["shadows"], developed["warmth"]) == (14, 16, 1)
    assert numbers(apply_wishes(strong, most), "denoise_photo")["luma"] == 0.5


def test_of_some_steps_there_is_no_part():
    plan = Recipe(step("clahe"))
    with pytest.raises(ParameterError, match="the plan has the step clahe, of which there is no part"):
        apply_wishes(plan, Wishes(strength=0.5))
    assert [one.operator for one in apply_wishes(plan, Wishes(brightness=1)).steps] == ["clahe", "develop"]


def test_what_auto_plans_has_parts(dark):
    hazy = (150 + dark // 4).astype(np.uint8)
    for image in (dark, hazy, data.astronaut(), 255 - dark):
        planned = auto.plan(image)
        assert {one.operator for one in planned.steps} <= set(SCALABLE)
        assert len(apply_wishes(planned, Wishes(strength=0.5)).steps) == len(planned.steps)


def test_who_is_a_planner(dark):
    assert isinstance(auto, Planner)
    assert isinstance(Planned(auto), Planner)
    assert not isinstance(Recipe(), Planner)
    assert auto.spread(dark) > 0
    brighter = Planned(auto, Wishes(brightness=2.5)).brighter(auto.spread(dark))
    assert brighter.wishes.brightness == 3
    assert brighter.spread(dark) == auto.spread(dark)


def test_wishes_upon_wishes_add_up(dark):
    twice = wished(Planned(auto, Wishes(brightness=0.5)), Wishes(brightness=0.25, denoise=-1))
    assert isinstance(twice, Planned)
    assert twice.plan(dark) == apply_wishes(auto.plan(dark), Wishes(brightness=0.75, denoise=-1))
