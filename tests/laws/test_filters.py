"""What must be true of the spatial filters, whatever they compute with; and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diptych import operators
from diptych.core.errors import ParameterError
from diptych.core.image import from_float, to_float
from diptych.recipes import step
from strategies import images

ALL = {
    "gaussian": {"sigma": 1.7},
    "median": {"size": 7},
    "uniform": {"size": 5},
    "bilateral": {"sigma_space": 1.5, "sigma_color": 0.2},
    "guided": {"radius": 3, "epsilon": 0.01},
    "laplacian": {},
    "sobel": {},
    "unsharp_mask": {"sigma": 1.2, "amount": 1.0},
}
SMOOTHING = ("gaussian", "median", "uniform", "bilateral")
DTYPES = ("uint8", "uint16", "float32")
TURNS = {
    "left-right": lambda image: image[:, ::-1],
    "up-down": lambda image: image[::-1],
    "quarter": np.rot90,
    "transposed": lambda image: image.swapaxes(0, 1),
}
drawn = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def picture(dtype: str, shape: tuple[int, ...] = (45, 58, 3), low: float = 0.0, high: float = 1.0) -> np.ndarray:
    return from_float(np.random.default_rng(5).uniform(low, high, shape).astype(np.float32), np.dtype(dtype))


def near(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.abs(a.astype(np.float64) - b.astype(np.float64)).max() <= (1 if a.dtype.kind == "u" else 1e-5))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_flips_and_quarter_turns_commute(name, turn, dtype):
    call, image = operators.get(name), picture(dtype)
    assert near(call(turn(image), **ALL[name]), turn(call(image, **ALL[name])))


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("bilateral",)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_channels_do_not_mix(name, dtype):
    call, image = operators.get(name), picture(dtype, (30, 41, 5))
    whole = call(image, **ALL[name])
    for c in range(5):
        assert near(whole[:, :, c], call(image[:, :, c], **ALL[name]))


@drawn
@given(images(), st.sampled_from(SMOOTHING), st.sampled_from(("reflect", "nearest", "mirror", "wrap")))
def test_smoothing_makes_no_value_that_was_not_between_others(image, name, border):
    result = operators.get(name)(image, border=border, **ALL[name])
    slack = 0 if image.dtype.kind == "u" else 1e-6
    axes = (0, 1)
    assert np.all(result.max(axis=axes) <= image.max(axis=axes) + slack)
    assert np.all(result.min(axis=axes) >= image.min(axis=axes) - slack)


@pytest.mark.parametrize("sigma", [0.6, 3.0, 25.0])
def test_gaussian_and_uniform_keep_the_mean(sigma):
    image = picture("float32")
    # reflect shows every pixel as often as it weighs, so the sum is kept.
    assert abs(operators.gaussian(image, sigma=sigma).mean(dtype=float) - image.mean(dtype=float)) < 1e-6
    size = 2 * int(sigma) + 1
    assert abs(operators.uniform(image, size=size).mean(dtype=float) - image.mean(dtype=float)) < 1e-6


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("gaussian", {"sigma": 0}),
        ("gaussian", {"sigma": 1e-300}),
        ("median", {"size": 1}),
        ("uniform", {"size": 1}),
        ("bilateral", {"sigma_space": 0}),
        ("bilateral", {"sigma_color": 0}),
        ("bilateral", {"sigma_space": 1e-300}),
        ("unsharp_mask", {"amount": 0}),
        ("unsharp_mask", {"sigma": 0}),
    ],
)
def test_nothing_to_do_is_the_identity_and_a_copy(dtype, name, parameters):
    image = picture(dtype)
    result = operators.get(name)(image, **parameters)
    assert np.array_equal(result, image)
    assert not np.shares_memory(result, image)


@pytest.mark.parametrize("dtype", DTYPES)
def test_two_blurs_are_one_of_the_sum_of_variances(dtype):
    image = picture(dtype, (64, 64))
    twice = operators.gaussian(operators.gaussian(to_float(image), sigma=3), sigma=4)
    assert np.abs(twice - operators.gaussian(to_float(image), sigma=5)).max() < 1e-3


@drawn
@given(images(), st.sampled_from((3, 5, 9, 21)))
def test_median_is_self_dual(image, size):
    white = np.iinfo(image.dtype).max if image.dtype.kind == "u" else np.float32(1)
    assert near(operators.median(white - image, size=size), white - operators.median(image, size=size))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [3, 5, 9, 21])
def test_median_removes_a_speck_and_keeps_an_edge(dtype, size):
    image = np.zeros((40, 40), dtype)
    image[:, 20:] = 1
    kept = image.copy()
    image[10, 5] = 1
    assert np.array_equal(operators.median(image, size=size), kept)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bilateral_and_guided_keep_an_edge_that_a_blur_loses(dtype):
    edge = from_float(np.repeat([0.2, 0.8], 20)[np.newaxis].repeat(30, axis=0), np.dtype(dtype))
    noisy = from_float(to_float(edge) + np.random.default_rng(0).normal(0, 0.02, edge.shape), np.dtype(dtype))

    def error(result: np.ndarray) -> float:
        return float(np.abs(to_float(result) - to_float(edge)).mean())

    blurred = error(operators.gaussian(noisy, sigma=2))
    assert error(operators.bilateral(noisy, sigma_space=2, sigma_color=0.1)) < 0.4 * min(blurred, error(noisy))
    assert error(operators.guided(noisy, radius=3, epsilon=0.005)) < 0.6 * min(blurred, error(noisy))


def test_bilateral_with_a_wide_colour_is_a_blur_and_a_narrow_one_the_identity():
    image = picture("float32", (30, 30), 0.4, 0.6)
    wide = operators.bilateral(image, sigma_space=1, sigma_color=10)
    assert wide.std() < 0.5 * image.std()
    narrow = operators.bilateral(image, sigma_space=1, sigma_color=1e-6)
    assert np.abs(narrow - image).max() < 1e-5


def test_guided_follows_the_guide_and_not_its_own_edges():
    image = np.repeat([0.2, 0.8], 20)[np.newaxis].repeat(40, axis=0).astype(np.float32)
    flat_guide = np.full((40, 40), 0.5, np.float32)
    assert np.abs(operators.guided(image, radius=4, epsilon=1e-3) - image).max() < 0.02
    twice = operators.uniform(operators.uniform(image, size=9), size=9)
    assert np.abs(operators.guided(image, radius=4, epsilon=1e-3, guide=flat_guide) - twice).max() < 1e-4


@pytest.mark.parametrize("dtype", DTYPES)
def test_derivatives_of_steps_and_dots(dtype):
    white = np.iinfo(dtype).max if dtype != "float32" else 1
    step_ = np.zeros((9, 10), dtype)
    step_[:, 5:] = white
    assert abs(to_float(operators.sobel(step_))[4, 4] - np.sqrt(0.5)) < 0.003
    assert to_float(operators.sobel(step_, output="horizontal"))[4, 4] == 1
    assert abs(to_float(operators.sobel(step_, output="vertical"))[4, 4] - 0.5) < 0.003
    dot = np.zeros((9, 9), dtype)
    dot[4, 4] = white
    assert to_float(operators.laplacian(dot))[4, 4] == 1
    assert to_float(operators.laplacian(dot, output="signed"))[4, 4] == 0
    assert to_float(operators.laplacian(white - dot, output="signed"))[4, 4] == 1


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("channels", [1, 2, 7])
@pytest.mark.parametrize("dtype", DTYPES)
def test_constant_images(name, value, channels, dtype):
    image = from_float(np.full((17, 23, channels), value), np.dtype(dtype))
    result = operators.get(name)(image, **ALL[name])
    expected = np.zeros_like(image) if name in ("laplacian", "sobel") else image
    difference = np.abs(result.astype(np.float64) - expected.astype(np.float64)).max()
    assert difference <= (0 if dtype != "float32" else 1e-6)


@pytest.mark.parametrize("name", ["gaussian", "median", "uniform", "bilateral"])
@pytest.mark.parametrize("border", ["reflect", "nearest", "mirror", "constant", "wrap"])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 30), (5, 4, 7)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_windows_larger_than_the_image(name, border, shape, dtype):
    wide = {"gaussian": {"sigma": 15}, "median": {"size": 41}, "uniform": {"size": 41}, "bilateral": {"sigma_space": 6}}
    image = picture(dtype, shape)
    declaration = operators.declaration(name)
    expected = declaration.plain(image, border=border, **wide[name])
    assert near(declaration.function(image, border=border, **wide[name]), expected)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", DTYPES)
def test_read_only_big_endian_and_strided_input(name, dtype):
    call, image = operators.get(name), picture(dtype, (40, 50, 2))
    expected = call(image, **ALL[name])
    image.flags.writeable = False
    assert np.array_equal(call(image, **ALL[name]), expected)
    assert np.array_equal(call(image.astype(image.dtype.newbyteorder(">")), **ALL[name]), expected)
    view = np.ascontiguousarray(image[::-1, ::-1])[::-1, ::-1]
    assert np.array_equal(call(view, **ALL[name]), expected)


@pytest.mark.parametrize(
    ("name", "parameter", "value", "bound"),
    [
        ("median", "size", 4, "255"),
        ("median", "size", 0, "255"),
        ("uniform", "size", 2, "999"),
        ("uniform", "size", -1, "999"),
        ("gaussian", "sigma", -0.1, "1000"),
        ("gaussian", "sigma", 1e6, "1000"),
        ("unsharp_mask", "sigma", 1e6, "1000"),
        ("bilateral", "sigma_space", 51, "50"),
        ("guided", "radius", 0, "500"),
        ("guided", "epsilon", 0, "1"),
        ("laplacian", "output", "squared", "signed"),
        ("sobel", "border", "mirrored", "mirror"),
    ],
)
def test_values_out_of_bounds_are_named_with_their_bound(name, parameter, value, bound):
    with pytest.raises(ParameterError, match=f"{name}: {parameter} = .* {bound}"):
        operators.get(name)(picture("uint8"), **{parameter: value})


def test_a_guide_that_does_not_fit_is_refused():
    image = picture("uint8", (10, 12, 3))
    for shape in ((10, 11, 3), (10, 12, 2), (12, 10)):
        with pytest.raises(
            ParameterError, match=r"guided: guide = an image of shape .* give 10 x 12 pixels with 1 or 3"
        ):
            operators.guided(image, guide=np.zeros(shape, np.uint8))
    with pytest.raises(ParameterError, match="guided: guide = an image is not allowed in a recipe"):
        step("guided", guide=np.zeros((10, 12), np.uint8))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_number_of_threads_changes_nothing(name, dtype, monkeypatch):
    image = picture(dtype, (400, 31, 3))
    results = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("DIPTYCH_THREADS", threads)
        results.append(operators.get(name)(image, **ALL[name]))
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("border", ["reflect", "constant"])
def test_no_pixel_beyond_the_halo_counts(name, border):
    declaration = operators.declaration(name)
    parameters = {
        **ALL[name],
        **({"border": border} if any(p.name == "border" for p in declaration.parameters) else {}),
    }
    halo = declaration.halo(**declaration.check(parameters))
    image = picture("float32", (60, 20))
    part = declaration.function(image[: 30 + halo], **parameters)[:30]
    assert np.abs(part - declaration.function(image, **parameters)[:30]).max() < 1e-6
