"""The geometric operators give the answers of SciPy, scikit-image, NumPy and OpenCV, borders and ties included."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage import data, registration, transform

from diptych import operators
from diptych.core.image import from_float, to_float
from diptych.operators._resample import MODES, ORDERS
from diptych.operators.register import estimate_transform
from strategies import images

TOLERANCE = {"uint8": 1, "uint16": 1, "float32": 1e-4}
BORDERS = st.sampled_from(sorted(MODES))
KINDS = st.sampled_from(sorted(ORDERS))
some = settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def same(result, expected, image):
    """Compare with what a reference computed in float64."""
    rounded = from_float(np.clip(expected, 0, 1), image.dtype)
    assert result.shape == rounded.shape
    assert result.dtype == image.dtype
    difference = np.abs(result.astype(np.float64) - rounded.astype(np.float64)).max()
    assert difference <= TOLERANCE[image.dtype.name] + 1e-9


def by_channel(function, image):
    """Apply a function of planes to every channel, in float64."""
    floats = to_float(image).astype(np.float64)
    if floats.ndim == 2:
        return function(floats)
    return np.stack([function(floats[:, :, c]) for c in range(floats.shape[2])], axis=2)


@some
@given(images(), st.floats(-360, 360), KINDS, st.booleans(), BORDERS)
def test_rotate_is_scipys(image, angle, kind, reshape, border):
    expected = by_channel(
        lambda plane: ndimage.rotate(plane, angle, reshape=reshape, order=ORDERS[kind], mode=MODES[border]), image
    )
    result = operators.rotate(image, angle=angle, interpolation=kind, reshape=reshape, border=border)
    assert result.shape == expected.shape
    # SciPy computes the offset in another order, which decides ties between nearest pixels and nothing else.
    if kind != "nearest" or angle % 15 > 1e-3:
        same(result, expected, image)


@st.composite
def matrices(draw):
    """Draw gentle and wild matrices, among them those whose samples fall between two pixels or on a border."""
    number = st.one_of(st.floats(-3, 3, width=32), st.sampled_from([0.0, 0.5, 1.0, -1.0, 2.0, 1.5]))
    shift = st.one_of(st.floats(-200, 200, width=32), st.sampled_from([0.0, 0.5, -0.5, 1.0, -1.5, 31.0]))
    return tuple((draw(number), draw(number), draw(shift)) for _ in range(2))


@some
@given(images(), matrices(), KINDS, BORDERS)
def test_affine_is_scipys(image, matrix, kind, border):
    (a, b, c), (d, e, f) = matrix
    expected = by_channel(
        lambda plane: ndimage.affine_transform(plane, [[e, d], [b, a]], [f, c], order=ORDERS[kind], mode=MODES[border]),
        image,
    )
    same(operators.affine(image, matrix=matrix, interpolation=kind, border=border), expected, image)


@some
@given(images(dtypes=("uint8", "uint16")), matrices(), BORDERS)
def test_the_nearest_pixel_is_scipys_own_choice(image, matrix, border):
    (a, b, c), (d, e, f) = matrix
    planes = image if image.ndim == 3 else image[:, :, None]
    expected = np.stack(
        [
            ndimage.affine_transform(planes[:, :, k], [[e, d], [b, a]], [f, c], order=0, mode=MODES[border])
            for k in range(planes.shape[2])
        ],
        axis=2,
    )
    result = operators.affine(image, matrix=matrix, interpolation="nearest", border=border)
    assert np.array_equal(result.reshape(expected.shape), expected)


def test_affine_has_the_matrix_of_opencv_and_scikit_image():
    image = to_float(data.camera()[100:200, 50:180])
    matrix = np.array([[0.9, 0.2, -7.5], [-0.1, 1.1, 3.25]])
    result = operators.affine(image, matrix=matrix)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    assert np.abs(result - cv2.warpAffine(image, matrix, image.shape[::-1], flags=flags)).max() < 1e-3
    whole = transform.AffineTransform(np.vstack([matrix, [0, 0, 1]]))
    inside = np.s_[15:-15, 25:-25]  # the outermost pixel fades out in scikit-image's own way
    assert np.abs(result - transform.warp(image, whole, order=1))[inside].max() < 1e-4


@some
@given(images(), st.floats(0.1, 4), KINDS)
def test_zoom_is_scipys_with_grid_mode(image, factor, kind):
    shape = [max(round(n * factor), 1) for n in image.shape[:2]]
    factors = [new / old for new, old in zip(shape, image.shape[:2], strict=True)]
    expected = by_channel(
        lambda plane: ndimage.zoom(plane, factors, order=ORDERS[kind], mode="reflect", grid_mode=True), image
    )
    same(operators.zoom(image, factor=factor, interpolation=kind), expected, image)


@some
@given(images(), st.integers(1, 80), st.integers(1, 80), st.sampled_from(["nearest", "linear", "cubic", "area"]))
def test_zoom_to_a_size(image, height, width, kind):
    declaration = operators.zoom.declaration
    given_ = {"height": height, "width": width, "interpolation": kind}
    result, plain = declaration.function(image, **given_), declaration.plain(image, **given_)
    assert result.shape[:2] == (height, width)
    difference = np.abs(result.astype(np.float64) - plain.astype(np.float64)).max()
    assert difference <= TOLERANCE[image.dtype.name] + 1e-9


@some
@given(images(channels=(1, 3, 4)), st.integers(1, 5), st.integers(1, 5))
def test_area_is_the_mean_of_blocks(image, rows, columns):
    height, width = image.shape[0] // rows, image.shape[1] // columns
    if height == 0 or width == 0:
        return
    whole = np.ascontiguousarray(image[: height * rows, : width * columns])
    expected = by_channel(lambda plane: transform.downscale_local_mean(plane, (rows, columns)), whole)
    same(operators.zoom(whole, height=height, width=width, interpolation="area"), expected, whole)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("kind", ["nearest", "linear", "cubic"])
def test_large_images_are_as_exact_as_small_ones(dtype, kind):
    noise = from_float(np.random.default_rng(0).random((60, 4000), np.float32), np.dtype(dtype))
    for name, given_ in (
        ("affine", {"matrix": ((0.999, 0.001, 0.3), (0.001, 1.01, 0.2))}),
        ("zoom", {"height": 61, "width": 4321}),
    ):
        declaration = getattr(operators, name).declaration
        result = declaration.function(noise, interpolation=kind, **given_).astype(np.float64)
        plain = declaration.plain(noise, interpolation=kind, **given_).astype(np.float64)
        assert np.abs(result - plain).max() <= TOLERANCE[dtype]


@some
@given(images(), st.data())
def test_crop_and_flip_are_numpys(image, drawn):
    top, left = (drawn.draw(st.integers(0, n - 1)) for n in image.shape[:2])
    height = drawn.draw(st.one_of(st.none(), st.integers(1, image.shape[0] - top)))
    bottom = None if height is None else top + height
    assert np.array_equal(operators.crop(image, top=top, left=left, height=height), image[top:bottom, left:])
    assert np.array_equal(operators.flip(image), image[:, ::-1])
    assert np.array_equal(operators.flip(image, direction="vertical"), image[::-1])
    assert np.array_equal(operators.flip(image, direction="both"), image[::-1, ::-1])


@pytest.mark.parametrize(
    "picture", [data.camera(), data.coins(), data.astronaut()], ids=["camera", "coins", "astronaut"]
)
def test_a_shift_is_that_of_phase_cross_correlation(picture):
    floats = to_float(picture)[..., None] if picture.ndim == 2 else to_float(picture)
    scene, moved = floats[20:276, 20:276], floats[27:283, 9:265]
    (_, _, right), (_, _, down) = estimate_transform(moved, scene)
    shift, _, _ = registration.phase_cross_correlation(scene.mean(axis=2), moved.mean(axis=2), upsample_factor=10)
    assert np.abs(np.array([down, right]) + shift).max() < 0.6
    assert np.abs(np.array([down, right]) - (-7, 11)).max() < 0.02


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("model", ["translation", "euclidean", "affine"])
@pytest.mark.parametrize("shape", [(150, 190, 3), (150, 190, 1), (75, 95, 2)])
def test_register_gives_the_plain_answer(dtype, model, shape):
    floats = to_float(data.astronaut())
    picture = from_float(floats[50:200, 100:290], np.dtype(dtype))
    reference = np.ascontiguousarray(floats[53:203, 96:286][:: 150 // shape[0], :: 190 // shape[1], : shape[2]])
    declaration = operators.register.declaration
    result = declaration.function(picture, reference=reference, model=model).astype(np.float64)
    plain = declaration.plain(picture, reference=reference, model=model).astype(np.float64)
    assert np.abs(result - plain).max() <= TOLERANCE[dtype]
    assert not np.array_equal(result, picture)
