"""Denoising against scikit-image, and how well it denoises."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from skimage import data, metrics, restoration

from diptych import operators
from diptych.core.noise import estimate_noise
from strategies import images

SETTINGS = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
floats = images(dtypes=["float32"])


def with_axis(image):
    return image if image.ndim == 3 else image[:, :, np.newaxis]


def quietly(function, *arguments, **given_):
    with warnings.catch_warnings():  # of one-pixel images and of channels it has not met
        warnings.simplefilter("ignore")
        return function(*arguments, **given_)


def noisy_photo(name, sigma, seed=0):
    """Return a clean crop of one of scikit-image's photographs and the same with white noise of sigma levels."""
    clean = getattr(data, name)()[100:220, 100:260]
    noise = np.random.default_rng(seed).normal(0, sigma, clean.shape)
    return clean, np.clip(np.rint(clean + noise), 0, 255).astype(np.uint8)


def psnr(clean, image):
    return metrics.peak_signal_noise_ratio(clean, image, data_range=255)


@settings(SETTINGS, max_examples=25)
@given(
    image=images(dtypes=["float32"], largest=40),
    strength=st.floats(0.01, 1),
    patch=st.sampled_from([3, 5, 7, 11]),
    search=st.sampled_from([3, 5, 13]),
)
def test_nlm_is_scikit_images(image, strength, patch, search):
    cube = with_axis(image)
    expected = restoration.denoise_nl_means(cube, patch, search // 2, strength, fast_mode=True, channel_axis=-1)
    result = operators.denoise_nlm(image, strength=strength, patch=patch, search=search)
    assert np.abs(result.reshape(cube.shape) - expected.reshape(cube.shape)).max() <= 1e-5


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
@pytest.mark.parametrize("sigma", [10, 25])
def test_nlm_denoises_as_well_as_scikit_image(name, sigma):
    clean, noisy = noisy_photo(name, sigma)
    strength = 0.8 * sigma / 255
    ours = operators.denoise_nlm(noisy, strength=strength, patch=5, search=23)
    theirs = restoration.denoise_nl_means(noisy / 255.0, 5, 11, strength, fast_mode=True, channel_axis=-1)
    assert abs(psnr(clean, ours) - psnr(clean, theirs * 255)) < 0.2
    assert psnr(clean, ours) > psnr(clean, noisy) + 2


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
@pytest.mark.parametrize("sigma", [10, 25])
@pytest.mark.parametrize("operator", ["denoise_photo", "denoise_wavelet", "denoise_tv", "denoise_bilateral"])
def test_noise_goes_and_the_picture_stays(operator, name, sigma):
    clean, noisy = noisy_photo(name, sigma)
    level = sigma / 255
    given_ = {
        "denoise_photo": {"luma": 0.67 * level, "chroma": 0.67 * level},
        "denoise_wavelet": {},
        "denoise_tv": {"weight": level},
        "denoise_bilateral": {"sigma_color": 2.5 * level},
    }[operator]
    assert psnr(clean, operators.get(operator)(noisy, **given_)) > psnr(clean, noisy) + 2


@SETTINGS
@given(image=floats, weight=st.floats(0.001, 5), iterations=st.integers(1, 60))
def test_tv_is_scikit_images(image, weight, iterations):
    cube = with_axis(image)
    expected = restoration.denoise_tv_chambolle(cube, weight, eps=0, max_num_iter=iterations + 1, channel_axis=-1)
    result = operators.denoise_tv(image, weight=weight, iterations=iterations)
    assert np.abs(result.reshape(cube.shape) - np.clip(expected, 0, 1)).max() <= 1e-5


@SETTINGS
@given(
    size=st.tuples(st.integers(8, 64), st.integers(8, 64), st.sampled_from([1, 3, 4])),
    seed=st.integers(0, 1000),
    sigma=st.sampled_from([0.0, 0.05, 0.2]),
    wavelet=st.sampled_from(["haar", "db2", "db4", "sym4", "sym8"]),
    method=st.sampled_from(["BayesShrink", "VisuShrink"]),
    mode=st.sampled_from(["soft", "hard"]),
    ycbcr=st.booleans(),
)
def test_wavelet_is_scikit_images(size, seed, sigma, wavelet, method, mode, ycbcr):
    # Haar makes zeros of the mirrored border of an odd side. If they are few, the estimate of sigma counts them here, as
    # samples of the noise; scikit-image's never does.
    assume(sigma > 0 or wavelet != "haar" or not any(side % 2 and side >= 39 for side in size[:2]))
    image = np.clip(np.random.default_rng(seed).normal(0.5, 0.1, size), 0, 1)  # float64: its bound on v - s² is tiny
    color = ycbcr and size[2] == 3
    expected = quietly(
        restoration.denoise_wavelet,
        image,
        sigma=sigma or None,
        wavelet=wavelet,
        mode=mode,
        method=method,
        convert2ycbcr=color,
        channel_axis=-1,
    )
    words = {"BayesShrink": "bayes", "VisuShrink": "visu"}
    result = operators.denoise_wavelet(
        image, sigma=sigma, wavelet=wavelet, mode=mode, method=words[method], ycbcr=ycbcr
    )
    assert np.abs(result - np.clip(expected, 0, 1)).max() <= (1e-4 if color else 1e-9)  # two tables of BT.601


@SETTINGS
@given(image=floats, sigma=st.floats(0.02, 1), size=st.sampled_from([3, 5, 9]))
def test_bilateral_is_scikit_images_where_space_does_not_count(image, sigma, size):
    cube = with_axis(image)
    if np.ptp(cube) == 0:
        return
    theirs = sigma / np.sqrt(cube.shape[2])
    expected = quietly(
        restoration.denoise_bilateral, cube, size, theirs, 1e6, bins=10**6, mode="symmetric", channel_axis=-1
    )
    result = operators.denoise_bilateral(image, sigma_color=sigma, sigma_spatial=1000, size=size)
    assert np.abs(result.reshape(cube.shape) - expected.reshape(cube.shape)).max() <= 2e-4  # their table is stepped


@pytest.mark.parametrize("size", [3, 9])
@pytest.mark.parametrize("sigma_spatial", [0.7, 2.0])
def test_bilateral_is_the_formula(size, sigma_spatial):
    image = np.random.default_rng(1).random((13, 11, 3))
    reach = size // 2
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    result = operators.denoise_bilateral(
        image.astype(np.float32), sigma_color=0.3, sigma_spatial=sigma_spatial, size=size
    )
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    for row in range(13):
        for column in range(11):
            window = padded[row : row + size, column : column + size]
            color = np.mean((window - image[row, column]) ** 2, axis=2)
            weight = np.exp(-(x**2 + y**2) / (2 * sigma_spatial**2) - color / (2 * 0.3**2))[:, :, np.newaxis]
            expected = (weight * window).sum(axis=(0, 1)) / weight.sum()
            assert np.abs(result[row, column] - expected).max() < 1e-5


def test_bilateral_leaves_an_impulse_and_an_edge_alone():
    image = np.zeros((20, 20), np.uint8)
    image[:, 10:] = 200
    image[3, 3] = 255
    assert np.array_equal(operators.denoise_bilateral(image, sigma_color=0.05), image)


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "camera", "rocket"])
@pytest.mark.parametrize("sigma", [5, 10, 15, 25])
def test_noise_is_measured_within_a_tenth(name, sigma):
    clean = getattr(data, name)()
    noise = np.random.default_rng(3).normal(0, sigma, clean.shape)
    noisy = np.clip(np.rint(clean + noise), 0, 255).astype(np.uint8)
    assert abs(255 * estimate_noise(noisy) / sigma - 1) < 0.1


def test_the_measure_does_not_depend_on_the_depth():
    floats_ = np.clip(0.5 + np.random.default_rng(0).normal(0, 0.05, (200, 200, 2)), 0, 1)
    measured = [
        estimate_noise(np.rint(floats_ * white).astype(dtype)) for dtype, white in (("u1", 255), (">u2", 65535))
    ]
    assert np.allclose([*measured, estimate_noise(floats_.astype(np.float32))], estimate_noise(floats_), rtol=0.01)
