"""The pictures of docs/operators.md: the code beside each makes them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from diptych import operators

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = (DOCS / "operators.md").read_text("utf-8")
_SPEC = importlib.util.spec_from_file_location("gallery_pictures", DOCS / "gallery_pictures.py")
gallery = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(gallery)


@pytest.mark.parametrize("name", operators.names())
def test_the_code_on_the_page_runs_and_does_something(name):
    group = operators.declaration(name).group
    assert f"```python other\n{gallery.code(name, group)}\n```" in PAGE
    before, after = gallery.made(name, group)
    assert before.shape != after.shape or not np.array_equal(before, after)
    assert (DOCS / "images" / "operators" / f"{name}.jpg").exists()


def test_the_faults_are_on_the_page():
    assert gallery.source() in PAGE
