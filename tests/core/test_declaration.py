"""What the decorator reads from a signature, and what it refuses."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pytest

from diptych.core import errors
from diptych.core.errors import ParameterError
from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.core.parameters import Parameter, Range, Reference, Table, TableOf


@operator(group="filter")
def toy(
    image: Image,
    *,
    number: Annotated[float, Range(0, 2, "px")] = 1.0,
    odd: Annotated[int, Range(1, 9, "px", step=2)] = 3,
    flag: bool = False,
    word: Literal["a", "b"] = "a",
    table: Annotated[Table | None, TableOf(0, 1)] = None,
    other: Annotated[Image | None, Reference()] = None,
    needed: Annotated[float, Range(0, 1)],
) -> Image:
    """Do nothing.

    Parameters
    ----------
    number : float
        A number that
        goes on.
    """
    return image


BY_NAME = {parameter.name: parameter for parameter in toy.declaration.parameters}


def test_kinds_and_bounds():
    kinds = {name: parameter.kind for name, parameter in BY_NAME.items()}
    assert kinds == {
        "number": "number",
        "odd": "integer",
        "flag": "flag",
        "word": "choice",
        "table": "table",
        "other": "image",
        "needed": "number",
    }
    assert BY_NAME["number"].bounds == "0 to 2 px"
    assert BY_NAME["odd"].bounds == "1 plus a multiple of 2, 1 to 9 px"
    assert BY_NAME["word"].bounds == "one of a, b"
    assert BY_NAME["table"].bounds == "rows of numbers, each 0 to 1, e.g. 0,1;1,0, or none"
    assert BY_NAME["needed"].required
    assert not BY_NAME["number"].required


def test_schema():
    assert BY_NAME["number"].schema() == {"type": "number", "minimum": 0, "maximum": 2, "default": 1.0, "x-unit": "px"}
    assert BY_NAME["word"].schema()["enum"] == ["a", "b"]
    assert "default" not in BY_NAME["needed"].schema()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("number", "1.5", 1.5),
        ("odd", "5", 5),
        ("flag", "yes", True),
        ("flag", "False", False),
        ("word", "b", "b"),
        ("table", "0,0.5;1,1", ((0.0, 0.5), (1.0, 1.0))),
        ("table", "none", None),
        ("table", "((0, 0.5), (1, 1))", ((0.0, 0.5), (1.0, 1.0))),
        ("table", "[[0,0.5],[1,1]]", ((0.0, 0.5), (1.0, 1.0))),
    ],
)
def test_reading_from_text(name, text, value):
    assert BY_NAME[name].parse(text, "toy") == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("number", "x"),
        ("number", "3"),
        ("number", "nan"),
        ("odd", "4"),
        ("odd", "3.5"),
        ("flag", "maybe"),
        ("word", "c"),
    ],
)
def test_bad_text_is_refused_with_the_bound(name, text):
    with pytest.raises(ParameterError, match=f"toy: {name} = .* is not allowed; give"):
        BY_NAME[name].parse(text, "toy")


def test_the_page_of_a_parameter():
    assert toy.declaration.describe("number") == "A number that goes on."
    assert toy.declaration.describe("odd") == ""
    assert toy.declaration.summary == "Do nothing."


def test_a_missing_parameter_is_named():
    with pytest.raises(ParameterError, match="toy needs needed; give 0 to 1"):
        toy(np.zeros((2, 2), np.uint8))


def test_numpy_scalars_are_values():
    assert BY_NAME["number"].check(np.float32(0.5), "toy") == 0.5
    assert BY_NAME["odd"].check(np.int64(3), "toy") == 3
    assert type(BY_NAME["odd"].check(np.int64(3), "toy")) is int


def test_mistakes_of_the_programmer():
    def positional(image: Image, sigma: Annotated[float, Range(0, 1)] = 0) -> Image: ...

    def bare(image: Image, *, sigma: float = 0) -> Image: ...

    with pytest.raises(TypeError, match="must be keyword-only"):
        operator(group="filter")(positional)
    with pytest.raises(TypeError, match="has no declaration"):
        operator(group="filter")(bare)


def test_every_error_is_also_a_builtin():
    family = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.DiptychError)]
    assert len(family) >= 9
    for one in family:
        assert str(one("reason")) == "reason"
        if one is not errors.DiptychError:
            assert issubclass(one, ValueError | LookupError | OSError | ImportError)


def test_parameters_are_frozen():
    with pytest.raises(AttributeError):
        BY_NAME["number"].minimum = 3
    assert isinstance(BY_NAME["number"], Parameter)


def test_nan_is_found_anywhere_in_a_large_image():
    from diptych.core.errors import ImageError
    from diptych.core.image import check_image

    image = np.full((900, 700, 3), 0.5, np.float32)
    assert check_image(image) is image
    for place in [(0, 0, 0), (450, 3, 1), (899, 699, 2)]:
        broken = image.copy()
        broken[place] = np.nan
        with pytest.raises(ImageError, match="NaN"):
            check_image(broken)
