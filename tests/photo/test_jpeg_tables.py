"""Quantisation tables as a JPEG file says them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from skimage import data

from diptych.core.noise import find_jpeg
from diptych.photo import decode, jpeg_tables


def saved(image, **how):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", **how)
    return file.getvalue()


@pytest.mark.parametrize(("subsampling", "wanted"), [(0, (1, 1)), (1, (1, 2)), (2, (2, 2))])
@pytest.mark.parametrize("progressive", [False, True])
def test_tables_are_those_of_pillow(subsampling, wanted, progressive):
    file = saved(data.chelsea(), quality=63, subsampling=subsampling, progressive=progressive)
    tables = Image.open(io.BytesIO(file)).quantization
    found = decode(file).jpeg
    assert [list(found.luma), list(found.chroma)] == [list(tables[0]), list(tables[1])]
    assert (found.subsampling, found.origin) == (wanted, (0, 0))
    assert abs(find_jpeg(decode(file).pixels).coarseness / found.coarseness - 1) < 0.1


def test_grey_turned_and_changed_photos():
    grey = decode(saved(data.camera(), quality=50))
    assert grey.jpeg.chroma == ()
    assert grey.with_pixels(grey.pixels).jpeg is None
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(saved(data.chelsea(), exif=exif)).jpeg is None


@pytest.mark.parametrize("content", [b"", b"\x00", b"\x00" + bytes(64), b"\x30" + bytes(300), b"\x10" + bytes(128)])
def test_bad_segments_say_nothing(content):
    frame = (0xC0, bytes([8, 0, 8, 0, 8, 1, 1, 0x11, 0]), 0)
    assert jpeg_tables.tables_of([(0xDB, content, 0), frame]) is None
    assert jpeg_tables.tables_of([(0xDB, b"\x00" + bytes([1]) * 64, 0), (0xC0, b"\x08", 0)]) is None


def test_no_other_file_has_any():
    file = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(file, "PNG")
    assert decode(file.getvalue()).jpeg is None
