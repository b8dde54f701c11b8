"""However a recipe is run, its result is that of its steps on floats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import diptych as dp
from diptych.core.image import from_float, to_float
from diptych.recipes import execution
from strategies import images

STEPS = [
    dp.step("stretch", low=2, high=98),
    dp.step("stretch", channels="each"),
    dp.step("gamma", gamma=0.6),
    dp.step("levels", black=0.05, white=0.9, gamma=1.2),
    dp.step("sigmoid"),
    dp.step("log_tone", gain=3.0),
    dp.step("equalize"),
    dp.step("white_balance", amount=0.5),
    dp.step("specify_histogram", amount=0.8),
    dp.step("gaussian", sigma=1.3),
    dp.step("gaussian", sigma=0.7, border="wrap"),
    dp.step("median", size=3),
    dp.step("unsharp_mask", sigma=1.0, amount=0.4),
]


def one_by_one(recipe: dp.Recipe, image: np.ndarray) -> np.ndarray:
    """Return the floats after the plain version of each step."""
    floats = to_float(image)
    for step in recipe.steps:
        floats = dp.operators.get(step.operator).declaration.plain(floats, **dict(step.parameters))
    return floats


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(image=images(dtypes=("uint8", "uint16", "float32")), steps=st.lists(st.sampled_from(STEPS), max_size=4))
def test_same_as_one_step_after_the_other(image, steps):
    recipe = dp.Recipe(*steps)
    result = recipe(image)
    assert result.dtype == image.dtype
    assert result.shape == image.shape
    expected = one_by_one(recipe, image)
    error = np.abs(to_float(result).astype(np.float64) - expected)
    # Two statistics in a row on a tiny image can enlarge what 16 bits between the steps leave out.
    allowed = 1e-3 if image.dtype == np.float32 else 1.01 / 255
    assert np.quantile(error, 0.99) <= allowed


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_fused_tone_steps_equal_floats_exactly_rounded(dtype):
    rng = np.random.default_rng(0)
    image = from_float(rng.beta(2, 8, (80, 90, 3)).astype(np.float32), np.dtype(dtype))
    recipe = dp.Recipe(dp.step("stretch"), dp.step("gamma", gamma=0.7), dp.step("specify_histogram"))
    expected = from_float(one_by_one(recipe, image), image.dtype)
    difference = np.abs(recipe(image).astype(int) - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.02


def test_strips_equal_the_whole(monkeypatch):
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (211, 67, 3), np.uint8)
    recipe = dp.Recipe(
        dp.step("gamma", gamma=0.8),
        dp.step("median", size=5),
        dp.step("levels", black=0.1),
        dp.step("gaussian", sigma=2.0),
    )
    whole = recipe(image)
    monkeypatch.setattr(execution, "_STRIP", 1000)
    assert np.array_equal(recipe(image), whole)


@pytest.mark.parametrize("local", [0.0, 0.8])
def test_develop_after_a_table(local, monkeypatch):
    """Its kernel writes 8 bits from what the table gives in 16, in bands where the surroundings do not count."""
    monkeypatch.setattr(execution, "_STRIP", 1000)
    image = np.random.default_rng(4).integers(0, 120, (211, 67, 3), np.uint8)
    recipe = dp.Recipe(dp.step("levels", white=0.8), dp.step("develop", exposure=1.0, shadows=1.5, local=local))
    difference = recipe(image).astype(int) - from_float(one_by_one(recipe, image), image.dtype)
    assert np.abs(difference).max() <= 1


def test_other_depths():
    image = np.random.default_rng(2).random((20, 30))
    recipe = dp.Recipe(dp.step("gamma", gamma=0.5), dp.step("median"))
    assert recipe(image).dtype == np.float64
    assert recipe(image > 0.5).dtype == np.bool_


LOCAL = [
    name
    for name in dp.operators.names()
    if dp.operators.declaration(name).group in ("filter", "morphology", "denoising")
]


@pytest.mark.parametrize("name", LOCAL)
def test_the_declared_halo_is_enough(name, monkeypatch):
    declaration = dp.operators.declaration(name)
    parameters = dict(dp.step(name).parameters)
    if declaration.halo(**parameters) is None:
        pytest.skip("looks at the whole image")
    rng = np.random.default_rng(5)
    smooth = np.linspace(0.2, 0.7, 90)[:, np.newaxis, np.newaxis] + np.zeros((90, 24, 3))
    image = from_float((smooth + rng.normal(0, 0.05, smooth.shape)).astype(np.float32), np.dtype(np.uint16))
    recipe = dp.Recipe(dp.step("gamma", gamma=0.8), dp.step(name))
    whole = recipe(image)
    monkeypatch.setattr(execution, "_STRIP", 1)
    strips = recipe(image)
    assert np.abs(strips.astype(int) - whole).max() <= 1
