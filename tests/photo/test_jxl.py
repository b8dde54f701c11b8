"""JPEG XL as other programs write it: profiles, packed metadata, turns, and what is refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from diptych.core.errors import PhotoFormatError, PhotoTooLargeError
from diptych.photo import Photo, cicp, decode, encode, jxl_library
from diptych.photo.jxl_write import _encoder, _output

RGB = 3


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def xyb(photo: Photo, profile: bytes, orientation: int = 1) -> bytes:
    """A file with lossy colours of its own space and a profile, as cjxl writes it."""
    import ctypes

    library = jxl_library.library()
    with _encoder() as encoder:
        info = jxl_library.BasicInfo()
        library.JxlEncoderInitBasicInfo(ctypes.byref(info))
        info.height, info.width = photo.pixels.shape[:2]
        info.bits, info.colours, info.orientation = 8, RGB, orientation
        assert library.JxlEncoderSetBasicInfo(encoder, ctypes.byref(info)) == 0
        assert library.JxlEncoderSetICCProfile(encoder, profile, len(profile)) == 0
        settings = library.JxlEncoderFrameSettingsCreate(encoder, None)
        library.JxlEncoderSetFrameDistance(settings, 0.1)
        layout = jxl_library.PixelFormat(RGB, jxl_library.UINT8, 0, 0)
        pixels = np.ascontiguousarray(photo.pixels)
        library.JxlEncoderAddImageFrame(settings, ctypes.byref(layout), pixels.ctypes.data, pixels.nbytes)
        library.JxlEncoderCloseInput(encoder)
        return b"".join(_output(encoder))


@pytest.mark.parametrize("quality", [90, 100])
def test_any_profile_is_kept_byte_for_byte(picture, profiles, quality):
    photo = decode(encode(Photo(picture(), icc_profile=profiles[3]), "jxl", quality=quality))
    assert photo.icc_profile == profiles[3]
    assert np.abs(photo.pixels.astype(int) - picture()).mean() < 3


def test_pixels_of_a_foreign_profile_are_in_srgb_where_they_are_not_in_it(picture):
    wide = cicp._profile((0.3127, 0.3290, 0.60, 0.33, 0.21, 0.71, 0.15, 0.06), lambda v: (v + v**3) / 2, False)
    grey = np.dstack([picture("uint8", None)] * 3)
    photo = decode(xyb(Photo(grey), wide))
    value = grey[..., 0] / 255
    light = (value + value**3) / 2
    expected = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    assert photo.icc_profile is None
    assert np.abs(photo.pixels / 255 - expected[..., None]).mean() < 0.01


def test_the_code_stream_decides_the_turn(picture, profiles):
    photo = decode(xyb(Photo(picture()), profiles[3], orientation=6))
    assert photo.pixels.shape == (53, 37, 3)
    assert np.abs(photo.pixels.astype(int) - np.rot90(picture(), -1)).mean() < 2


@pytest.mark.parametrize("order", ["container", "packed"])
def test_metadata_of_a_container(picture, exif_block, order):
    from imagecodecs import brotli_encode

    stream = encode(Photo(picture()), "jxl")
    parts = {b"Exif": b"\0\0\0\6Exif\0\0" + exif_block(6), b"xml ": b"<x/>"}
    if order == "packed":
        boxes = [box(b"brob", kind + bytes(brotli_encode(content))) for kind, content in parts.items()]
    else:
        boxes = [box(kind, content) for kind, content in parts.items()]
    head = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    photo = decode(head + b"".join(boxes) + box(b"jxlc", stream))
    assert photo.pixels.shape == picture().shape
    assert photo.xmp == b"<x/>"
    assert b"Diptych" in photo.exif


def test_packed_metadata_are_unpacked_within_a_bound(picture):
    from imagecodecs import brotli_encode

    bomb = box(b"brob", b"xml " + bytes(brotli_encode(bytes(100 << 20))))
    head = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    with pytest.raises(PhotoFormatError, match="cannot be unpacked"):
        decode(head + bomb + box(b"jxlc", encode(Photo(picture()), "jxl")))


def test_hidden_colours_and_opacity_are_kept(picture):
    alpha = np.where(np.arange(53) < 20, 0, 255).astype(np.uint8) * np.ones((37, 1), np.uint8)
    photo = decode(encode(Photo(picture(), alpha=alpha), "jxl"))
    np.testing.assert_array_equal(photo.alpha, alpha)
    assert np.abs(photo.pixels.astype(int) - picture()).mean() < 2


@pytest.mark.parametrize("cut", [2, 10, 100, -20, -1])
def test_truncated_files_are_refused(picture, cut):
    with pytest.raises(PhotoFormatError, match="truncated or damaged"):
        decode(encode(Photo(picture()), "jxl")[:cut], name="a")


def test_size_is_checked_before_decoding(picture):
    with pytest.raises(PhotoTooLargeError, match="53 x 37"):
        decode(encode(Photo(picture()), "jxl"), max_pixels=53 * 37 - 1)


def test_floats(picture):
    from imagecodecs import jpegxl_encode

    photo = decode(bytes(jpegxl_encode(picture("float32"), lossless=True)))
    np.testing.assert_allclose(photo.pixels, picture("float32"), atol=1e-6)
    photo = decode(bytes(jpegxl_encode(picture("float32") * 3 - 1, lossless=True)))
    assert photo.notes == ("has values outside [0, 1], which are clipped",)


def test_without_the_library_the_format_is_refused_by_name(picture, monkeypatch):
    import imagecodecs._imcd

    data = encode(Photo(picture()), "jxl")
    jxl_library.library.cache_clear()
    monkeypatch.setattr("imagecodecs._jpegxl.__file__", imagecodecs._imcd.__file__)
    try:
        with pytest.raises(PhotoFormatError, match=r"JPEG XL.*cannot be reached"):
            decode(data)
    finally:
        jxl_library.library.cache_clear()
