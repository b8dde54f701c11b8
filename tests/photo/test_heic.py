"""HEIC: depths, turns, colours of tiles, and what is said where the extra is missing."""

from __future__ import annotations

import importlib.util
import io
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from diptych.core.errors import MissingExtraError, PhotoFormatError, PhotoTooLargeError
from diptych.photo import Photo, decode, encode, isobmff, isobmff_write
from diptych.photo.isobmff import Property

installed = pytest.mark.skipif(importlib.util.find_spec("pillow_heif") is None, reason="needs the extra heic")
HEAD = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)


def test_the_extra_is_named_where_it_is_missing(monkeypatch, picture):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(MissingExtraError, match=r"a\.heic: HEIC needs pillow-heif; pip install 'diptych\[heic\]'"):
        decode(HEAD, name="a.heic")
    with pytest.raises(MissingExtraError, match=r"diptych\[heic\]"):
        encode(Photo(picture()), "heic")


@installed
def test_depths(picture):
    for channels in (None, 3):
        photo = decode(encode(Photo(picture("uint16", channels)), "heic", quality=100))
        assert photo.bits == 12
        assert np.abs(photo.pixels.astype(int) - picture("uint16", channels)).max() <= 9
        ten = decode(encode(replace(photo, bits=10), "heic", quality=100))
        assert ten.bits == 10
        np.testing.assert_array_equal(decode(encode(ten, "heic", quality=100)).pixels, ten.pixels)
        np.testing.assert_array_equal(decode(encode(ten, "avif", quality=100)).pixels, ten.pixels)


@installed
@pytest.mark.parametrize("turn", range(4))
def test_turns_and_mirrors(picture, turn):
    import pillow_heif

    container = isobmff.read(encode(Photo(picture()), "heic", quality=100))
    item = container.items[container.primary]
    turns = (Property(b"irot", bytes([turn]), True), Property(b"imir", b"\1", True))
    items = {**container.items, container.primary: replace(item, properties=(*item.properties, *turns))}
    contents = {key: container.content(one) for key, one in items.items()}
    data = isobmff_write.dump(replace(container, items=items), contents)
    expected = np.asarray(pillow_heif.open_heif(data)[0])
    np.testing.assert_array_equal(decode(data).pixels, expected)
    assert decode(data).pixels.shape == ((37, 53, 3) if turn % 2 == 0 else (53, 37, 3))


@installed
def test_metadata_as_other_programs_write_them(picture, exif_block, profiles):
    import pillow_heif

    out = io.BytesIO()
    heif = pillow_heif.from_pillow(Image.fromarray(picture()))
    heif.save(out, quality=-1, chroma=444, exif=b"Exif\0\0" + exif_block(6), xmp=b"<x/>", icc_profile=profiles[3])
    photo = decode(out.getvalue())
    assert b"Diptych" in photo.exif
    assert (photo.xmp, photo.icc_profile, photo.format) == (b"<x/>", profiles[3], "heic")
    assert photo.pixels.shape[:2] == (53, 37), "once, by the container"


@installed
def test_grey_with_opacity_becomes_colour(picture):
    photo = decode(encode(Photo(picture("uint8", None), alpha=picture("uint8", None)), "heic", quality=100))
    assert photo.pixels.shape == (37, 53, 3)
    np.testing.assert_array_equal(photo.alpha, picture("uint8", None))


@installed
def test_what_cannot_be_read_is_refused(picture):
    data = encode(Photo(picture()), "heic")
    with pytest.raises(PhotoTooLargeError, match="64 x 64"):
        decode(data, max_pixels=64 * 64 - 1)
    with pytest.raises(PhotoFormatError, match="truncated"):
        decode(data[: len(data) // 2])
    with pytest.raises(PhotoFormatError, match="kind 'jpeg'"):
        decode(data.replace(b"hvc1", b"jpeg"))
