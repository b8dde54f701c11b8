"""TIFFs read and written by rows: every layout gives the pixels that reading the whole gives."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

import diptych as dp
from diptych.core.errors import PhotoError, PhotoExistsError, PhotoFormatError
from diptych.photo import TiffRows, stored_size, write_pyramid
from diptych.photo.tiff_pyramid import halve

LAYOUTS = {
    "strips": {"rowsperstrip": 7},
    "compressed strips": {"rowsperstrip": 16, "compression": "zlib", "predictor": True},
    "lzw": {"rowsperstrip": 50, "compression": "lzw"},
    "tiles": {"tile": (64, 96), "compression": "zstd"},
    "one strip": {"rowsperstrip": 10_000},
    "big-endian": {"rowsperstrip": 9, "byteorder": ">"},
    "BigTIFF": {"tile": (128, 128), "bigtiff": True},
    "planes": {"planarconfig": "separate", "tile": (64, 64), "compression": "zlib"},
    "planes in strips": {"planarconfig": "separate", "rowsperstrip": 11},
}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_are_those_of_the_whole(tmp_path, scene, layout, dtype):
    options = LAYOUTS[layout]
    image = scene("day", dtype)
    stored = np.moveaxis(image, 2, 0) if "planarconfig" in options else image
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", metadata=None, **options)
    whole = dp.read(tmp_path / "a.tif").pixels
    assert np.array_equal(whole, image)
    with TiffRows(tmp_path / "a.tif") as rows:
        assert (rows.shape, rows.dtype.name) == (image.shape, dtype)
        for first, last in ((0, 1), (60, 70), (3, 300), (436, 437), (0, 437)):
            assert np.array_equal(rows.read(first, last), whole[first:last])


def test_one_plain_strip_of_many_rows_is_never_whole(tmp_path):
    image = np.arange(5000 * 6, dtype=np.uint16).reshape(5000, 6)
    for order in "<>":
        tifffile.imwrite(tmp_path / "a.tif", image, rowsperstrip=5000, byteorder=order)
        with TiffRows(tmp_path / "a.tif") as rows:
            assert np.array_equal(rows.read(4000, 4003)[:, :, 0], image[4000:4003])


def test_grey_with_alpha_and_what_the_file_knows(tmp_path, scene):
    pixels = scene("day")[:, :, 0]
    alpha = np.arange(pixels.size, dtype=np.uint32).astype(np.uint8).reshape(pixels.shape)
    dp.write(tmp_path / "a.tif", dp.Photo(pixels, alpha=alpha, dpi=(240.0, 240.0), xmp=b"<x/>"))
    with TiffRows(tmp_path / "a.tif") as rows:
        assert rows.has_alpha
        assert rows.shape == (*pixels.shape, 1)
        assert np.array_equal(rows.read_alpha(10, 90), alpha[10:90])
        assert rows.metadata.dpi == (240.0, 240.0)
        assert rows.metadata.xmp == b"<x/>"


def test_what_cannot_be_read_by_rows_says_what_to_do(tmp_path):
    image = np.zeros((5000, 8), np.uint8)
    tifffile.imwrite(tmp_path / "strip.tif", image, rowsperstrip=5000, compression="zlib")
    tifffile.imwrite(tmp_path / "turned.tif", image, extratags=[(274, 3, 1, 6, True)])
    tifffile.imwrite(tmp_path / "range.tif", np.full((20, 20), 7.0, np.float32))
    dp.write(tmp_path / "a.png", image)
    for name, words in (
        ("strip.tif", "save it in tiles"),
        ("turned.tif", "store it upright"),
        ("range.tif", "scale them"),
        ("a.png", "is not a TIFF"),
    ):
        with pytest.raises(PhotoFormatError, match=words) as caught:
            TiffRows(tmp_path / name)
        assert name in str(caught.value)
    with pytest.raises(PhotoError, match="no such file"):
        TiffRows(tmp_path / "missing.tif")


def test_damage_is_one_line(tmp_path, scene):
    tifffile.imwrite(tmp_path / "a.tif", scene(), tile=(64, 64), compression="zlib")
    content = bytearray((tmp_path / "a.tif").read_bytes())
    rng = np.random.default_rng(0)
    for _ in range(40):
        bad = bytearray(content)
        for place in rng.integers(8, len(bad), 30):
            bad[place] = rng.integers(256)
        (tmp_path / "bad.tif").write_bytes(bad[: rng.integers(100, len(bad))] if rng.random() < 0.5 else bad)
        message = "bad.tif"
        try:
            with TiffRows(tmp_path / "bad.tif") as rows:
                rows.read(0, min(rows.shape[0], 100))
        except PhotoError as error:  # not every change is damage
            message = str(error)
        assert "bad.tif" in message
        assert "\n" not in message


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_pyramid_is_the_picture_and_smaller_ones(tmp_path, channels, dtype):
    rng = np.random.default_rng(1)
    image = rng.random((700, 1100, channels)).astype("float32")
    image = image if dtype == "float32" else np.rint(image * np.iinfo(dtype).max).astype(dtype)
    write_pyramid(tmp_path / "p.tif", lambda first, last: image[first:last], image.shape, image.dtype)
    pixels = dp.read(tmp_path / "p.tif").pixels
    assert np.array_equal(pixels.reshape(image.shape), image)
    with tifffile.TiffFile(tmp_path / "p.tif") as file:
        levels = file.series[0].levels
        assert [level.shape[:2] for level in levels] == [(700, 1100), (350, 550), (175, 275)]
        assert file.pages[0].is_tiled
        smaller = levels[1].asarray().reshape(350, 550, channels)
    expected = image.astype(float).reshape(350, 2, 550, 2, channels).mean(axis=(1, 3))
    assert np.abs(smaller - expected).max() <= (1e-6 if dtype == "float32" else 0.51)
    assert [path.name for path in tmp_path.iterdir()] == ["p.tif"]


def test_odd_sides_and_what_is_there_already(tmp_path):
    assert halve(np.array([[[0], [4], [9]]], np.uint8))[:, :, 0].tolist() == [[2, 9]]
    (tmp_path / "p.tif").write_bytes(b"mine")
    with pytest.raises(PhotoExistsError, match="overwrit"):
        write_pyramid(tmp_path / "p.tif", lambda *_: np.zeros((1, 1, 1)), (1, 1, 1), np.dtype("uint8"))
    assert (tmp_path / "p.tif").read_bytes() == b"mine"


def test_the_size_of_a_file_is_in_its_header(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((20, 30, 3), np.uint16), photometric="rgb")
    assert stored_size(tmp_path / "a.tif") == (600, 3600)
    (tmp_path / "b.tif").write_bytes(b"II*\0")
    assert stored_size(tmp_path / "b.tif") is None
    assert stored_size(tmp_path / "missing.tif") is None
