"""Files that other tools read, or whose metadata get lost easily: the cases in ``tests/cases``."""

from __future__ import annotations

import io
import re
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, IptcImagePlugin

from diptych.core.errors import PhotoFormatError
from diptych.photo import Photo, TiffRows, find_photos, read, write, write_pyramid
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


def test_extraneous_bytes_between_the_markers_of_a_jpeg_are_skipped(tmp_path):
    path = CASES / "jpeg_extraneous_bytes" / "jpg_garbage_between.jpg"
    photo = read(path)
    with Image.open(path) as image:
        np.testing.assert_array_equal(photo.pixels, np.asarray(image))
    assert photo.notes == ("has extraneous bytes between its markers, which are skipped",)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}, {"quality": 30}])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_without_end_is_read_if_its_pixels_are_complete(tmp_path, picture, options, mode):
    path = tmp_path / "a.jpg"
    Image.fromarray(picture(size=(70, 90))).convert(mode).save(path, **options)
    data, pixels = path.read_bytes(), read(path).pixels
    assert read(path).notes == ()
    path.write_bytes(data[:-2])
    photo = read(path)
    np.testing.assert_array_equal(photo.pixels, pixels)
    assert photo.notes == ("has no end marker; its pixels are complete",)
    scan = data.index(b"\xff\xda")
    for length in range(scan + 20, len(data) - 3, 7):
        path.write_bytes(data[:length])
        try:
            whole = read(path).pixels
        except PhotoFormatError:
            continue
        # A progressive file may end after a scan: then the last, finest bits are missing.
        assert np.abs(whole.astype(int) - pixels).max() <= (60 if "progressive" in options else 1)


def test_the_case_without_end_is_read():
    path = CASES / "jpeg_missing_eoi" / "jpg_noeoi.jpg"
    photo = read(path)
    with Image.open(io.BytesIO(path.read_bytes() + b"\xff\xd9")) as image:
        np.testing.assert_array_equal(photo.pixels, np.asarray(image))


def test_iptc_is_kept(tmp_path):
    photo = read(CASES / "jpeg_iptc_lost" / "jpg_iptc.jpg")
    assert b"A caption" in photo.iptc
    write(tmp_path / "a.jpg", replace(photo, iptc=photo.iptc * 2000))
    with Image.open(tmp_path / "a.jpg") as image:
        assert IptcImagePlugin.getiptcinfo(image)[2, 120][0] == b"A caption"
    assert read(tmp_path / "a.jpg").iptc == photo.iptc * 2000


def test_extended_xmp_is_joined_and_split(tmp_path):
    photo = read(CASES / "jpeg_extended_xmp" / "jpg_extxmp.jpg")
    assert b"HasExtendedXMP" not in photo.xmp
    assert b">short<" in photo.xmp
    assert photo.xmp.count(b"x" * 80_000) == 1
    write(tmp_path / "a.jpg", photo)
    data = (tmp_path / "a.jpg").read_bytes()
    (identifier,) = re.findall(rb'HasExtendedXMP="([0-9A-F]{32})"', data)
    parts = data.split(b"http://ns.adobe.com/xmp/extension/\0")[1:]
    assert len(parts) == 2
    assert all(part.startswith(identifier) for part in parts)
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.info["xmp"].startswith(b"<?xpacket begin=")
        assert image.info["xmp"].endswith(b'<?xpacket end="w"?>')
    assert not any(b"xpacket" in part for part in parts)
    again = read(tmp_path / "a.jpg").xmp
    assert again.count(b"x" * 80_000) == 1
    assert b">short<" in again
    assert b"HasExtendedXMP" not in again
    ElementTree.fromstring(again)


def test_large_xmp_of_a_png_fits_a_jpeg(tmp_path):
    photo = read(CASES / "jpeg_extended_xmp" / "png_bigxmp.png")
    write(tmp_path / "a.jpg", photo)
    assert len(read(tmp_path / "a.jpg").xmp) > 90_000


def test_padding_of_xmp_that_a_jpeg_cannot_hold_is_left_out(tmp_path, picture):
    opening, closing = b"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>", b"<?xpacket end='w'?>"
    content = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
    write(tmp_path / "a.jpg", Photo(picture(), xmp=opening + content + b" " * 70_000 + closing))
    packet = read(tmp_path / "a.jpg").xmp
    assert re.fullmatch(rb"<\?xpacket begin=[^>]+\?>" + content + rb"<\?xpacket end=.w.\?>", packet)


def test_further_pictures_of_a_jpeg_are_left_out_and_said(tmp_path):
    picture = Image.new("RGB", (16, 16))
    path = tmp_path / "a.jpg"
    picture.save(path, "MPO", save_all=True, append_images=[picture, picture])
    assert read(path).notes == ("has 2 further pictures, which are left out",)
    assert read(CASES / "stale_gainmap_motion_xmp" / "mpo_gainmap.jpg").notes == ("has a gain map, which is left out",)


@pytest.mark.parametrize(("name", "part"), [("mpo_gainmap", "gain map"), ("motion", "video of a motion photo")])
def test_xmp_does_not_describe_parts_that_are_left_out(name, part):
    photo = read(CASES / "stale_gainmap_motion_xmp" / f"{name}.jpg")
    for word in (b"hdrgm:", b"Directory", b"MicroVideo", b"MotionPhoto", b"GainMap"):
        assert word not in photo.xmp
    ElementTree.fromstring(photo.xmp)
    assert photo.notes == (f"has a {part}, which is left out",)


def test_bytes_of_a_comment_are_kept(tmp_path, picture):
    comment = b"caf\xe9 \xff\xfe"
    Image.fromarray(picture()).save(tmp_path / "a.jpg", comment=comment)
    write(tmp_path / "b.jpg", read(tmp_path / "a.jpg"))
    with Image.open(tmp_path / "b.jpg") as image:
        assert image.info["comment"] == comment


def test_a_png_without_end_is_read_if_its_pixels_are_complete(tmp_path, picture):
    path = tmp_path / "a.png"
    write(path, picture("uint16", size=(300, 200)))
    data, pixels = path.read_bytes(), read(path).pixels
    for length in (len(data) - 12, len(data) - 8, len(data) - 1):
        path.write_bytes(data[:length])
        photo = read(path)
        np.testing.assert_array_equal(photo.pixels, pixels)
        assert photo.notes == ("has no end chunk; its pixels are complete",)
    first = data.index(b"IDAT") - 4
    size = int.from_bytes(data[first : first + 4], "big")
    half = data[first + 8 : first + 8 + size // 2]
    chunk = struct.pack(">I", len(half)) + b"IDAT" + half + struct.pack(">I", zlib.crc32(b"IDAT" + half))
    path.write_bytes(data[:first] + chunk)
    with pytest.raises(PhotoFormatError):
        read(path)


@pytest.mark.parametrize("name", ["tif_nobytecounts", "tif_zerobytecount", "tif_bytecount_over"])
def test_byte_counts_of_uncompressed_strips_are_computed(name):
    path = CASES / "tiff_strip_byte_counts" / f"{name}.tif"
    photo = read(path)
    with Image.open(path) as image:
        np.testing.assert_array_equal(photo.pixels, np.asarray(image))
    assert photo.notes == ("has missing or wrong byte counts of strips, which are computed",)
    with TiffRows(path) as rows:
        np.testing.assert_array_equal(rows.read(3, 20), np.atleast_3d(photo.pixels)[3:20])


def test_a_lossless_webp_comes_back_lossless(tmp_path, picture):
    write(tmp_path / "a.webp", picture(), quality=100)
    photo = read(tmp_path / "a.webp")
    write(tmp_path / "b.webp", photo)
    np.testing.assert_array_equal(read(tmp_path / "b.webp").pixels, picture())
    write(tmp_path / "c.webp", photo, quality=60)
    assert not read(tmp_path / "c.webp").lossless
    write(tmp_path / "d.webp", picture())
    assert not read(tmp_path / "d.webp").lossless


@pytest.mark.parametrize("channels", [None, 3])
def test_a_bmp_with_alpha_comes_back(tmp_path, picture, channels):
    alpha = picture("uint8", None)[::-1]
    write(tmp_path / "a.bmp", Photo(picture("uint8", channels), alpha=alpha, dpi=(300, 150)))
    with Image.open(tmp_path / "a.bmp") as image:
        assert image.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(image)[..., 3], alpha)
    photo = read(tmp_path / "a.bmp")
    np.testing.assert_array_equal(photo.pixels, np.dstack([picture("uint8", channels)] * (1 if channels else 3)))
    np.testing.assert_array_equal(photo.alpha, alpha)
    np.testing.assert_allclose(photo.dpi, (300, 150), rtol=1e-3)


def test_the_scale_of_a_microscope_is_kept(tmp_path):
    write(tmp_path / "a.tif", read(CASES / "tiff_imagej_calibration" / "tif_imagej.tif"))
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        tags = file.pages[0].tags
        assert (tags[282].value, tags[283].value, tags[296].value) == ((5, 2), (5, 2), 1)
        assert "unit=um" in tags[270].value
    assert read(tmp_path / "a.tif").dpi is None


def test_extra_samples_of_an_rgb_tiff_stay_extra_samples(tmp_path):
    photo = read(CASES / "tiff_rgb_extra_becomes_grey" / "tif_rgba_unspec.tif")
    assert (photo.pixels.shape[2], photo.alpha, photo.extra_samples) == (4, None, 1)
    write(tmp_path / "a.tif", photo)
    with TiffRows(tmp_path / "a.tif") as rows:
        write_pyramid(tmp_path / "b.tif", rows.read, rows.shape, rows.dtype, metadata=rows.metadata)
    for name in ("a.tif", "b.tif"):
        with tifffile.TiffFile(tmp_path / name) as file:
            page = file.pages[0]
            assert (page.photometric, page.samplesperpixel, page.extrasamples) == (2, 4, (0,))


def test_a_fourth_sample_without_a_meaning_is_alpha(tmp_path):
    photo = read(CASES / "tiff_rgb_extra_becomes_grey" / "tif_rgba_noextra.tif")
    assert photo.pixels.shape[2] == 3
    write(tmp_path / "a.png", photo)
    np.testing.assert_array_equal(read(tmp_path / "a.png").alpha, photo.alpha)


def test_premultiplied_floats_are_divided_before_their_range_is_taken(tmp_path):
    colours = np.array([[[4.0, 2.0, 0.5], [0.2, 0.4, 0.1]]], np.float32)
    alpha = np.array([[0.25, 0.5]], np.float32)
    samples = np.dstack([colours * alpha[..., None], alpha])
    tifffile.imwrite(tmp_path / "a.tif", samples, photometric="rgb", extrasamples=["assocalpha"])
    photo = read(tmp_path / "a.tif")
    low, high = photo.value_range
    np.testing.assert_allclose(photo.pixels * (high - low) + low, colours, rtol=1e-6)
    np.testing.assert_array_equal(photo.alpha, alpha)


def in_srgb(path) -> np.ndarray:
    """Return the pixels as a program that knows ICC profiles shows them, in sRGB."""
    with Image.open(path) as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        return np.asarray(ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"))


@pytest.mark.parametrize("name", ["png_chrm_p3", "png_cicp_pq", "png_gama_linear"])
def test_colour_descriptions_of_a_png_are_kept(tmp_path, name):
    path = CASES / "png_gama_linear" / f"{name}.png"
    photo = read(path)
    write(tmp_path / "a.png", photo)
    assert read(tmp_path / "a.png").color_chunks == photo.color_chunks != {}
    np.testing.assert_array_equal(read(tmp_path / "a.png").pixels, photo.pixels)
    write(tmp_path / "a.tif", photo)
    assert read(tmp_path / "a.tif").icc_profile
    np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, photo.pixels)


def to_linear(values):
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def to_encoded(light):
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("suffix", [".tif", ".webp", ".bmp"])
@pytest.mark.parametrize("channels", [None, 3])
def test_linear_values_of_a_png_look_the_same_in_other_formats(tmp_path, picture, channels, suffix):
    pixels = picture("uint8", channels)
    write(tmp_path / f"a{suffix}", Photo(pixels, color_chunks={"gAMA": struct.pack(">I", 100_000)}), quality=100)
    if suffix == ".bmp" or (suffix == ".webp" and channels is None):
        shown = read(tmp_path / f"a{suffix}").pixels
    else:
        shown = in_srgb(tmp_path / f"a{suffix}")
    shown = shown if shown.ndim == 3 else shown[..., None]
    expected = 255 * to_encoded((pixels if channels else pixels[..., None]) / 255)
    assert np.abs(shown - expected).max() <= 1.5


def test_primaries_of_a_png_become_a_profile(tmp_path):
    p3 = np.array([[[120, 90, 60], [200, 180, 190], [90, 110, 80]]], np.uint8)
    chunks = read(CASES / "png_gama_linear" / "png_chrm_p3.png").color_chunks
    for description in (chunks, {"cICP": b"\x0c\x0d\0\1"}):
        write(tmp_path / "a.tif", Photo(p3, color_chunks=description), overwrite=True)
        matrix = [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]
        expected = 255 * to_encoded(to_linear(p3 / 255) @ np.array(matrix).T)
        assert np.abs(in_srgb(tmp_path / "a.tif") - expected).max() <= 1.5


def test_a_grey_profile_is_converted_where_grey_becomes_colour(tmp_path):
    photo = read(CASES / "grey_icc_to_webp" / "dot.png")
    write(tmp_path / "a.webp", photo, quality=100)
    write(tmp_path / "a.bmp", photo)
    shown = in_srgb(CASES / "grey_icc_to_webp" / "dot.png")
    np.testing.assert_array_equal(read(tmp_path / "a.webp").pixels, shown)
    np.testing.assert_array_equal(read(tmp_path / "a.bmp").pixels, shown[..., 0])
    assert round(shown.mean()) == 184
