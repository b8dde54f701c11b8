"""Illumination against SciPy, OpenCV and formulas written out; and fast paths on pictures larger than a tile."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, sparse
from scipy.sparse.linalg import spsolve
from skimage import data

from diptych import operators
from diptych.core.image import from_float, to_float
from diptych.operators._kernels._edge_aware_numba import guided_filter
from diptych.operators._kernels._percentile_numba import order_statistics, percentiles
from diptych.operators._kernels._wide_blur import blurred, spectrum
from diptych.operators.guided import guided_filter as plain_guided_filter
from strategies import images

NAMES = ("clahe", "dehaze", "develop", "flatten_background", "lime", "retinex_msr", "retinex_msrcr", "retinex_ssr")
drawn = settings(max_examples=40, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)
sides = st.integers(1, 64)


def values(seed: int, count: int, dtype: str) -> np.ndarray:
    rng = np.random.default_rng(seed)
    kind = rng.integers(4)
    floats = [rng.random(count), rng.normal(size=count), np.full(count, 0.3), np.floor(rng.random(count) * 4) - 2][kind]
    return floats.astype(dtype) if dtype == "float32" else (np.abs(floats) * 60).astype(dtype)


@drawn
@given(seed=seeds, count=st.integers(1, 3000), dtype=st.sampled_from(["uint8", "uint16", "float32"]))
def test_percentiles_are_numpys_bit_for_bit(seed, count, dtype):
    pixels = values(seed, count, dtype)
    shares = np.concatenate([np.random.default_rng(seed).random(40) * 100, [0, 50, 100]])
    assert np.array_equal(percentiles(pixels, shares), np.percentile(pixels, shares))
    assert np.array_equal(percentiles(pixels[::-2], [1, 99]), np.percentile(pixels[::-2], [1, 99]))
    ranks = np.arange(0, count, 7)
    assert np.array_equal(order_statistics(pixels, ranks), np.sort(pixels)[ranks])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_percentiles_of_many_values_on_several_threads(dtype, monkeypatch):
    monkeypatch.setenv("DIPTYCH_THREADS", "3")
    pixels = from_float(np.random.default_rng(0).random(300_000, np.float32), np.dtype(dtype))
    assert np.array_equal(percentiles(pixels, [0.5, 37, 99.9]), np.percentile(pixels, [0.5, 37, 99.9]))


@drawn
@given(seed=seeds, height=sides, width=sides, sigma=st.floats(0.5, 300))
def test_the_wide_blur_is_scipys(seed, height, width, sigma):
    plane = np.random.default_rng(seed).random((height, width), np.float32)
    expected = ndimage.gaussian_filter(plane.astype(np.float64), sigma, mode="reflect")
    assert np.abs(blurred(spectrum(plane), sigma) - expected).max() < 1e-6


@drawn
@given(seed=seeds, height=sides, width=sides, radius=st.integers(1, 80), itself=st.booleans())
def test_the_guided_filter_is_the_plain_one(seed, height, width, radius, itself):
    rng = np.random.default_rng(seed)
    guide = rng.random((height, width), np.float32)
    source = guide if itself else rng.random((height, width), np.float32)
    expected = plain_guided_filter(guide, source, 2 * radius + 1, 0.001)
    assert np.abs(guided_filter(guide, source, 2 * radius + 1, 0.001) - expected).max() < 1e-5


@drawn
@given(
    seed=seeds,
    tiles=st.integers(1, 8),
    height=st.integers(1, 8),
    width=st.integers(1, 8),
    clip_limit=st.floats(1, 40),
)
def test_clahe_is_opencvs(seed, tiles, height, width, clip_limit):
    rng = np.random.default_rng(seed)
    image = (rng.random((tiles * height, tiles * width)) ** 2 * 255).astype(np.uint8)
    if np.ptp(image) == 0:
        return
    expected = cv2.createCLAHE(clip_limit, (tiles, tiles)).apply(image).astype(int)
    assert np.abs(operators.clahe(image, tiles=tiles, clip_limit=clip_limit) - expected).max() <= 1
    assert np.abs(operators.declaration("clahe").plain(image, tiles=tiles, clip_limit=clip_limit) - expected).max() <= 1


def log_over_surround(channel, sigmas):
    logs = [np.log(ndimage.gaussian_filter(channel, sigma) + 1 / 255) for sigma in sigmas]
    return np.log(channel + 1 / 255) - sum(logs) / len(logs)


def stretch(values_):
    black, white = np.percentile(values_, [1, 99])
    return np.clip((values_ - black) / (white - black), 0, 1)


@drawn
@given(image=images(dtypes=("float32",), channels=(1, 2)), sigma=st.floats(1, 100))
def test_retinex_of_channels_is_the_formula(image, sigma):
    planes = np.atleast_3d(image.astype(np.float64))
    sigmas = {"retinex_ssr": [sigma], "retinex_msr": [15, 80, sigma]}
    for name, parameters in (("retinex_ssr", {"sigma": sigma}), ("retinex_msr", {"large": sigma})):
        result = np.atleast_3d(operators.get(name)(image, **parameters))
        for c in range(planes.shape[2]):
            expected = log_over_surround(planes[:, :, c], sigmas[name])
            if np.ptp(np.percentile(expected, [1, 99])) > 0.021:
                assert np.abs(result[:, :, c] - stretch(expected)).max() < 1e-4


@drawn
@given(image=images(dtypes=("float32",), channels=(2, 3, 5)))
def test_msrcr_is_the_formula(image):
    planes = np.atleast_3d(image.astype(np.float64))
    details = np.stack([log_over_surround(planes[:, :, c], (15, 80, 250)) for c in range(planes.shape[2])], axis=2)
    share = (planes + 1 / 255) / (planes + 1 / 255).sum(axis=2, keepdims=True)
    expected = np.log(125 * share) * details
    if np.ptp(np.percentile(expected, [1, 99])) > 0.021:
        assert np.abs(np.atleast_3d(operators.retinex_msrcr(image)) - stretch(expected)).max() < 1e-4


@drawn
@given(image=images(dtypes=("float32",)), sigma=st.floats(1, 60))
def test_flatten_background_is_the_formula(image, sigma):
    planes = np.atleast_3d(image.astype(np.float64))
    background = ndimage.gaussian_filter(planes, (sigma, sigma, 0))
    ratio = planes / (background + 1 / 255)
    divided = ratio * planes.mean(axis=(0, 1)) / ratio.mean(axis=(0, 1))
    subtracted = planes - background + background.mean(axis=(0, 1))
    for mode, expected in (("divide", divided), ("subtract", subtracted)):
        result = np.atleast_3d(operators.flatten_background(image, sigma=sigma, mode=mode))
        assert np.abs(result - np.clip(expected, 0, 1)).max() < 1e-5


def test_dehaze_finds_the_haze_that_was_put_in():
    # Small dark specks everywhere, as the prior asks for; a known transmission, a known colour of the haze.
    rng = np.random.default_rng(0)
    scene = rng.uniform(0, 0.8, (160, 240, 3)) * (rng.random((160, 240, 1)) > 0.15)
    air = np.array([0.9, 0.92, 0.97])
    share = np.linspace(0.02, 0.9, 240)[np.newaxis, :, np.newaxis]
    hazy = (scene * share + air * (1 - share)).astype(np.float32)
    result = operators.dehaze(hazy, omega=1.0, radius=20)
    clear = np.s_[20:-20, 140:-20]  # where much of the scene's light is left
    assert np.abs(result[clear] - scene[clear]).mean() < 0.05
    assert np.abs(hazy[clear] - scene[clear]).mean() > 0.1


def test_lime_solves_its_equations():
    from diptych.operators.lime import _solve, _weights

    rng = np.random.default_rng(0)
    right, weights = rng.random((50, 3)), 10 ** rng.uniform(-3, 6, (50, 3))
    weights[-1] = 0
    difference = np.diff(np.eye(50), axis=0)
    for k in range(3):
        matrix = np.eye(50) + difference.T @ np.diag(weights[:-1, k]) @ difference
        assert np.allclose(_solve(right, weights)[:, k], np.linalg.solve(matrix, right[:, k]), atol=1e-7)
    assert _weights(right, axis=0).shape == right.shape


def test_lime_is_close_to_the_joint_minimum():
    from diptych.operators.lime import _smoothed, _weights

    first = data.astronaut()[100:220, 150:310].max(axis=2) / 255 * 0.3
    height, width = first.shape
    across = sparse.kron(sparse.eye(height), sparse.diags([-1.0, 1.0], [0, 1], (width, width)))
    down = sparse.kron(sparse.diags([-1.0, 1.0], [0, 1], (height, height)), sparse.eye(width))
    parts = [d.T @ sparse.diags(_weights(first, a).ravel()) @ d for d, a in ((across, 1), (down, 0))]
    joint = spsolve((sparse.eye(first.size) + 0.15 * sum(parts)).tocsc(), first.ravel()).reshape(first.shape)
    ours = _smoothed(first, 0.15)
    assert np.abs(ours - joint).mean() < 0.35 * np.abs(first - joint).mean()
    assert np.corrcoef(ours.ravel(), joint.ravel())[0, 1] > 0.97


@drawn
@given(seed=seeds, exposure=st.floats(0, 6), gamma=st.floats(0.4, 2.5), shadows=st.floats(0, 8))
def test_develop_of_grey_is_its_curve(seed, exposure, gamma, shadows):
    image = np.random.default_rng(seed).integers(0, 256, (9, 13), np.uint8)

    def power(values):
        return values * ((values + 1 / 255) / (1 + 1 / 255)) ** (gamma - 1)

    gain = 2 ** (exposure / 2.2)
    x, last = power(gain * image / 255), 5 * power(gain) - 4
    over = np.maximum(5 * x - 4, 0)
    x = np.where(x > 0.8, 0.8 + 0.2 * over * (1 + over / last**2) / (1 + over), x)
    expected = x * (1 + shadows * (1 - x) / (1 + shadows * x))
    result = operators.develop(image, exposure=exposure, gamma=gamma, shadows=shadows)
    assert np.abs(result - 255 * expected).max() <= 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_paths_on_a_picture(name, dtype):
    crop = data.astronaut()[:300, 60:431] / 255.0
    image = from_float((crop**2).astype(np.float32), np.dtype(dtype))
    declaration = operators.declaration(name)
    given_ = {"shadows": 3.0, "local": 0.6, "exposure": 1.3} if name == "develop" else {}
    result, expected = to_float(declaration.function(image, **given_)), to_float(declaration.plain(image, **given_))
    step = {"uint8": 1 / 255, "uint16": 1 / 65535, "float32": 0}[dtype]
    assert np.abs(result - expected).max() <= max(step, 2e-5) * 1.001


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("local", [0.0, 0.001, 0.6])
@pytest.mark.parametrize("shape", [(777, 1031, 3), (530, 520, 1), (520, 1100, 4)])
def test_develop_on_pictures_of_several_pieces(dtype, local, shape):
    """Rows longer than a piece of the kernel, and surroundings on every second or third pixel."""
    rng = np.random.default_rng(1)
    light = np.linspace(0.02, 1, shape[1])[:, np.newaxis] * np.linspace(1, 0.2, shape[0])[:, np.newaxis, np.newaxis]
    image = from_float((light * rng.uniform(0.5, 1, shape)).astype(np.float32), np.dtype(dtype))
    declaration = operators.declaration("develop")
    for given_ in (
        {"exposure": 1.5, "shadows": 3.0, "toe": 0.005, "protect": 1.0, "follow": 0.7, "warmth": 0.2, "tint": -0.1},
        {"exposure": -1.0, "gamma": 0.6, "shadows": 1.0, "saturation": 1.4, "color_floor": 0.05},
    ):
        result, expected = (
            declaration.function(image, local=local, **given_),
            declaration.plain(image, local=local, **given_),
        )
        step = {"uint8": 1 / 255, "uint16": 1 / 65535, "float32": 0}[dtype]
        assert np.abs(to_float(result) - to_float(expected)).max() <= max(step, 2e-5) * 1.001


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_develop_reads_no_table_beyond_its_end(dtype, monkeypatch):
    """Compiled, such a read is a crash or nothing at all; in plain Python it is an error."""
    program = f"""
import numpy as np
from diptych import operators
image = (np.random.default_rng(0).random((3, 520, 3)) * (255 if "{dtype}" == "uint8" else 1)).astype("{dtype}")
image[1] //= 50
for local in (0.0, 1.0):
    operators.develop(image, exposure=13.0, gamma=0.4, shadows=16.0, local=local, warmth=1.0, tint=-1.0, saturation=2.0)
print("done")
"""
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n", done.stderr
