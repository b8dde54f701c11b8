"""Files that other tools read, or whose metadata get lost easily: the cases in ``tests/cases``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diptych.photo import find_photos, read, write
from diptych.photo.exif import orientation

CASES = Path(__file__).parents[1] / "cases"


@pytest.mark.parametrize("kind", ["byte", "sshort", "slong"])
def test_an_orientation_of_any_integer_type_is_reset(tmp_path, kind):
    photo = read(CASES / "orientation_byte" / f"jpg_orient_{kind}.jpg")
    assert photo.pixels.shape[:2] == (96, 64)  # stored with 64 x 96 and the orientation 6
    write(tmp_path / "out.jpg", photo)
    with Image.open(tmp_path / "out.jpg") as out:
        assert out.getexif()[0x0112] in (1, b"\1")
        assert out.size == (64, 96)
    assert orientation(photo.exif) == 1


@pytest.mark.parametrize("name", ["a.jfif", "a.jpe", "a.JIF", "a.dib"])
def test_rare_suffixes_of_known_formats(tmp_path, name):
    write(tmp_path / name, np.zeros((4, 5, 3), np.uint8))
    assert read(tmp_path / name).format == ("bmp" if name == "a.dib" else "jpeg")
    assert [found.path.name for found in find_photos([tmp_path])] == [name]
