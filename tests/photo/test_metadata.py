from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from PIL import Image

from diptych.photo import Photo, read, write
from diptych.photo.writer import losses

HEIC = [".heic"] if importlib.util.find_spec("pillow_heif") else []

ALL = [".jpg", ".png", ".tif", ".webp", ".avif", ".jxl", *HEIC, ".bmp"]
FROM_EXIF = (".webp", ".avif", ".jxl", ".heic")  # formats that know the resolution from EXIF alone
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:li>M\xc3\xbcller</rdf:li></x:xmpmeta>'


@pytest.fixture
def full(picture, exif_block, profiles):
    return Photo(
        picture(), exif=exif_block(), icc_profile=profiles[3], dpi=(300.0, 200.0), xmp=XMP, text={"Comment": "grüße"}
    )


@pytest.mark.parametrize("second", ALL)
@pytest.mark.parametrize("first", ALL[:-1])
def test_metadata_go_along_from_format_to_format(tmp_path, full, maker_note, first, second):
    write(tmp_path / f"a{first}", full)
    write(tmp_path / f"b{second}", read(tmp_path / f"a{first}"))
    photo = read(tmp_path / f"b{second}")
    # There it is 72; a TIFF has one field for both.
    dpi = (72, 72) if first in FROM_EXIF or (second in FROM_EXIF and first != ".tif") else (300, 200)
    np.testing.assert_allclose(photo.dpi, dpi, atol=0.02)
    if second == ".bmp":
        return
    assert photo.icc_profile == full.icc_profile
    assert photo.xmp == XMP
    assert maker_note in photo.exif
    assert b"Diptych" in photo.exif


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif", ".jxl", *HEIC])
@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_the_same_byte_for_byte(tmp_path, picture, exif_block, suffix, order):
    block = exif_block(order=order)
    write(tmp_path / f"a{suffix}", Photo(picture(), exif=block))
    assert read(tmp_path / f"a{suffix}").exif == block


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_in_tiff_is_what_other_programs_read(tmp_path, picture, exif_block, maker_note, order):
    write(tmp_path / "a.tif", Photo(picture(), exif=exif_block(order=order), xmp=XMP))
    with Image.open(tmp_path / "a.tif") as image:
        exif = image.getexif()
        assert exif[0x010F] == "Diptych"
        assert exif.get_ifd(0x8769)[0x927C] == maker_note
        assert image.tag_v2[700] == XMP
        np.testing.assert_array_equal(np.asarray(image), picture())


PILLOW = [".jpg", ".png", ".webp", *([".avif"] if ".avif" in Image.registered_extensions() else [])]


@pytest.mark.parametrize("suffix", PILLOW)
def test_other_programs_read_the_metadata(tmp_path, full, maker_note, suffix):
    write(tmp_path / f"a{suffix}", full)
    with Image.open(tmp_path / f"a{suffix}") as image:
        image.load()
        assert image.info["icc_profile"] == full.icc_profile
        assert image.info.get("xmp") == XMP
        assert image.getexif().get_ifd(0x8769)[0x927C] == maker_note
        if suffix not in FROM_EXIF:
            assert [round(value) for value in image.info["dpi"]] == [300, 200]


@pytest.mark.parametrize("suffix", ALL)
def test_resolution_without_exif(tmp_path, picture, suffix):
    write(tmp_path / f"a{suffix}", Photo(picture(), dpi=(300, 150)))
    np.testing.assert_allclose(read(tmp_path / f"a{suffix}").dpi, (300, 150), atol=0.02)
    write(tmp_path / f"b{suffix}", picture())
    assert read(tmp_path / f"b{suffix}").dpi is None


@pytest.mark.parametrize("dpi", [(0.25, 0.25), (84_667, 84_667), (1e6, 1e6)])
@pytest.mark.parametrize("suffix", ALL[:-1])
def test_resolutions_of_maps_and_microscopes(tmp_path, picture, suffix, dpi):
    write(tmp_path / f"a{suffix}", Photo(picture(), dpi=dpi))
    np.testing.assert_allclose(read(tmp_path / f"a{suffix}").dpi, dpi, rtol=0.02)


def test_exif_that_old_programs_wrote_as_text(tmp_path, picture, exif_block):
    text = f"\nexif\n{len(exif_block(6)) + 6:8}\n{(b'Exif' + bytes(2) + exif_block(6)).hex()}\n"
    write(tmp_path / "a.png", Photo(picture(), text={"Raw profile type exif": text}))
    photo = read(tmp_path / "a.png")
    assert photo.pixels.shape == (53, 37, 3)
    assert b"Diptych" in photo.exif
    assert not photo.text


@pytest.mark.parametrize("suffix", [".jpg", ".gif", ".tif", ".webp", ".avif", ".jxl", ".bmp"])
def test_texts_that_a_format_cannot_hold_are_named(picture, suffix):
    label = {".jpg": "JPEG", ".tif": "TIFF", ".webp": "WebP", ".jxl": "JPEG XL"}.get(suffix, suffix[1:].upper())
    said = losses(f"a{suffix}", Photo(picture(), text={"Author": "Ann"}))
    assert f"its texts are left out, which {label} cannot hold" in said
    comment = losses(f"a{suffix}", Photo(picture(), text={"Comment": "Good"}))
    assert any("texts" in one for one in comment) == (suffix not in (".jpg", ".gif"))
    assert not losses("a.png", Photo(picture(), text={"Author": "Ann"}))


def test_texts(tmp_path, picture):
    text = {"Comment": "grüße", "Author": "A" * 3000, "Leer": "x"}
    write(tmp_path / "a.png", Photo(picture(), text=text))
    assert dict(read(tmp_path / "a.png").text) == text
    write(tmp_path / "a.jpg", read(tmp_path / "a.png"))
    assert dict(read(tmp_path / "a.jpg").text) == {"Comment": "grüße"}


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "iTXt packed"])
def test_every_kind_of_png_text(tmp_path, kind):
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    if kind.startswith("iTXt"):
        info.add_itxt("Title", "Köln", zip=kind.endswith("packed"))
    else:
        info.add_text("Title", "Köln", zip=kind == "zTXt")
    Image.new("L", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    assert dict(read(tmp_path / "a.png").text) == {"Title": "Köln"}


def test_profiles_that_do_not_fit_are_dropped(tmp_path, picture, profiles):
    for suffix in (".jpg", ".png", ".tif"):
        path = tmp_path / f"a{suffix}"
        Image.fromarray(picture()).save(path, icc_profile=profiles[1])
        assert read(path).icc_profile is None
        Image.fromarray(picture("uint8", None)).save(path, icc_profile=profiles[3])
        assert read(path).icc_profile is None
        Image.fromarray(picture("uint8", None)).save(path, icc_profile=profiles[1])
        assert read(path).icc_profile == profiles[1]
    write(tmp_path / "b.png", Photo(picture("uint8", None), icc_profile=profiles[3]))
    assert read(tmp_path / "b.png").icc_profile is None


def test_large_profile_in_jpeg_is_split(tmp_path, picture, profiles):
    large = profiles[3] + np.random.default_rng(0).bytes(200_000)
    write(tmp_path / "a.jpg", Photo(picture(), icc_profile=large))
    assert read(tmp_path / "a.jpg").icc_profile == large


def test_jpeg_with_too_much_exif_loses_the_thumbnail_first(tmp_path, picture, exif_block, maker_note):
    block = exif_block() + b"\0" * 70_000  # as a thumbnail would be: not among the fields
    write(tmp_path / "a.jpg", Photo(picture(), exif=block))
    assert maker_note in read(tmp_path / "a.jpg").exif
    write(tmp_path / "b.png", Photo(picture(), exif=block))
    assert read(tmp_path / "b.png").exif == block


@pytest.mark.parametrize("block", [b"x", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff" + b"z" * 40])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif", ".jxl", *HEIC])
def test_corrupt_exif_does_not_cost_the_picture(tmp_path, picture, suffix, block):
    write(tmp_path / f"a{suffix}", Photo(picture(), exif=block, dpi=(100, 100)))
    photo = read(tmp_path / f"a{suffix}")
    assert photo.pixels.shape == picture().shape
    assert photo.exif is None


def test_thumbnail_of_the_old_pixels_is_unlinked(picture, exif_block):
    photo = Photo(picture(), exif=exif_block()).with_pixels(picture())
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + photo.exif)
    assert not exif.get_ifd(1)
    assert len(photo.exif) == len(exif_block())


def test_geographic_fields_of_tiff_survive_but_not_structure(tmp_path, picture):
    import tifffile

    extra = [(33550, "d", 3, (1.0, 2.0, 0.0)), (42113, 2, 5, "-9999"), (305, 2, 0, "camera 1")]
    tifffile.imwrite(
        tmp_path / "a.tif", picture(), tile=(16, 16), compression="lzw", extratags=extra, description="a bridge"
    )
    write(tmp_path / "b.tif", read(tmp_path / "a.tif"))
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        tags = file.pages[0].tags
        assert tags[33550].value == (1.0, 2.0, 0.0)
        assert tags[270].value == "a bridge"
        assert 322 not in tags
        np.testing.assert_array_equal(file.pages[0].asarray(), picture())
