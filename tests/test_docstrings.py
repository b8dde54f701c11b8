"""Every public name says what goes in, with shapes, what comes out, which errors there are, and shows an example."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

import pytest

from diptych.core.errors import MissingExtraError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "docs" / "site"))
try:
    import docstrings
    import needed
    import reference
finally:
    sys.path.pop(0)

# Errors and markers say all in a sentence; protocols are described by the page of what has them.
SENTENCES = {"DiptychError", "ExportError", "UnavailableError", "Enhancer", "Planner"}
SHAPE = re.compile(r"shape|same (?:height|width|size)|as the image|\(H, W")


@pytest.mark.parametrize("room", reference.PUBLIC)
def test_nothing_is_lacking(room):
    found = {}
    for name in reference.PUBLIC[room]:
        try:
            value = getattr(reference.module_of(room), name)
        except MissingExtraError:
            continue
        if name not in SENTENCES and (lacking := needed.lacking(value)):
            found[name] = lacking
    assert found == {}


@pytest.mark.parametrize("room", reference.PUBLIC)
def test_images_have_shapes(room):
    without = []
    for name in reference.PUBLIC[room]:
        with contextlib.suppress(MissingExtraError):
            value = getattr(reference.module_of(room), name)
            fields = docstrings.split(docstrings.own_docstring(value)).get("Parameters", "")
            entries = re.split(r"\n(?=\S)", fields)
            without += [
                f"{name}: {one}" for one in entries if "ndarray" in one.partition("\n")[0] and not SHAPE.search(one)
            ]
    assert without == []


def test_what_lacks_something_is_found():
    def silent(size):
        raise ValueError(size)

    assert needed.lacking(silent) == ["Parameters", "Raises", "Examples"]
    assert needed.lacking(type("Silent", (), {"__annotations__": {"size": int}})) == ["Parameters or Attributes"]
