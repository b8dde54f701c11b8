"""docs/formats.md says what every format keeps: its tables are what trying gives."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def maker():
    for extra in ("pillow_heif", "pydicom"):
        pytest.importorskip(extra, reason="needs the extras heic and dicom")
    spec = importlib.util.spec_from_file_location("make_formats", ROOT / "docs" / "make_formats.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_what_comes_back(maker):
    text = maker.PAGE.read_text("utf-8")
    assert maker.page(text) == text, "run python docs/make_formats.py"


def test_nothing_is_lost_in_silence(maker):
    text = maker.PAGE.read_text("utf-8")
    made = text[text.index(maker.BEGIN) : text.index(maker.END)]
    assert "lost" not in made.replace("lossy", "")
    assert made.count("\n| ") == 3 * (len(maker.FORMATS) + 2)
