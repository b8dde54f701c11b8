from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from diptych.photo import Photo, read, write
from diptych.photo.exif import orientation


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_orientation_is_applied_once_to_pixels_and_alpha(tmp_path, picture, exif_block, suffix, turn, order):
    alpha = None if suffix == ".jpg" else picture("uint8", None)[:, ::-1]
    stored = Photo(picture(), alpha=alpha, exif=exif_block(turn, order), dpi=(100, 300))
    write(tmp_path / f"a{suffix}", stored, quality=100)
    with Image.open(tmp_path / f"a{suffix}") as image:
        assert image.getexif()[0x0112] == turn
        expected = np.asarray(ImageOps.exif_transpose(image))
    photo = read(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(photo.pixels, expected[..., :3])
    if alpha is not None:
        np.testing.assert_array_equal(photo.alpha, expected[..., 3])
    if suffix != ".webp":
        np.testing.assert_allclose(photo.dpi, (300, 100) if turn >= 5 else (100, 300), atol=0.02)
    assert orientation(photo.exif) == 1
    write(tmp_path / f"b{suffix}", photo, quality=100)
    assert read(tmp_path / f"b{suffix}").pixels.shape == photo.pixels.shape


@pytest.mark.parametrize("turn", range(1, 9))
def test_tiff_has_a_tag_of_its_own(tmp_path, picture, turn):
    import tifffile

    tifffile.imwrite(tmp_path / "a.tif", picture("uint16"), extratags=[(274, "H", 1, turn, True)], resolution=(10, 20))
    photo = read(tmp_path / "a.tif")
    png = io.BytesIO()
    exif = Image.Exif()
    exif[274] = turn
    Image.fromarray(picture("uint16")[..., 0].astype(np.int32)).save(png, "TIFF", exif=exif)
    with Image.open(png) as image:
        np.testing.assert_array_equal(photo.pixels[..., 0], np.asarray(ImageOps.exif_transpose(image)))
    assert orientation(photo.exif or b"") == 1
    write(tmp_path / "b.tif", photo)
    np.testing.assert_array_equal(read(tmp_path / "b.tif").pixels, photo.pixels)
    assert read(tmp_path / "b.tif").dpi == ((20, 10) if turn >= 5 else (10, 20))


def test_fields_that_depend_on_the_turn_follow_it(tmp_path, picture, exif_block):
    write(tmp_path / "a.webp", Photo(picture(), exif=exif_block(6, dpi=(72, 96))))
    photo = read(tmp_path / "a.webp")
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + photo.exif)
    assert (exif[0x011A], exif[0x011B]) == (96, 72)
    assert (exif.get_ifd(0x8769)[0xA002], exif.get_ifd(0x8769)[0xA003]) == (37, 53)
    assert not exif.get_ifd(1)


@pytest.mark.parametrize("text", [b'<a tiff:Orientation="8"/>', b"<tiff:Orientation>3</tiff:Orientation>"])
def test_orientation_in_xmp_is_reset(tmp_path, picture, text):
    write(tmp_path / "a.png", Photo(picture(), xmp=text))
    xmp = read(tmp_path / "a.png").xmp
    assert b"1" in xmp
    assert len(xmp) == len(text)


@pytest.mark.parametrize("value", [0, 9, 255, 65535])
def test_nonsense_counts_as_upright(tmp_path, picture, exif_block, value):
    write(tmp_path / "a.png", Photo(picture(), exif=exif_block(value)))
    photo = read(tmp_path / "a.png")
    np.testing.assert_array_equal(photo.pixels, picture())
    assert orientation(photo.exif) == 1
