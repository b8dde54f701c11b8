"""What is true of the operators of illumination, and what they do with odd input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from diptych import operators
from diptych.core.errors import ParameterError
from diptych.core.image import from_float, to_float
from strategies import images

NAMES = ("clahe", "dehaze", "develop", "flatten_background", "lime", "retinex_msr", "retinex_msrcr", "retinex_ssr")
GIVEN = {"develop": {"shadows": 3.0, "local": 0.5}}
drawn = settings(max_examples=30, deadline=None, derandomize=True)


def call(name, image, **more):
    return operators.get(name)(image, **{**GIVEN.get(name, {}), **more})


def scene(shape=(64, 96, 3), seed=0, dtype="float32"):
    rng = np.random.default_rng(seed)
    shade = np.linspace(0.2, 1, shape[1]).reshape((1, -1) + (1,) * (len(shape) - 2))
    return from_float((0.8 * shade * rng.uniform(0.3, 1, shape)).astype(np.float32), np.dtype(dtype))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"clahe"}))
def test_flips_commute(name):
    image = scene()
    for turned in (np.flipud, np.fliplr):
        assert np.allclose(call(name, turned(image)), turned(call(name, image)), atol=1e-4)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"clahe", "lime"}))
def test_rotations_commute(name):
    image = scene()
    assert np.allclose(call(name, np.rot90(image)), np.rot90(call(name, image)), atol=1e-4)


@pytest.mark.parametrize("name", ["clahe", "lime"])
def test_rotations_commute_nearly(name):
    # CLAHE, as in OpenCV, measures from the left edges of pixels; LIME smooths rows first.
    image = scene()
    assert np.abs(call(name, np.rot90(image)) - np.rot90(call(name, image))).mean() < 0.02


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_a_flat_image_stays_flat(name, dtype, value):
    for channels in (1, 2, 3):
        image = from_float(np.full((20, 30, channels), value, np.float32), np.dtype(dtype))
        result = to_float(call(name, image))
        assert np.ptp(result, axis=(0, 1)).max() <= 1e-5
        if name.startswith("retinex") or name in ("clahe", "dehaze", "flatten_background"):
            assert np.abs(result - to_float(image)).max() <= 1e-4


@drawn
@given(image=images())
def test_amount_zero_is_the_identity(image):
    for result in (operators.lime(image, gamma=0), operators.dehaze(image, omega=0)):
        assert np.allclose(to_float(result), to_float(image), atol=1e-5)


@pytest.mark.parametrize("mode", ["divide", "subtract"])
def test_flatten_background_keeps_the_mean_of_each_channel_and_takes_the_shade(mode):
    image = 0.5 * scene()
    result = operators.flatten_background(image, sigma=12, mode=mode)
    assert np.allclose(result.mean(axis=(0, 1)), image.mean(axis=(0, 1)), atol=1e-3)
    halves = [np.ptp([part[:, :48].mean(), part[:, 48:].mean()]) for part in (image, result)]
    assert halves[1] < 0.3 * halves[0]


@pytest.mark.parametrize("name", ["retinex_ssr", "retinex_msr", "clahe"])
def test_the_hue_is_kept(name):
    image = scene() * np.float32([0.5, 0.4, 0.3])
    result = call(name, image)
    inside = (result.max(axis=2) < 0.98) & (result.min(axis=2) > 0.02)
    ratio = result[inside] / image[inside]
    assert np.ptp(ratio, axis=1).max() < 2e-2 * ratio.max()


def test_retinex_does_not_see_the_strength_of_a_smooth_light():
    rng = np.random.default_rng(0)
    reflectance = rng.uniform(0.5, 1, (128, 128)).astype(np.float32)
    light = np.linspace(0.3, 1, 128, dtype=np.float32)
    one, other = (operators.retinex_ssr(reflectance * part, sigma=8)[20:-20, 20:-20] for part in (light, light[::-1]))
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.98


def test_more_smoothness_makes_limes_light_smoother():
    image = 0.5 * scene((48, 64)).astype(np.float64)
    light = [(operators.lime(image, gamma=0.1, smoothness=s) / image) ** -10 for s in (0, 0.01, 1)]
    rough = [np.abs(np.diff(part, axis=1)).sum() for part in light]
    assert rough[0] > rough[1] > rough[2]


def test_less_transmission_is_allowed_the_more_dehaze_does():
    hazy = 0.3 * scene() + np.float32(0.6)
    spread = [operators.dehaze(hazy, t0=t0).std() for t0 in (1.0, 0.5, 0.1)]
    assert spread[0] < spread[1] <= spread[2]
    assert np.allclose(operators.dehaze(hazy, t0=1.0), hazy, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(12, 9, 2), (12, 9, 7), (3, 40, 3), (1, 1), (2, 1, 3)])
def test_odd_shapes_read_only_and_foreign_bytes(name, shape):
    image = scene(shape, dtype="uint16")
    image.flags.writeable = False
    expected = call(name, image)
    assert expected.shape == image.shape
    assert np.array_equal(call(name, image.astype(">u2")), expected)
    wide = {"retinex_ssr": {"sigma": 1000.0}, "dehaze": {"patch": 255, "radius": 500}, "clahe": {"tiles": 64}}
    assert call(name, image, **wide.get(name, {})).shape == image.shape


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("dehaze", {"patch": 4}),
        ("dehaze", {"patch": 0}),
        ("dehaze", {"t0": 0.0}),
        ("dehaze", {"radius": 0}),
        ("flatten_background", {"sigma": 0.0}),
        ("flatten_background", {"sigma": 1e9}),
        ("flatten_background", {"mode": "multiply"}),
        ("lime", {"gamma": 1.5}),
        ("lime", {"smoothness": -1.0}),
        ("retinex_ssr", {"sigma": 0.0}),
        ("retinex_msr", {"clip": 50.0}),
        ("retinex_msrcr", {"alpha": 0.0}),
        ("clahe", {"tiles": 0}),
        ("develop", {"gamma": 0.0}),
        ("develop", {"exposure": 15.0}),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_name(name, parameters):
    with pytest.raises(ParameterError, match=rf"{name}.*{next(iter(parameters))}"):
        operators.get(name)(scene(), **parameters)
