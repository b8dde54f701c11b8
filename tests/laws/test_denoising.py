"""What is true of denoising whatever the picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diptych import operators
from diptych.core.errors import ImageError, ParameterError
from diptych.core.noise import estimate_noise
from strategies import images

SETTINGS = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

ALL = {
    "denoise_nlm": {"strength": 0.2, "search": 7},
    "denoise_photo": {"luma": 0.1, "chroma": 0.1, "search": 7, "scales": 1},
    "denoise_wavelet": {},
    "denoise_tv": {"iterations": 20},
    "denoise_bilateral": {"size": 5},
}
AVERAGES = ["denoise_nlm", "denoise_photo", "denoise_bilateral"]
IDENTITIES = [
    ("denoise_nlm", {"strength": 0}),
    ("denoise_nlm", {"strength": 1e-300}),
    ("denoise_photo", {"luma": 0}),
    ("denoise_photo", {"luma": 1e-300, "chroma": 0.5}),
    ("denoise_tv", {"weight": 0}),
    ("denoise_tv", {"weight": 1e-300}),
    ("denoise_bilateral", {"sigma_color": 0}),
    ("denoise_bilateral", {"sigma_color": 1e-300}),
    ("denoise_bilateral", {"size": 1}),
]


def scene(shape, seed=0):
    """Return a noisy slope, float32."""
    values = 0.5 + np.random.default_rng(seed).normal(0, 0.1, shape)
    values += np.linspace(-0.2, 0.2, shape[1]).reshape((1, -1) + (1,) * (len(shape) - 2))
    return np.clip(values, 0, 1).astype(np.float32)


def difference(a, b):
    return np.abs(a.astype(np.float64) - b).max()


@pytest.mark.parametrize(("name", "given_"), IDENTITIES)
@SETTINGS
@given(image=images())
def test_amount_nought_is_the_identity(name, given_, image):
    assert np.array_equal(operators.get(name)(image, **given_), image)


@pytest.mark.parametrize("name", ["denoise_photo", "denoise_bilateral"])
@SETTINGS
@given(image=images(dtypes=["float32"], largest=40))
def test_flips_and_quarter_turns_commute(name, image):
    call = operators.get(name)
    result = call(image, **ALL[name])
    for turn in (np.fliplr, np.flipud, np.rot90):
        assert difference(call(np.ascontiguousarray(turn(image)), **ALL[name]), turn(result)) < 1e-4


@pytest.mark.parametrize("shape", [(32, 24, 3), (8, 40, 1), (16, 16, 5)])
def test_at_several_sizes_flips_and_quarter_turns_commute_where_sizes_are_whole(shape):
    image = scene(shape)
    result = operators.denoise_photo(image, luma=0.1, chroma=0.1)
    for turn in (np.fliplr, np.flipud, np.rot90):
        turned = operators.denoise_photo(np.ascontiguousarray(turn(image)), luma=0.1, chroma=0.1)
        assert difference(turned, turn(result)) < 1e-4


def test_at_several_sizes_smeared_noise_is_found():
    flat = np.full((96, 96, 3), 0.5)
    noise = np.random.default_rng(0).normal(0, 0.1, flat.shape)
    smeared = sum(np.roll(noise, (y, x), (0, 1)) for y in range(3) for x in range(3)) / 3
    image = (flat + 0.3 * smeared).astype(np.float32)
    one, several = (operators.denoise_photo(image, luma=0.02, chroma=0.03, coarse=0.9, scales=n).std() for n in (1, 3))
    assert several < 0.7 * one < 0.7 * image.std()


@pytest.mark.parametrize("name", ["denoise_nlm", "denoise_tv", "denoise_wavelet"])
@SETTINGS
@given(image=images(dtypes=["float32"], largest=40))
def test_rows_and_columns_are_treated_alike(name, image):
    call = operators.get(name)
    swapped = np.ascontiguousarray(np.swapaxes(image, 0, 1))
    assert difference(call(swapped, **ALL[name]), np.swapaxes(call(image, **ALL[name]), 0, 1)) < 1e-4


@pytest.mark.parametrize("name", AVERAGES)
@SETTINGS
@given(image=images(channels=(1, 2, 4, 5)))
def test_an_average_stays_within_the_values(name, image):
    result = operators.get(name)(image, **ALL[name])
    slack = 0 if image.dtype.kind == "u" else 1e-6
    assert result.min() >= image.min() - slack
    assert result.max() <= image.max() + slack


@SETTINGS
@given(image=images(dtypes=["float32"]), weight=st.floats(0.01, 5))
def test_tv_keeps_the_mean_and_lessens_the_variation(image, weight):
    def variation(of):
        return sum(np.abs(np.diff(of, axis=axis)).sum(dtype=np.float64) for axis in (0, 1))

    result = operators.denoise_tv(image * np.float32(0.5) + np.float32(0.25), weight=weight)
    assert abs(result.mean(dtype=np.float64) - 0.5 * image.mean(dtype=np.float64) - 0.25) < 1e-5
    assert variation(result) <= 0.5 * variation(image) + 1e-3


@pytest.mark.parametrize("name", [*AVERAGES, "denoise_tv"])
@SETTINGS
@given(image=images(dtypes=["float32"], channels=(1, 3)))
def test_a_negative_is_denoised_as_the_picture(name, image):
    call = operators.get(name)
    assert difference(call(1 - image, **ALL[name]), 1 - call(image, **ALL[name])) < 1e-3


@pytest.mark.parametrize(
    ("name", "parameter", "values"),
    [
        ("denoise_nlm", "strength", [0.02, 0.1, 0.5]),
        ("denoise_photo", "strength", [0.3, 1, 3]),
        ("denoise_wavelet", "sigma", [0.01, 0.05, 0.2]),
        ("denoise_tv", "weight", [0.02, 0.1, 0.5]),
        ("denoise_bilateral", "sigma_color", [0.02, 0.1, 0.5]),
    ],
)
def test_more_is_smoother(name, parameter, values):
    image = scene((64, 64, 3))
    given_ = {**ALL[name], "luma": 0.05} if name == "denoise_photo" else ALL[name]
    rough = [
        np.abs(np.diff(operators.get(name)(image, **{**given_, parameter: value}), axis=0)).mean() for value in values
    ]
    assert rough == sorted(rough, reverse=True)
    assert rough[0] > 2 * rough[-1]


@pytest.mark.parametrize("name", list(ALL))
@pytest.mark.parametrize("shape", [(30, 40, 2), (30, 40, 7), (1, 50), (50, 1, 3)])
def test_other_shapes(name, shape):
    image = scene(shape)
    image.flags.writeable = False
    result = operators.get(name)(image, **ALL[name])
    assert np.all(np.isfinite(result))
    swapped = (image * 65535).astype(np.uint16)
    call = operators.get(name)
    assert np.array_equal(call(swapped.astype(">u2"), **ALL[name]), call(swapped, **ALL[name]))


@pytest.mark.parametrize("name", ["denoise_nlm", "denoise_photo"])
def test_a_window_far_larger_than_the_image(name):
    image = scene((5, 4, 3))
    given_ = {"denoise_nlm": {"strength": 1}, "denoise_photo": {"luma": 0.5}}[name]
    result = operators.get(name)(image, **given_, patch=15, search=63)
    plain = operators.declaration(name).plain(image, **given_, patch=15, search=63)
    assert difference(result, plain) < 1e-5


@pytest.mark.parametrize("value", [0, 77, 65535])
@pytest.mark.parametrize("name", list(ALL))
def test_a_flat_image_does_not_change_by_a_level(name, value):
    image = np.full((70, 50, 3), value, np.uint16)
    search = {"search": 63} if "search" in ALL[name] else {}
    assert np.array_equal(operators.get(name)(image, **{**ALL[name], **search}), image)


@pytest.mark.parametrize(
    ("name", "given_"),
    [
        ("denoise_nlm", {"patch": 4}),
        ("denoise_nlm", {"search": 0}),
        ("denoise_photo", {"strength": 0}),
        ("denoise_wavelet", {"wavelet": "db99"}),
        ("denoise_wavelet", {"sigma": -0.1}),
        ("denoise_tv", {"iterations": 0}),
        ("denoise_bilateral", {"size": 2}),
        ("denoise_bilateral", {"sigma_spatial": 0}),
        ("denoise_bilateral", {"sigma_color": 2}),
    ],
)
def test_bad_parameters(name, given_):
    with pytest.raises(ParameterError, match=f"{name}: {next(iter(given_))} = "):
        operators.get(name)(scene((8, 8)), **given_)


@pytest.mark.parametrize("shape", [(1, 1), (2, 2, 3), (1, 40), (40, 40, 5)])
def test_there_is_no_noise_in_a_flat_image(shape):
    assert estimate_noise(np.full(shape, 100, np.uint8)) < 1e-6


def test_the_measure_refuses_what_is_no_image():
    with pytest.raises(ImageError, match="image"):
        estimate_noise(np.full((4, 4), np.nan, np.float32))
