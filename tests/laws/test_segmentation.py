"""What is true of `threshold`, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diptych import operators
from diptych.core.errors import ParameterError
from diptych.core.image import from_float, to_float, white_level
from strategies import images

some = settings(max_examples=50, deadline=None, derandomize=True)
METHODS = ("otsu", "local", "value")


@st.composite
def arguments(draw):
    """Draw arguments of any method."""
    return {
        "method": draw(st.sampled_from(METHODS)),
        "size": 2 * draw(st.integers(1, 20)) + 1,
        "window": draw(st.sampled_from(["mean", "gaussian"])),
        "value": draw(st.floats(0, 1)),
        "offset": draw(st.floats(-0.2, 0.2)),
    }


@some
@given(image=images(), given_=arguments())
def test_black_and_white_only(image, given_):
    result = operators.threshold(image, **given_)
    assert set(np.unique(result).tolist()) <= {0, white_level(image.dtype)}


@some
@given(image=images(dtypes=("uint8", "uint16")), given_=arguments())
def test_exactly_the_same_mask_in_every_depth(image, given_):
    mask = operators.threshold(image, **given_) > 0
    assert np.array_equal(operators.threshold(to_float(image), **given_) > 0, mask)
    if image.dtype == np.uint8:
        assert np.array_equal(operators.threshold(image.astype(np.uint16) * 257, **given_) > 0, mask)


@some
@given(image=images(), given_=arguments())
def test_flips_and_quarter_turns_commute(image, given_):
    for turn in (np.flipud, np.fliplr, np.rot90):
        assert np.array_equal(operators.threshold(turn(image), **given_), turn(operators.threshold(image, **given_)))


@some
@given(image=images(dtypes=("uint8", "float32")))
def test_otsu_does_it_once(image):
    once = operators.threshold(image)
    if np.ptp(once):
        assert np.array_equal(operators.threshold(once), once)


@some
@given(image=images(channels=(2, 4, 5)), given_=arguments())
def test_channels_are_treated_one_by_one(image, given_):
    if image.ndim == 3:
        parts = [operators.threshold(np.ascontiguousarray(image[:, :, c]), **given_) for c in range(image.shape[2])]
        assert np.array_equal(operators.threshold(image, **given_), np.stack(parts, axis=2))


@some
@given(image=images(channels=(3,)), given_=arguments())
def test_rgb_gets_one_mask(image, given_):
    result = operators.threshold(image, **given_)
    if image.ndim == 3:
        assert np.array_equal(result[:, :, 0], result[:, :, 1])
        assert np.array_equal(result[:, :, 0], result[:, :, 2])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("window", ["mean", "gaussian"])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "float32", "float64"])
def test_flat_images_give_flat_masks(method, window, dtype):
    for value in np.linspace(0, 1, 23):
        image = from_float(np.full((20, 30, 3), value, np.float32), np.dtype(dtype))
        result = operators.threshold(image, method=method, window=window, size=7)
        assert np.ptp(result.astype(float)) == 0
        if method != "value":
            assert not result.any()


def test_local_follows_the_light():
    light = np.linspace(0.2, 1, 200)[np.newaxis, :]
    marks = np.tile(np.arange(200) // 5 % 2 == 0, (50, 1))
    image = (light * np.where(marks, 1.0, 0.7)).astype(np.float32)
    local = operators.threshold(image, method="local", size=21) > 0
    assert np.mean(local == marks) > 0.97
    assert np.mean((operators.threshold(image) > 0) == marks) < 0.9


@pytest.mark.parametrize(
    ("name", "value"),
    [("size", 0), ("size", 4), ("size", 1), ("size", 1001), ("offset", 2), ("value", -0.1), ("method", "li")],
)
def test_bad_parameters(name, value):
    with pytest.raises(ParameterError, match=f"threshold: {name} = .* is not allowed"):
        operators.threshold(np.zeros((5, 5), np.uint8), **{name: value})


@pytest.mark.parametrize("method", METHODS)
def test_odd_images(method):
    image = np.random.default_rng(0).random((9, 8, 7)).astype(np.float32)
    image.flags.writeable = False
    assert operators.threshold(image, method=method, size=999).shape == (9, 8, 7)
    sixteen = np.random.default_rng(0).integers(0, 65536, (9, 8)).astype(np.uint16)
    assert np.array_equal(
        operators.threshold(sixteen.astype(">u2"), method=method), operators.threshold(sixteen, method=method)
    )
