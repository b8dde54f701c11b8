"""What is true of the operator `develop`."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from skimage import color, data

from diptych import operators
from diptych.core.color import luma
from diptych.core.image import from_float, to_float
from strategies import arguments, images

DEVELOP = operators.declaration("develop")
PLAIN = pytest.mark.parametrize("develop", [DEVELOP.function, DEVELOP.plain], ids=["path", "body"])
DTYPES = ["uint8", "uint16", "float32", "float64"]
drawn = settings(max_examples=60, deadline=None, derandomize=True)


def scene(shape=(64, 96, 3), low=0.02, high=0.9, seed=0):
    """Return a picture of uneven light: floats."""
    rng = np.random.default_rng(seed)
    shade = np.linspace(low, high, shape[1]).reshape((1, -1) + (1,) * (len(shape) - 2))
    return (shade * rng.uniform(0.3, 1, shape)).astype(np.float32)


def chroma(image):
    return float(np.abs(image - luma(image)[:, :, np.newaxis]).mean())


@drawn
@given(image=images(dtypes=DTYPES))
def test_numbers_that_change_nothing_change_nothing(image):
    for other in ({}, {"local": 0.7, "toe": 0.01, "protect": 2.0}, {"follow": 0.3}):
        if image.dtype != np.float64:  # of which there is no copy without the formula
            assert np.array_equal(operators.develop(image, **other), image)
        assert np.allclose(to_float(DEVELOP.plain(image, **other)), to_float(image), atol=1e-6)


@PLAIN
@drawn
@given(numbers=arguments(DEVELOP))
def test_black_stays_black_and_nothing_leaves_the_range(develop, numbers):
    for dtype in DTYPES:
        image = from_float(np.concatenate([np.zeros((8, 12, 3), np.float32), scene((8, 12, 3))]), np.dtype(dtype))
        result = to_float(develop(image, **numbers))
        assert np.all(result[:8] == 0)
        assert result.min() >= 0
        assert result.max() <= 1


@PLAIN
@pytest.mark.parametrize("shape", [(64, 96, 3), (61, 43, 1), (40, 50, 4)])
def test_flips_and_turns_commute(develop, shape):
    image = scene(shape)
    given_ = {"exposure": 1.0, "shadows": 3.0, "local": 0.6, "protect": 1.0, "warmth": 0.1}
    for turned in (np.flipud, np.fliplr, np.rot90):
        assert np.allclose(develop(turned(image), **given_), turned(develop(image, **given_)), atol=1e-4)


def test_flips_of_large_pictures_commute_nearly():
    """Their surroundings are found on every n-th pixel, and a flip moves these."""
    image = from_float(np.float32(0.5) * to_float(np.tile(data.chelsea(), (3, 3, 1))), np.dtype(np.uint8))
    given_ = {"shadows": 4.0, "local": 0.7}
    difference = np.abs(
        np.flipud(operators.develop(np.flipud(image), **given_)).astype(int) - operators.develop(image, **given_)
    )
    assert difference.max() <= 6
    assert difference.mean() < 0.3


@PLAIN
@pytest.mark.parametrize("local", [0.0, 0.6])
def test_depths_agree(develop, local):
    image = from_float(scene(), np.dtype(np.uint8))
    numbers = {"exposure": 1.5, "gamma": 0.8, "shadows": 2.0, "local": local, "saturation": 1.2, "tint": -0.1}
    floats = develop(to_float(image), **numbers)
    assert np.abs(to_float(develop(image, **numbers)) - floats).max() <= 1.01 / 255
    assert np.abs(to_float(develop(image.astype(np.uint16) * 257, **numbers)) - floats).max() <= 1.01 / 65535


BRIGHTENED, COLOURS = {"shadows": 3.0}, {"exposure": 0.5}
STRENGTHS = {
    "exposure": ([-2.0, -1.0, 0.0, 1.0, 3.0, 6.0], {}, lambda image: luma(image).mean()),
    "gamma": ([2.5, 1.5, 1.0, 0.7, 0.4], {}, lambda image: luma(image).mean()),
    "shadows": ([0.0, 1.0, 4.0, 16.0], {}, lambda image: luma(image).mean()),
    "protect": ([4.0, 2.0, 1.0, 0.0], BRIGHTENED, lambda image: luma(image)[:, 48:].mean()),
    "toe": ([0.1, 0.03, 0.01, 0.0], BRIGHTENED, lambda image: luma(image)[:, :32].mean()),
    "local": ([0.0, 0.3, 0.6, 1.0], BRIGHTENED, lambda image: np.std(np.diff(luma(image), axis=0))),
    "follow": ([1.0, 0.6, 0.3, 0.0], BRIGHTENED, chroma),
    "saturation": ([0.0, 0.5, 1.0, 1.5, 2.0], COLOURS, chroma),
    "color_floor": ([0.1, 0.05, 0.01, 0.0], COLOURS, chroma),
    "warmth": ([-0.5, -0.2, 0.0, 0.2, 0.5], COLOURS, lambda image: image[:, :, 0].mean() - image[:, :, 2].mean()),
    "tint": ([0.5, 0.2, 0.0, -0.2, -0.5], COLOURS, lambda image: image[:, :, 1].mean() - image[:, :, ::2].mean()),
}


@PLAIN
@pytest.mark.parametrize("name", STRENGTHS)
def test_more_of_a_number_does_more(develop, name):
    values, others, measure = STRENGTHS[name]
    found = [float(measure(develop(scene(), **{name: value}, **others))) for value in values]
    assert np.all(np.diff(found) > 1e-4), found
    assert set(STRENGTHS) == {parameter.name for parameter in DEVELOP.parameters}


@pytest.mark.parametrize(("shadows", "protect"), [(16.0, 1.3), (8.0, 2.0), (8.0, 4.0)])
def test_the_curve_rises(shadows, protect):
    ramp = np.linspace(0, 1, 4096, dtype=np.float32)[np.newaxis]
    for exposure in (-2.0, 0.0, 5.0):
        for gamma in (0.4, 1.0, 2.5):
            result = operators.develop(ramp, exposure=exposure, gamma=gamma, shadows=shadows, protect=protect)
            assert np.all(np.diff(result) >= -1e-5)
    assert operators.develop(ramp, exposure=5.0, gamma=0.5)[0, -1] == pytest.approx(1, abs=1e-5)


@PLAIN
@drawn
@given(numbers=arguments(DEVELOP))
def test_grey_stays_grey(develop, numbers):
    grey = np.repeat(scene((20, 30, 1)), 3, axis=2)
    result = develop(grey, **{**numbers, "warmth": 0.0, "tint": 0.0})
    assert np.ptp(result, axis=2).max() < 2e-4


@PLAIN
@drawn
@given(numbers=arguments(DEVELOP))
def test_no_pixel_gets_brighter_than_its_tone(develop, numbers):
    """The luma of the result is f(y), or less where a channel would have left the range."""
    numbers = {**numbers, "warmth": 0.0, "tint": 0.0, "local": 0.0}
    image = scene()
    tone = develop(luma(image), **numbers)
    result = develop(image, **numbers)
    assert np.all(luma(result) <= tone + 2e-4)
    inside = result.max(axis=2) < 0.999
    assert np.allclose(luma(result)[inside], tone[inside], atol=2e-4)


def colours(lightness, chromas):
    """Return the colours of sRGB with these CIELAB coordinates, and hues every 5 degrees: ``(N, 1, 3)``."""
    hues = np.radians(np.arange(0, 360, 5))
    lab = np.array([(light, c * np.cos(h), c * np.sin(h)) for light in lightness for c in chromas for h in hues])[
        :, np.newaxis
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # some are not in sRGB
        rgb = np.clip(color.lab2rgb(lab), 0, 1)
    return rgb[np.abs(color.rgb2lab(rgb) - lab).max(axis=2)[:, 0] < 0.5]


def turned(before, after):
    """Return the turn of the hue in degrees, where both have one."""
    before, after = color.rgb2lab(before), color.rgb2lab(after)
    angles = [np.degrees(np.arctan2(one[..., 2], one[..., 1])) for one in (before, after)]
    turn = np.abs((angles[0] - angles[1] + 180) % 360 - 180)
    return turn[np.hypot(after[..., 1], after[..., 2]) > 3]


MODERATE, SATURATED = (range(15, 91, 5), range(10, 41, 5)), (range(30, 80, 5), range(60, 131, 5))


@pytest.mark.parametrize(("follow", "usual", "most"), [(0.0, 1.2, 7), (0.5, 2.2, 6), (1.0, 4.3, 9.5)])
@pytest.mark.parametrize("numbers", [{"exposure": 2.0}, {"gamma": 0.55}, {"shadows": 2.0}], ids=str)
def test_hues_of_moderate_colours_hardly_turn(numbers, follow, usual, most):
    before = colours(*MODERATE)
    turn = turned(before, operators.develop(before, **numbers, follow=follow))
    assert np.percentile(turn, 95) < usual
    assert turn.max() < most
    # A curve on every channel turns them several times as much.
    each = np.stack([operators.develop(before[:, :, c], **numbers) for c in range(3)], axis=2)
    assert np.percentile(turned(before, each), 95) > 2 * np.percentile(turn, 95)


@pytest.mark.parametrize(("follow", "usual"), [(0.0, 0.6), (0.5, 4), (1.0, 8)])
def test_hues_of_saturated_colours_turn_a_little_more(follow, usual):
    before = colours(*SATURATED)
    for numbers in ({"exposure": 2.0}, {"gamma": 0.55}, {"shadows": 2.0}):
        assert np.percentile(turned(before, operators.develop(before, **numbers, follow=follow)), 95) < usual
