"""`threshold` against scikit-image and OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage import filters

from diptych import operators
from diptych.core.image import to_float
from diptych.operators._threshold import LEVELS, luma_levels, weights_of
from strategies import images

few = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
planes = images(channels=(1,)).map(lambda image: image.reshape(image.shape[:2]))


@few
@given(image=images(dtypes=("uint8", "uint16"), channels=(1,)).map(lambda image: image.reshape(image.shape[:2])))
def test_otsu_equals_scikit_image(image):
    expected = image > filters.threshold_otsu(image)
    assert np.array_equal(operators.threshold(image) > 0, expected)


def test_otsu_equals_opencv_on_eight_bits():
    image = np.random.default_rng(0).integers(0, 256, (50, 60)).astype(np.uint8) // 2 + 100 * (
        np.arange(60) > 20
    ).astype(np.uint8)
    _, expected = cv2.threshold(image, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    assert np.array_equal(operators.threshold(image), expected)


@few
@given(
    image=planes,
    half=st.integers(1, 30),
    offset=st.floats(-0.5, 0.5, width=32),
    window=st.sampled_from(["mean", "gaussian"]),
)
def test_local_equals_scikit_image_but_within_a_level_of_the_threshold(image, half, offset, window):
    floats, size = to_float(image).astype(np.float64), 2 * half + 1
    if window == "mean":
        average = filters.threshold_local(floats, size, method="mean", offset=offset, mode="reflect")
    else:
        average = ndimage.gaussian_filter(floats, (size - 1) / 6, radius=half) - offset
    result = operators.threshold(image, method="local", size=size, window=window, offset=offset) > 0
    clear = np.abs(floats - average) > (1.5 if window == "mean" else 40) / LEVELS
    assert np.array_equal(result[clear], (floats > average)[clear])


@few
@given(
    image=images(dtypes=("bool", "uint8", "uint16", "float32")),
    method=st.sampled_from(["otsu", "local", "value"]),
    value=st.floats(0, 1),
    half=st.integers(1, 40),
    window=st.sampled_from(["mean", "gaussian"]),
    offset=st.floats(-1, 1),
)
def test_the_path_is_exactly_the_plain_version(image, method, value, half, window, offset):
    given_ = {"method": method, "value": value, "size": 2 * half + 1, "window": window, "offset": offset}
    assert np.array_equal(operators.threshold(image, **given_), operators.threshold.declaration.plain(image, **given_))


@pytest.mark.parametrize("size", [181, 183, 999])
def test_sums_of_huge_windows_stay_exact(size):
    image = np.random.default_rng(0).integers(65000, 65536, (40, 50)).astype(np.uint16)
    expected = operators.threshold.declaration.plain(image, method="local", size=size)
    assert np.array_equal(operators.threshold(image, method="local", size=size), expected)
    white = np.full((3, 4), 65535, np.uint16)
    assert not operators.threshold(white, method="local", size=size).any()


def test_luma_is_bt601_to_a_level():
    levels = np.random.default_rng(0).integers(0, LEVELS + 1, (20, 20, 3))
    expected = levels @ np.array([0.299, 0.587, 0.114])
    assert np.abs(luma_levels(levels)[:, :, 0] - expected).max() <= 1


@pytest.mark.parametrize("size", [3, 5, 51, 999])
def test_the_gaussian_has_unit_sum_and_its_standard_deviation(size):
    weights = weights_of(size)
    offset = np.arange(size) - size // 2
    assert weights.sum() == 65536
    expected = np.exp(-0.5 * (offset / ((size - 1) / 6)) ** 2)
    assert np.abs(weights / 65536 - expected / expected.sum()).max() < size / 65536
