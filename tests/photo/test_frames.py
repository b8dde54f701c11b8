"""Animations and pages: every frame, its time, and what another program sees."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageSequence

from diptych.core.errors import DiptychError, ParameterError, PhotoFormatError, PhotoTooLargeError
from diptych.photo import Frames, Photo, encode_frames, png, read, read_frames, write, write_frames

DURATIONS = (40, 40, 120, 500)
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'


@pytest.fixture
def frames(picture):
    photos = tuple(Photo(np.roll(picture(size=(21, 30)), 5 * k, axis=1), xmp=XMP) for k in (0, 1, 1, 2))
    return Frames(photos, DURATIONS, 3)


def pixels_of(frames):
    return [photo.pixels for photo in frames.photos]


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_every_frame_and_its_time_come_back(tmp_path, frames, suffix):
    write_frames(tmp_path / f"a{suffix}", frames, quality=100)
    back = read_frames(tmp_path / f"a{suffix}")
    assert (back.durations, back.loops) == (DURATIONS, 3)
    assert back.photos[0].xmp == XMP
    for got, expected in zip(pixels_of(back), pixels_of(frames), strict=True):
        if suffix == ".gif":
            assert np.abs(got.astype(int) - expected).mean() < 6
        else:
            np.testing.assert_array_equal(got, expected)
    with pytest.raises(PhotoFormatError, match="4 frames"):
        read(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_other_programs_see_the_same(tmp_path, frames, suffix):
    write_frames(tmp_path / f"a{suffix}", frames, quality=100)
    back = read_frames(tmp_path / f"a{suffix}")
    with Image.open(tmp_path / f"a{suffix}") as image:
        seen, durations = [], []
        for frame in ImageSequence.Iterator(image):
            seen.append(np.asarray(frame.convert("RGB")))
            durations.append(round(frame.info["duration"]))
    for one, other in zip(seen, pixels_of(back), strict=True):
        np.testing.assert_array_equal(one, other)
    assert durations == list(DURATIONS)


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_transparent_frames(tmp_path, picture, suffix):
    alphas = [np.where(np.arange(30) < 10 * k, 0, 255).astype(np.uint8) * np.ones((21, 1), np.uint8) for k in (1, 2)]
    photos = tuple(Photo(picture(size=(21, 30)), alpha=alpha) for alpha in alphas)
    write_frames(tmp_path / f"a{suffix}", Frames(photos, (50, 70)), quality=100)
    for photo, alpha in zip(read_frames(tmp_path / f"a{suffix}").photos, alphas, strict=True):
        np.testing.assert_array_equal(photo.alpha, alpha)
        shown = alpha > 0
        assert np.abs(photo.pixels[shown].astype(int) - picture(size=(21, 30))[shown]).mean() < 6


def test_sixteen_bits_and_grey_in_png(tmp_path, picture):
    photos = tuple(Photo(picture("uint16", None) // k, dpi=(300, 300)) for k in (1, 2))
    write_frames(tmp_path / "a.png", Frames(photos, (10, 20)))
    back = read_frames(tmp_path / "a.png")
    assert back.photos[1].pixels.dtype == np.uint16
    np.testing.assert_array_equal(back.photos[1].pixels, photos[1].pixels)
    assert back.photos[0].dpi == pytest.approx((300, 300), abs=0.02)


@pytest.mark.parametrize(("dispose", "blend"), [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)])
def test_partial_frames_of_png_are_composed_as_pillow_does(tmp_path, dispose, blend):
    rng = np.random.default_rng(2)
    samples = rng.integers(0, 256, (4, 16, 20, 4), np.uint8)
    samples[..., 3] = np.where(samples[..., 3] < 99, 0, 255)  # Pillow does not blend what is between
    pictures = [Image.fromarray(one) for one in samples]
    pictures[1].paste((0, 0, 0, 0), (0, 0, 9, 9))
    out = io.BytesIO()
    pictures[0].save(out, "PNG", save_all=True, append_images=pictures[1:], duration=[20, 30, 40, 50], disposal=dispose,
                     blend=blend)  # fmt: skip
    (tmp_path / "a.png").write_bytes(out.getvalue())
    back = read_frames(tmp_path / "a.png")
    with Image.open(io.BytesIO(out.getvalue())) as image:
        expected = [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]
    assert back.durations == (20, 30, 40, 50)
    for photo, one in zip(back.photos, expected, strict=True):
        np.testing.assert_array_equal(photo.alpha, one[..., 3])
        seen = one[..., 3] > 0
        assert np.abs(photo.pixels[seen].astype(int) - one[seen][:, :3]).max() <= 2


def test_a_frame_that_is_taken_back(tmp_path):
    def part(value, alpha):
        return Photo(np.full((4, 4, 3), value, np.uint8), alpha=np.full((4, 4), alpha, np.uint8))

    data = encode_frames(Frames((part(10, 255), part(20, 128), part(30, 0)), (10, 10, 10)), "png")
    chunks = [(one.name, bytearray(one.content)) for one in png.walk(data, with_data=True)]
    controls = [content for name, content in chunks if name == b"fcTL"]
    for control in controls[1:]:
        control[-2:] = b"\2\1"  # back to what was before, and over it
    (tmp_path / "a.png").write_bytes(png.SIGNATURE + b"".join(png.packed(name, bytes(one)) for name, one in chunks))
    assert [int(photo.pixels[0, 0, 0]) for photo in read_frames(tmp_path / "a.png").photos] == [10, 15, 10]


def test_a_first_picture_that_is_no_frame_is_left_out(tmp_path, frames):
    data = encode_frames(frames, "png")
    chunks = list(png.walk(data, with_data=True))
    still = [png.packed(one.name, one.content) for one in chunks if one.name == b"IDAT"]
    moved = []
    for chunk in chunks:
        if chunk.name == b"acTL":
            moved += [png.packed(chunk.name, chunk.content), *still]
        elif chunk.name == b"IDAT":
            moved.append(png.packed(b"fdAT", bytes(4) + chunk.content))
        else:
            moved.append(png.packed(chunk.name, chunk.content))
    (tmp_path / "a.png").write_bytes(png.SIGNATURE + b"".join(moved))
    assert len(read_frames(tmp_path / "a.png").photos) == 4


def test_gifs_of_few_colours_keep_them(tmp_path):
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 256, (255, 3), np.uint8)
    photos = tuple(Photo(palette[rng.integers(0, 255, (20, 30))], alpha=_holes(rng)) for _ in range(3))
    write_frames(tmp_path / "a.gif", Frames(photos, (30, 30, 30), 1))
    back = read_frames(tmp_path / "a.gif")
    assert back.loops == 1
    for got, expected in zip(back.photos, photos, strict=True):
        np.testing.assert_array_equal(got.alpha, expected.alpha)
        np.testing.assert_array_equal(got.pixels[got.alpha > 0], expected.pixels[got.alpha > 0])
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    write(tmp_path / "b.gif", grey)
    np.testing.assert_array_equal(read(tmp_path / "b.gif").pixels, grey)


def _holes(rng):
    return np.where(rng.random((20, 30)) < 0.2, 0, 255).astype(np.uint8)


def test_texts_of_gif(tmp_path, picture):
    write(tmp_path / "a.gif", Photo(picture(), xmp=XMP, text={"Comment": "grüße" * 100}))
    photo = read(tmp_path / "a.gif")
    assert (photo.xmp, dict(photo.text)) == (XMP, {"Comment": "grüße" * 100})
    with Image.open(tmp_path / "a.gif") as image:
        assert image.info["comment"].decode() == "grüße" * 100


def test_gif_frames_that_change_a_part(tmp_path, picture):
    whole = Image.fromarray(picture(size=(21, 30))).quantize(64)
    later = whole.copy()
    later.paste(3, (5, 5, 12, 12))
    whole.save(tmp_path / "a.gif", save_all=True, append_images=[later, whole], duration=[30, 60, 90], loop=0)
    back = read_frames(tmp_path / "a.gif")
    assert (back.durations, back.loops) == ((30, 60, 90), 0)
    np.testing.assert_array_equal(back.photos[1].pixels, np.asarray(later.convert("RGB")))
    np.testing.assert_array_equal(back.photos[2].pixels, np.asarray(whole.convert("RGB")))


def test_pages_of_a_tiff_keep_size_depth_and_metadata(tmp_path, picture, exif_block, profiles):
    photos = (
        Photo(picture("uint16"), exif=exif_block(), icc_profile=profiles[3], dpi=(300, 300), xmp=XMP),
        Photo(picture("uint8", None, (9, 11)), iptc=b"\x1c\2\x05\0\3abc"),
        Photo(picture("float32", 5), alpha=picture("float32", None)),
    )
    write_frames(tmp_path / "a.tif", Frames(photos))
    back = read_frames(tmp_path / "a.tif")
    assert not back.timed
    for got, expected in zip(back.photos, photos, strict=True):
        np.testing.assert_array_equal(got.pixels, expected.pixels)
        assert (got.xmp, got.iptc, got.icc_profile) == (expected.xmp, expected.iptc, expected.icc_profile)
    np.testing.assert_array_equal(back.photos[2].alpha, photos[2].alpha)
    assert b"Diptych" in back.photos[0].exif
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert [page.shape for page in file.pages] == [(37, 53, 3), (9, 11), (37, 53, 6)]
    with Image.open(tmp_path / "a.tif") as image:
        assert image.getexif()[0x010F] == "Diptych"


def test_pages_that_other_programs_write(tmp_path, picture):
    stack = np.stack([picture("uint16", None) // k for k in (1, 2, 3)])
    for name, options in (
        ("a", {}),
        ("b", {"bigtiff": True, "byteorder": ">"}),
        ("c", {"tile": (16, 16), "compression": "lzw"}),
    ):
        tifffile.imwrite(tmp_path / f"{name}.tif", stack, photometric="minisblack", **options)
        back = read_frames(tmp_path / f"{name}.tif")
        np.testing.assert_array_equal(np.stack(pixels_of(back)), stack)
        write_frames(tmp_path / f"{name}.tif", back, overwrite=True)
        np.testing.assert_array_equal(tifffile.imread(tmp_path / f"{name}.tif", key=slice(None)), stack)


def test_a_single_picture_is_one_frame(tmp_path, picture):
    write(tmp_path / "a.jpg", picture())
    frames = read_frames(tmp_path / "a.jpg")
    assert (len(frames.photos), frames.timed, frames.photos[0].format) == (1, False, "jpeg")
    write_frames(tmp_path / "b.avif", frames)
    assert read(tmp_path / "b.avif").format == "avif"


@pytest.mark.parametrize(
    ("name", "timed", "reason"),
    [
        ("a.jpg", True, "JPEG holds one picture, not 2; write GIF, PNG or WebP"),
        ("a.jxl", False, "JPEG XL holds one picture, not 2; write a TIFF"),
        ("a.tif", True, "TIFF cannot hold the times of an animation; write GIF"),
        ("a.gif", False, "GIF cannot hold pages; write a TIFF"),
    ],
)
def test_what_cannot_be_held_is_refused_by_name(tmp_path, picture, name, timed, reason):
    frames = Frames((Photo(picture()), Photo(picture())), (10, 10) if timed else ())
    with pytest.raises(PhotoFormatError, match=reason):
        write_frames(tmp_path / name, frames)
    assert not list(tmp_path.iterdir())


def test_bad_frames_are_refused(tmp_path, picture):
    photo = Photo(picture())
    with pytest.raises(ParameterError, match="empty"):
        Frames(())
    with pytest.raises(ParameterError, match="durations"):
        Frames((photo,), (1, 2))
    with pytest.raises(PhotoFormatError, match="several sizes"):
        write_frames(tmp_path / "a.gif", Frames((photo, Photo(picture(size=(5, 5)))), (1, 1)))


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".tif"])
def test_the_limit_counts_all_frames(tmp_path, frames, suffix):
    path = tmp_path / f"a{suffix}"
    write_frames(path, replace(frames, durations=()) if suffix == ".tif" else frames)
    with pytest.raises(PhotoTooLargeError, match=r"4 (frames|pages)"):
        read_frames(path, max_pixels=4 * 21 * 30 - 1)
    assert len(read_frames(path, max_pixels=4 * 21 * 30).photos) == 4


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_truncated_animations_are_refused(tmp_path, frames, suffix):
    write_frames(tmp_path / f"a{suffix}", frames)
    data = (tmp_path / f"a{suffix}").read_bytes()
    for cut in (20, len(data) // 3, 2 * len(data) // 3):
        (tmp_path / f"b{suffix}").write_bytes(data[:cut])
        with pytest.raises(DiptychError, match="b"):
            read_frames(tmp_path / f"b{suffix}")


def test_a_gif_whose_frame_is_larger_than_it_says(tmp_path, picture):
    write(tmp_path / "a.gif", picture(size=(100, 120)))
    data = bytearray((tmp_path / "a.gif").read_bytes())
    data[6:10] = struct.pack("<HH", 2, 2)
    (tmp_path / "a.gif").write_bytes(data)
    with pytest.raises(PhotoTooLargeError, match="120 x 100"):
        read(tmp_path / "a.gif", max_pixels=11_999)
