"""Morphology against SciPy and scikit-image: everything only picks values, so everything is exactly equal."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage import morphology

from diptych import operators
from diptych.core.image import to_float
from strategies import images

DTYPES = ("bool", "uint8", "uint16", "float32", "float64")
CHAINS = {
    "erosion": lambda erode, dilate, x: erode(x),
    "dilation": lambda erode, dilate, x: dilate(x),
    "opening": lambda erode, dilate, x: dilate(erode(x)),
    "closing": lambda erode, dilate, x: erode(dilate(x)),
    "white_tophat": lambda erode, dilate, x: x - dilate(erode(x)),
    "black_tophat": lambda erode, dilate, x: erode(dilate(x)) - x,
    "morphological_gradient": lambda erode, dilate, x: np.maximum(dilate(x) - erode(x), 0),
}
few = settings(max_examples=50, deadline=None, derandomize=True)


def element_of(shape: str, size: int) -> np.ndarray:
    if shape == "disk":
        return morphology.disk(size // 2)
    if shape == "square":
        return np.ones((size, size), np.uint8)
    return cv2.getStructuringElement(cv2.MORPH_CROSS, (size, size))


@st.composite
def elements(draw):
    """Draw any element with odd sides and at least one 1, most of them not symmetric, some without their origin."""
    height, width = (2 * draw(st.integers(0, 3)) + 1 for _ in range(2))
    element = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).random((height, width)) < draw(
        st.sampled_from([0.2, 0.7, 1.0])
    )
    element[draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))] = True
    return element.astype(np.uint8)


def by_scipy(name: str, image: np.ndarray, element: np.ndarray) -> np.ndarray:
    """Compute in whole numbers (or floats) of the image's own, with SciPy's constant border that never wins."""
    kept = to_float(image) if image.dtype.kind == "f" else image.astype(np.int64)
    white = 1 if image.dtype.kind in "fb" else np.iinfo(image.dtype).max
    footprint = element.reshape(element.shape + (1,) * (image.ndim - 2)).astype(bool)

    def erode(x):
        return ndimage.grey_erosion(x, footprint=footprint, mode="constant", cval=white)

    def dilate(x):
        return ndimage.grey_dilation(x, footprint=footprint, mode="constant", cval=0)

    return CHAINS[name](erode, dilate, kept)


@pytest.mark.parametrize("name", CHAINS)
@few
@given(image=images(dtypes=DTYPES), shape=st.sampled_from(["square", "disk", "cross"]), half=st.integers(0, 20))
def test_equal_to_scipy_with_named_elements(name, image, shape, half):
    result = getattr(operators, name)(image, shape=shape, size=2 * half + 1)
    assert np.array_equal(result, by_scipy(name, image, element_of(shape, 2 * half + 1)))


@pytest.mark.parametrize("name", CHAINS)
@few
@given(image=images(dtypes=DTYPES, largest=20), element=elements())
def test_equal_to_scipy_with_any_element(name, image, element):
    result = getattr(operators, name)(image, element=element.tolist())
    assert np.array_equal(result, by_scipy(name, image, element))
    assert np.array_equal(result, getattr(operators, name).declaration.plain(image, element=element.tolist()))


@few
@given(image=images(dtypes=["bool"]), element=elements())
def test_masks_are_exactly_scipys_binary_morphology(image, element):
    structure = element.reshape(element.shape + (1,) * (image.ndim - 2))
    given_ = {"element": element.tolist()}
    assert np.array_equal(operators.erosion(image, **given_), ndimage.binary_erosion(image, structure, border_value=1))
    assert np.array_equal(operators.dilation(image, **given_), ndimage.binary_dilation(image, structure))
    opened = ndimage.binary_dilation(ndimage.binary_erosion(image, structure, border_value=1), structure)
    assert np.array_equal(operators.opening(image, **given_), opened)


@few
@given(image=images(channels=(1,)), half=st.integers(0, 6))
def test_a_square_equals_the_reflecting_border_of_scipy(image, half):
    size = (2 * half + 1, 2 * half + 1) + (1,) * (image.ndim - 2)
    assert np.array_equal(operators.erosion(image, size=2 * half + 1), ndimage.grey_erosion(image, size))
    assert np.array_equal(operators.dilation(image, size=2 * half + 1), ndimage.grey_dilation(image, size))


@pytest.mark.parametrize("shape", ["square", "disk", "cross"])
@pytest.mark.parametrize("name", ["erosion", "dilation", "opening", "closing", "white_tophat", "black_tophat"])
def test_inside_equal_to_scikit_image(name, shape):
    image = np.random.default_rng(0).integers(0, 256, (60, 70), np.uint8)
    expected = getattr(morphology, name)(image, element_of(shape, 9))
    assert np.array_equal(getattr(operators, name)(image, shape=shape, size=9)[8:-8, 8:-8], expected[8:-8, 8:-8])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize(
    ("shape", "size"), [("square", 3), ("square", 41), ("disk", 5), ("disk", 21), ("cross", 5), ("cross", 41)]
)
def test_where_blocks_and_strips_meet(name, dtype, shape, size, monkeypatch):
    monkeypatch.setattr("diptych.operators._kernels.morphology._BLOCK", 1000)
    monkeypatch.setenv("DIPTYCH_THREADS", "3")
    image = (
        np.random.default_rng(1).random((200, 37, 2)) * (1 if dtype in ("bool", "float32", "float64") else 255)
    ).astype(dtype)
    image = np.random.default_rng(1).random((200, 37, 2)) < 0.5 if dtype == "bool" else image
    result = getattr(operators, name)(image, shape=shape, size=size)
    assert np.array_equal(result, by_scipy(name, image, element_of(shape, size)))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize(("shape", "size"), [("square", 41), ("disk", 21), ("cross", 41)])
def test_where_the_columns_of_wide_images_meet(dtype, shape, size):
    image = (np.random.default_rng(1).random((9, 3001, 3)) * (1 if dtype[0] == "f" else 255)).astype(dtype)
    for name in ("erosion", "dilation"):
        result = getattr(operators, name)(image, shape=shape, size=size)
        assert np.array_equal(result, by_scipy(name, image, element_of(shape, size)))


@few
@given(
    image=images(dtypes=("bool", "uint8", "uint16", "float32"), largest=40),
    area=st.integers(1, 200),
    kind=st.sampled_from(["bright", "dark"]),
    diagonal=st.booleans(),
)
def test_specks_are_exactly_the_plain_versions(image, area, kind, diagonal):
    given_ = {"area": area, "kind": kind, "diagonal": diagonal}
    assert np.array_equal(
        operators.remove_specks(image, **given_), operators.remove_specks.declaration.plain(image, **given_)
    )


@few
@given(image=images(dtypes=("uint8", "uint16"), largest=40), area=st.integers(1, 60), connectivity=st.integers(1, 2))
def test_area_opening_equals_scikit_image(image, area, connectivity):
    channel = np.pad(image if image.ndim == 2 else image[:, :, 0], 1)
    for kind, work in (("bright", morphology.area_opening), ("dark", morphology.area_closing)):
        result = operators.remove_specks(channel, area=area, kind=kind, diagonal=connectivity == 2)
        if area <= channel.size:
            assert np.array_equal(result, work(channel, area, connectivity=connectivity))


@few
@given(
    mask=images(dtypes=["bool"], channels=(1,)).map(lambda x: x.reshape(x.shape[:2])),
    area=st.integers(1, 30),
    connectivity=st.integers(1, 2),
)
def test_on_masks_it_removes_small_objects_and_fills_small_holes(mask, area, connectivity):
    neighbours = ndimage.generate_binary_structure(2, connectivity)

    def large(objects):
        labels, _ = ndimage.label(objects, neighbours)
        return objects & (np.bincount(labels.ravel()) >= area)[labels]

    assert np.array_equal(operators.remove_specks(mask, area=area, diagonal=connectivity == 2), large(mask))
    filled = operators.remove_specks(mask, area=area, kind="dark", diagonal=connectivity == 2)
    assert np.array_equal(filled, ~large(~mask))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("kind", ["bright", "dark"])
def test_specks_across_the_edges_of_tiles(dtype, kind, monkeypatch):
    monkeypatch.setattr("diptych.operators._kernels.remove_specks._SMALLEST_TILE", 8)
    smooth = ndimage.uniform_filter(np.random.default_rng(2).random((150, 170)), 3)
    image = (smooth * (1 if dtype == "float32" else 255)).astype(dtype)
    for area in (2, 5, 20):
        result = operators.remove_specks(image, area=area, kind=kind)
        assert np.array_equal(result, operators.remove_specks.declaration.plain(image, area=area, kind=kind))


def test_a_long_winding_speck_is_measured_whole():
    snake = np.zeros((40, 300), bool)
    snake[::2] = True
    snake[1::4, -1] = snake[3::4, 0] = True
    length = int(snake[:39].sum())
    assert np.array_equal(operators.remove_specks(snake[:39], area=length), snake[:39])
    assert not operators.remove_specks(snake[:39], area=length + 1).any()
