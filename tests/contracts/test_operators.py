"""Contract tests over the catalogue: every operator is tested here before anyone writes a test for it."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from diptych import operators
from diptych.core.errors import ImageError, ParameterError
from diptych.core.image import from_float, to_float
from diptych.core.parameters import Parameter
from diptych.recipes import Recipe, step
from strategies import examples

NAMES = operators.names()
DTYPES = ("uint8", "uint16", "float32", "float64", "bool")


def arguments(name: str) -> dict:
    """Return arguments that make the operator run: its defaults, and an example for what has none."""
    return examples(operators.declaration(name))


def picture(dtype: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Return a smooth picture with a little noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    smooth = 0.5 + 0.3 * np.sin(x / 5) * np.cos(y / 7)
    channels = smooth if len(shape) == 2 else np.stack([smooth * (1 - 0.1 * (c % 5)) for c in range(shape[2])], axis=2)
    noisy = channels + rng.normal(0, 0.05, shape)
    return from_float(noisy.astype(np.float32), np.dtype(dtype))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(24, 32), (24, 32, 1), (24, 32, 2), (24, 32, 3), (24, 32, 5)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtype_shape_and_range_are_kept_and_the_input_is_not_written(name, dtype, shape):
    image = picture(dtype, shape)
    image.flags.writeable = False
    before = image.copy()
    result = operators.get(name)(image, **arguments(name))
    assert result.dtype == image.dtype
    assert result.ndim == image.ndim
    assert result.shape[2:] == image.shape[2:]
    given = operators.declaration(name).check(arguments(name))
    assert result.shape[:2] == operators.declaration(name).output_shape(shape, **given)
    if operators.declaration(name).keeps_shape:
        assert result.shape == image.shape
    assert np.array_equal(image, before)
    assert not np.shares_memory(result, image)
    assert result.min() >= 0
    assert np.all(np.isfinite(result))
    if result.dtype.kind == "f":
        assert result.max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_same_input_gives_the_same_bytes(name):
    image = picture("uint8", (24, 32, 3))
    call = operators.get(name)
    assert np.array_equal(call(image, **arguments(name)), call(image, **arguments(name)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1, 3), (2, 2), (3, 5, 2)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_tiny_images(name, dtype, shape):
    result = operators.get(name)(picture(dtype, shape), **arguments(name))
    assert result.dtype == dtype
    assert np.all(np.isfinite(result))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_flat_images_stay_flat(name, dtype, value):
    image = from_float(np.full((40, 40, 3), value, np.float32), np.dtype(dtype))
    result = to_float(operators.get(name)(image, **arguments(name)))
    assert np.all(np.isfinite(result))
    inner = result[
        result.shape[0] // 4 : -(result.shape[0] // 4) or None, result.shape[1] // 4 : -(result.shape[1] // 4) or None
    ]
    assert np.ptp(inner.reshape(-1, 3), axis=0).max() <= 1 / 255


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_the_same_answer_in_every_depth(name, dtype):
    image = picture(dtype, (40, 48, 3))
    call, given = operators.get(name), arguments(name)
    whole = call(image, **given).astype(np.int64)
    floats = from_float(call(to_float(image), **given), image.dtype).astype(np.int64)
    assert np.abs(whole - floats).max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_memory_layout_does_not_matter(name):
    image = picture("uint8", (48, 64, 3))
    call, given = operators.get(name), arguments(name)
    view = image[::2, ::2]
    assert np.array_equal(call(view, **given), call(view.copy(), **given))
    sixteen = picture("uint16", (24, 32))
    assert np.array_equal(call(sixteen.astype(">u2"), **given), call(sixteen, **given))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "image",
    [
        np.full((4, 4), np.nan, np.float32),
        np.full((4, 4), np.inf, np.float32),
        np.full((4, 4), 1e30, np.float32),
        np.full((4, 4), -0.1, np.float64),
        np.zeros((4, 4), np.int32),
        np.zeros((4, 4), np.complex64),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4, 0), np.uint8),
        np.zeros((4, 4, 3, 2), np.uint8),
        np.zeros(4, np.uint8),
        [[0, 1], [1, 0]],
        None,
    ],
    ids=["nan", "inf", "huge", "negative", "int32", "complex", "no-rows", "no-channels", "4-d", "1-d", "list", "none"],
)
def test_what_is_no_image_is_refused(name, image):
    with pytest.raises(ImageError, match="image"):
        operators.get(name)(image, **arguments(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_keeps_the_step_whole(name):
    recipe = Recipe(step(name, **arguments(name)), name="one")
    again = Recipe.from_toml(recipe.to_toml())
    assert again == recipe
    assert hash(again) == hash(recipe)
    image = picture("uint8", (24, 32, 3))
    assert np.array_equal(again(image), recipe(image))


@pytest.mark.parametrize("name", NAMES)
def test_bad_parameters_are_refused_with_their_bound(name):
    declaration = operators.declaration(name)
    for parameter in declaration.parameters:
        for bad in bad_values(parameter):
            given = {**arguments(name), parameter.name: bad}
            with pytest.raises((ParameterError, ImageError), match=parameter.name) as caught:
                declaration.function(picture("uint8", (8, 8)), **given)
            if math.isfinite(parameter.maximum) and parameter.kind in ("number", "integer"):
                assert f"{parameter.maximum:g}" in str(caught.value)


def bad_values(parameter: Parameter) -> list:
    """Return values that the declaration rules out."""
    bad: list = [object(), "no such value"]
    if parameter.kind in ("number", "integer"):
        bad += [parameter.minimum - 1, parameter.maximum + 1, math.nan, math.inf, True, [1, 2]]
    if parameter.kind == "integer":
        bad += [parameter.minimum + 0.5]
        bad += [parameter.minimum + 1] if parameter.step > 1 else []
    if parameter.kind == "table":
        bad += [((parameter.maximum + 1,),), (), ((),), ((math.nan,),)]
    if not parameter.optional:
        bad.append(None)
    return bad


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_parameter_is_refused(name):
    with pytest.raises(ParameterError, match="has no parameter 'strenght'"):
        operators.get(name)(picture("uint8", (8, 8)), strenght=1)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_complete(name):
    declaration = operators.declaration(name)
    page = declaration.documentation
    for section in ("Parameters", "Returns", "Raises", "References", "Examples"):
        assert f"\n{section}\n---" in page, f"{name}: no section {section}"
    assert declaration.summary.endswith(".")
    for parameter in declaration.parameters:
        assert declaration.describe(parameter.name), f"{name}: parameter {parameter.name} is not described"
        assert parameter.bounds
        assert parameter.schema()["type"]


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_named_as_the_operator(name):
    function = inspect.unwrap(operators.get(name))
    assert function.__name__ == name
    assert function.__module__ == f"diptych.operators.{name}"
