"""The laws of mathematical morphology, at the border too and for elements without any symmetry, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diptych import operators
from diptych.core.errors import ParameterError
from diptych.core.image import white_level
from strategies import images

DTYPES = ("bool", "uint8", "uint16", "float32")
ALL = ("erosion", "dilation", "opening", "closing", "white_tophat", "black_tophat", "morphological_gradient")
some = settings(max_examples=40, deadline=None, derandomize=True)


@st.composite
def arguments(draw):
    """Draw arguments: a named element, or a given one, rarely symmetric."""
    if draw(st.booleans()):
        return {"shape": draw(st.sampled_from(["square", "disk", "cross"])), "size": 2 * draw(st.integers(0, 14)) + 1}
    rows, columns = (2 * draw(st.integers(0, 2)) + 1 for _ in range(2))
    element = draw(
        st.lists(st.lists(st.integers(0, 1), min_size=columns, max_size=columns), min_size=rows, max_size=rows)
    )
    element[draw(st.integers(0, rows - 1))][draw(st.integers(0, columns - 1))] = 1
    return {"element": element}


def turned(arguments_: dict, turn) -> dict:
    """Return the arguments with the element turned as the image is."""
    if "element" not in arguments_:
        return arguments_
    return {"element": turn(np.array(arguments_["element"])).tolist()}


def negative(image: np.ndarray) -> np.ndarray:
    return ~image if image.dtype == bool else (white_level(image.dtype) - image).astype(image.dtype)


@some
@given(image=images(dtypes=DTYPES), given_=arguments())
def test_opening_is_idempotent_and_anti_extensive(image, given_):
    once = operators.opening(image, **given_)
    assert np.all(once <= image)
    assert np.array_equal(operators.opening(once, **given_), once)


@some
@given(image=images(dtypes=DTYPES), given_=arguments())
def test_closing_is_idempotent_and_extensive(image, given_):
    once = operators.closing(image, **given_)
    assert np.all(once >= image)
    assert np.array_equal(operators.closing(once, **given_), once)


@some
@given(image=images(dtypes=("bool", "uint8", "uint16")), given_=arguments())
def test_erosion_and_dilation_are_dual(image, given_):
    mirrored = turned(given_, lambda element: element[::-1, ::-1])
    assert np.array_equal(operators.erosion(negative(image), **given_), negative(operators.dilation(image, **mirrored)))
    assert np.array_equal(operators.opening(negative(image), **given_), negative(operators.closing(image, **mirrored)))


@some
@given(data=st.data(), given_=arguments())
def test_erosion_and_dilation_are_adjoint(data, given_):
    image = data.draw(images(dtypes=DTYPES, largest=24))
    other = np.roll(image, 1, axis=0)
    below = np.all(operators.dilation(other, **given_) <= image)
    assert below == np.all(other <= operators.erosion(image, **given_))
    assert np.all(operators.dilation(operators.erosion(image, **given_), **given_) <= image)


@pytest.mark.parametrize("name", ALL)
@some
@given(image=images(dtypes=DTYPES, largest=24), given_=arguments())
def test_flips_and_quarter_turns_commute(name, image, given_):
    call = getattr(operators, name)
    for turn in (np.flipud, np.fliplr, np.rot90):
        turned_first = call(np.ascontiguousarray(turn(image)), **turned(given_, turn))
        assert np.array_equal(turned_first, turn(call(image, **given_)))


@some
@given(image=images(dtypes=DTYPES), given_=arguments())
def test_erosion_and_dilation_are_monotone(image, given_):
    darker = np.minimum(image, np.roll(image, 3, axis=1))
    for name in ("erosion", "dilation", "opening", "closing"):
        call = getattr(operators, name)
        assert np.all(call(darker, **given_) <= call(image, **given_))


@some
@given(image=images(dtypes=("uint8", "uint16")), given_=arguments())
def test_tophats_and_gradient_are_what_they_say(image, given_):
    wide = image.astype(np.int64)
    opened, closed = (operators.opening(image, **given_), operators.closing(image, **given_))
    assert np.array_equal(operators.white_tophat(image, **given_), wide - opened)
    assert np.array_equal(operators.black_tophat(image, **given_), closed - wide)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_single_pixel_turns_into_the_element(dtype):
    image = np.zeros((7, 7), dtype)
    image[3, 3] = 1
    element = [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    expected = np.zeros((7, 7))
    expected[2:5, 2:5] = element
    assert np.array_equal(operators.dilation(image, element=element), expected)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", DTYPES)
def test_an_element_of_one_pixel_changes_nothing(name, dtype):
    image = (np.random.default_rng(0).random((9, 8, 2)) < 0.5).astype(dtype)
    expected = image if name in ("erosion", "dilation", "opening", "closing") else np.zeros_like(image)
    assert np.array_equal(getattr(operators, name)(image, size=1), expected)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("channels", [2, 7])
@pytest.mark.parametrize("size", [3, 999])
def test_odd_images_and_windows_larger_than_the_image(name, dtype, channels, size):
    image = (np.random.default_rng(0).random((6, 9, channels)) < 0.5).astype(dtype)
    image.flags.writeable = False
    result = getattr(operators, name)(image, size=size)
    assert np.array_equal(result, getattr(operators, name).declaration.plain(image, size=size))
    assert result.flags.writeable
    if size == 999 and name == "dilation":
        assert np.array_equal(result, np.broadcast_to(image.max(axis=(0, 1)), image.shape))


@pytest.mark.parametrize("name", ALL)
def test_foreign_byte_order(name):
    image = np.random.default_rng(0).integers(0, 65536, (30, 20)).astype(np.uint16)
    assert np.array_equal(getattr(operators, name)(image.astype(">u2")), getattr(operators, name)(image))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "element",
    [[[1, 1]], [[1], [1]], [[0]], [[0, 0, 0]], [[1, 1, 1], [1]], [[0.5]], [[1, 0.5, 1]]],
    ids=["even width", "even height", "no 1", "only 0", "ragged", "no 0 or 1", "partly"],
)
def test_bad_elements_are_refused(name, element):
    image = np.zeros((5, 5), np.uint8)
    for call in (getattr(operators, name), getattr(operators, name).declaration.plain):
        with pytest.raises(ParameterError, match=f"{name}: element = .* give rows of 0 and 1"):
            call(image, element=element)


@pytest.mark.parametrize("size", [0, 2, 4, -1, 1001])
def test_bad_windows_are_refused(size):
    with pytest.raises(ParameterError, match=f"erosion: size = {size} is not allowed"):
        operators.erosion(np.zeros((5, 5), np.uint8), size=size)


@some
@given(image=images(dtypes=DTYPES), area=st.integers(1, 50), diagonal=st.booleans())
def test_remove_specks_is_an_opening_and_its_own_dual(image, area, diagonal):
    given_ = {"area": area, "diagonal": diagonal}
    once = operators.remove_specks(image, **given_)
    assert np.all(once <= image)
    assert np.array_equal(operators.remove_specks(once, **given_), once)
    for turn in (np.flipud, np.rot90):
        assert np.array_equal(operators.remove_specks(np.ascontiguousarray(turn(image)), **given_), turn(once))
    if image.dtype.kind != "f":
        assert np.array_equal(negative(operators.remove_specks(negative(image), kind="dark", **given_)), once)


def test_remove_specks_keeps_what_is_large_whatever_its_shape():
    image = np.zeros((20, 20), np.uint8)
    image[2, 2:18] = 200  # 16 pixels in a line
    image[10:13, 10:15] = 250  # 15 pixels
    result = operators.remove_specks(image, area=16)
    assert np.array_equal(result[2], image[2])
    assert result[5:].max() == 0


def test_many_pixels_that_touch_what_is_large_do_not_overflow():
    image = np.full((300, 300), 100, np.uint8)
    image[::3] = 50
    image[:, ::7] = 120
    assert np.array_equal(operators.remove_specks(image, area=90000)[0, 0], np.uint8(50))
    assert operators.remove_specks(image, area=10**8).max() == 0
