"""The spatial filters against SciPy, scikit-image and OpenCV, borders included."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage import filters

from diptych import operators
from diptych.core.image import from_float, to_float
from strategies import images

BORDERS = ("reflect", "nearest", "mirror", "constant", "wrap")
OPENCV_BORDERS = {
    "reflect": cv2.BORDER_REFLECT,
    "mirror": cv2.BORDER_REFLECT_101,
    "nearest": cv2.BORDER_REPLICATE,
    "constant": cv2.BORDER_CONSTANT,
}
DTYPES = ("uint8", "uint16", "float32", "float64")
borders = st.sampled_from(BORDERS)
odd = st.integers(0, 12).map(lambda k: 2 * k + 1)
drawn = settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def three_axes(image: np.ndarray) -> np.ndarray:
    return image if image.ndim == 3 else image[:, :, np.newaxis]


def assert_is(result: np.ndarray, expected: np.ndarray, image: np.ndarray, tolerance: float = 1e-5) -> None:
    """Floats within the tolerance; integers within one level of the correctly rounded float answer."""
    assert result.dtype == image.dtype
    assert result.shape == image.shape
    rounded = from_float(expected, image.dtype).reshape(image.shape)
    difference = np.abs(result.astype(np.float64) - rounded.astype(np.float64)).max()
    assert difference <= (1 if image.dtype.kind == "u" else tolerance), difference


def exact_floats(image: np.ndarray) -> np.ndarray:
    return three_axes(to_float(image)).astype(np.float64)


@drawn
@given(images(dtypes=DTYPES), st.floats(0, 30), borders)
def test_gaussian_is_scipys(image, sigma, border):
    floats = exact_floats(image)
    expected = ndimage.gaussian_filter(floats, (sigma, sigma, 0), mode=border) if sigma > 0.01 else floats
    assert_is(operators.gaussian(image, sigma=sigma, border=border), expected, image)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("sigma", [0.5, 2.0, 11.9, 12.0, 40.0])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_gaussian_is_never_off_by_more_than_rounding(dtype, sigma, border):
    # Black and white pixels: the hardest case for arithmetic in integers.
    rng = np.random.default_rng(1)
    floats = rng.integers(0, 2, (61, 83, 3)).astype(np.float64)
    image = from_float(floats, np.dtype(dtype))
    result = to_float(operators.gaussian(image, sigma=sigma, border=border)).astype(np.float64)
    expected = ndimage.gaussian_filter(floats, (sigma, sigma, 0), mode=border)
    level = {"uint8": 1 / 255, "uint16": 1 / 65535, "float32": 0.0}[dtype]
    assert np.abs(result - expected).max() <= 0.51 * level + 2e-6


@drawn
@given(images(dtypes=DTYPES), odd, borders)
def test_median_is_scipys_exactly(image, size, border):
    expected = ndimage.median_filter(three_axes(image), size=(size, size, 1), mode=border).reshape(image.shape)
    assert np.array_equal(operators.median(image, size=size, border=border), expected)


@pytest.mark.parametrize(
    ("size", "border"),
    [*((size, border) for size in (3, 5, 7) for border in BORDERS), (21, "mirror"), (65, "reflect"), (65, "wrap")],
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_median_of_many_tiles_is_exact(dtype, size, border):
    rng = np.random.default_rng(size)
    shape = (150, 170, 2) if size < 10 else (90, 100, 1) if size < 60 else (50, 40, 1)
    image = from_float(rng.random(shape).astype(np.float32), np.dtype(dtype))
    image[20:40, 10:30] = image[0, 0]  # ties
    expected = ndimage.median_filter(image, size=(size, size, 1), mode=border)
    assert np.array_equal(operators.median(image, size=size, border=border), expected)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_median_far_beyond_the_border_is_that_of_the_reflections(dtype):
    image = from_float(np.random.default_rng(0).random((2, 3)).astype(np.float32), np.dtype(dtype))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, 20, mode="symmetric"), (41, 41))
    expected = np.sort(windows.reshape(2, 3, -1), axis=2)[:, :, 41 * 41 // 2]
    assert np.array_equal(operators.median(image, size=41), expected)
    assert np.array_equal(operators.median.declaration.plain(image, size=41), expected)


def test_median_takes_minus_zero_as_zero():
    image = np.array([[-0.0, 0.0, 1e-30], [0.5, -0.0, 1.0], [0.25, 1e-40, -0.0]] * 4, np.float32)
    for size in (3, 7):
        assert np.array_equal(operators.median(image, size=size), ndimage.median_filter(image, size=size))


@drawn
@given(images(dtypes=DTYPES), st.integers(0, 40).map(lambda k: 2 * k + 1), borders)
def test_uniform_is_scipys(image, size, border):
    expected = ndimage.uniform_filter(exact_floats(image), size=(size, size, 1), mode=border)
    assert_is(operators.uniform(image, size=size, border=border), expected, image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("size", [181, 183, 401, 999])
def test_uniform_windows_larger_than_the_image_do_not_overflow(dtype, size):
    image = from_float(np.random.default_rng(0).uniform(0.8, 1, (40, 50, 3)).astype(np.float32), np.dtype(dtype))
    expected = ndimage.uniform_filter(exact_floats(image), size=(size, size, 1))
    assert_is(operators.uniform(image, size=size), expected, image)


@drawn
@given(images(dtypes=DTYPES), borders)
def test_laplacian_is_scipys(image, border):
    response = ndimage.laplace(exact_floats(image), mode=border, axes=(0, 1))
    assert_is(operators.laplacian(image, border=border), np.abs(response) / 4, image)
    assert_is(operators.laplacian(image, output="signed", border=border), 0.5 + response / 8, image)


@drawn
@given(images(dtypes=DTYPES), borders)
def test_sobel_is_scipys(image, border):
    planes = [exact_floats(image)[:, :, c] for c in range(three_axes(image).shape[2])]
    for output, axis in (("horizontal", 1), ("vertical", 0)):
        response = np.stack([ndimage.sobel(plane, axis=axis, mode=border) for plane in planes], axis=2)
        assert_is(operators.sobel(image, output=output, border=border), 0.5 + response / 8, image)


@drawn
@given(images(dtypes=("uint8", "uint16", "float32"), channels=(1, 3)), st.sampled_from(("reflect", "nearest", "wrap")))
def test_sobel_magnitude_is_scikit_images(image, border):
    floats = exact_floats(image)
    expected = np.stack([filters.sobel(floats[:, :, c], mode=border) for c in range(floats.shape[2])], axis=2)
    assert_is(operators.sobel(image, border=border), expected, image)


@drawn
@given(images(), st.floats(0.2, 20), st.floats(0, 10))
def test_unsharp_mask_is_scikit_images(image, sigma, amount):
    floats = three_axes(to_float(image)).astype(np.float64)
    expected = filters.unsharp_mask(floats, radius=sigma, amount=amount, channel_axis=2)
    assert_is(operators.unsharp_mask(image, sigma=sigma, amount=amount), expected, image, 1e-4)


@drawn
@given(
    images(dtypes=("uint8", "float32"), channels=(1, 3)),
    st.floats(0.3, 8),
    st.floats(0.02, 1),
    st.sampled_from(tuple(OPENCV_BORDERS)),
)
def test_bilateral_is_opencvs(image, sigma_space, sigma_color, border):
    radius = max(1, round(1.5 * sigma_space))
    white = 255 if image.dtype == np.uint8 else 1
    code = OPENCV_BORDERS[border]
    expected = cv2.bilateralFilter(image, 2 * radius + 1, sigma_color * white, sigma_space, borderType=code)
    result = operators.bilateral(image, sigma_space=sigma_space, sigma_color=sigma_color, border=border)
    difference = np.abs(result.astype(np.float64) - expected.reshape(image.shape)).max()
    assert difference <= (1 if image.dtype == np.uint8 else 1e-4)


def covariances(image: np.ndarray, guide: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """The guided filter of He et al. by np.cov and np.mean over each window."""
    height, width = image.shape
    padded, leader = (np.pad(plane, 2 * radius, mode="symmetric") for plane in (image, guide))
    side = 2 * radius + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side)).reshape(height + 2 * radius, -1, side**2)
    leaders = np.lib.stride_tricks.sliding_window_view(leader, (side, side)).reshape(height + 2 * radius, -1, side**2)
    a = (np.mean(windows * leaders, 2) - windows.mean(2) * leaders.mean(2)) / (leaders.var(2) + epsilon)
    b = windows.mean(2) - a * leaders.mean(2)
    means = [np.lib.stride_tricks.sliding_window_view(part, (side, side)).mean(axis=(2, 3)) for part in (a, b)]
    assert means[0].shape == (height, width)
    return means[0] * guide + means[1]


@drawn
@given(images(largest=20), st.integers(1, 4), st.floats(1e-4, 1), st.booleans(), st.sampled_from(("one", "as many")))
def test_guided_is_its_formula(image, radius, epsilon, itself, channels):
    floats = exact_floats(image)
    count = floats.shape[2] if channels == "as many" else 1
    guide = np.random.default_rng(0).random((*floats.shape[:2], count)).astype(np.float32)
    leader = floats if itself else np.broadcast_to(guide.astype(np.float64), floats.shape)
    planes = [covariances(floats[:, :, c], leader[:, :, c], radius, epsilon) for c in range(floats.shape[2])]
    result = operators.guided(image, radius=radius, epsilon=epsilon, guide=None if itself else guide)
    assert_is(result, np.stack(planes, axis=2), image, 1e-4)
