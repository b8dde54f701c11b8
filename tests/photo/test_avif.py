"""AVIF as other programs write it: bits, turns, colours, parts that are left out, and what is refused."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from diptych.core.errors import PhotoError, PhotoFormatError, PhotoTooLargeError
from diptych.photo import Photo, av1, decode, encode, isobmff, isobmff_write
from diptych.photo.isobmff import Item, Property, Reference


def changed(data: bytes, *properties: Property, items=(), references=()) -> bytes:
    """The file with more properties of its primary item, and more items with their contents."""
    container = isobmff.read(data)
    known = dict(container.items)
    contents = {key: container.content(item) for key, item in known.items()}
    primary = known[container.primary]
    known[container.primary] = replace(primary, properties=(*primary.properties, *properties))
    for item, content in items:
        key = max(known) + 1
        known[key], contents[key] = item, content
    return isobmff_write.dump(
        replace(container, items=known, references=(*container.references, *references)), contents
    )


def with_depth(bits: int, values: np.ndarray) -> bytes:
    from imagecodecs import avif_encode

    return bytes(avif_encode(values.astype(np.uint8 if bits == 8 else np.uint16), level=100, bitspersample=bits))


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_white_is_white_in_every_depth(bits):
    values = np.linspace(0, (1 << bits) - 1, 16 * 16 * 3).reshape(16, 16, 3).round()
    photo = decode(with_depth(bits, values))
    white = 255 if bits == 8 else 65535
    assert photo.bits == (None if bits == 8 else bits)
    assert (photo.pixels.min(), photo.pixels.max()) == (0, white)
    np.testing.assert_allclose(photo.pixels / white, values / ((1 << bits) - 1), atol=1e-4)


def test_ten_bits_stay_ten_bits_and_sixteen_become_twelve(picture):
    ten = decode(with_depth(10, np.arange(16 * 16 * 3).reshape(16, 16, 3)))
    again = decode(encode(ten, "avif", quality=100))
    np.testing.assert_array_equal(again.pixels, ten.pixels)
    assert again.bits == 10
    twelve = decode(encode(Photo(picture("uint16")), "avif", quality=100))
    assert twelve.bits == 12
    assert np.abs(twelve.pixels.astype(int) - picture("uint16")).max() <= 9
    np.testing.assert_array_equal(decode(encode(twelve, "avif", quality=100)).pixels, twelve.pixels)


@pytest.mark.skipif(".avif" not in Image.registered_extensions(), reason="Pillow without AVIF")
@pytest.mark.parametrize("turn", range(1, 9))
def test_turns_are_those_that_pillow_makes(picture, turn, exif_block):
    out = io.BytesIO()
    Image.fromarray(picture()).save(out, "AVIF", exif=exif_block(turn), quality=100, subsampling="4:4:4")
    with Image.open(io.BytesIO(out.getvalue())) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    photo = decode(out.getvalue())
    np.testing.assert_array_equal(photo.pixels, expected)
    assert photo.exif is None or b"Diptych" in photo.exif
    np.testing.assert_array_equal(decode(encode(photo, "png")).pixels, photo.pixels)


def test_exif_does_not_turn_what_the_container_leaves(picture, exif_block):
    data = isobmff_write.with_metadata(encode(Photo(picture()), "avif", quality=100), exif_block(6), None, None)
    photo = decode(data)
    np.testing.assert_array_equal(photo.pixels, picture())
    np.testing.assert_array_equal(decode(encode(photo, "jpeg", quality=100)).pixels.shape, picture().shape)


def test_a_crop_is_applied(picture):
    crop = np.array([20, 1, 11, 1, 3, 2, -2, 1], ">i4").tobytes()  # 20 x 11 around 1.5 right of and 2 above the middle
    photo = decode(changed(encode(Photo(picture()), "avif", quality=100), Property(b"clap", crop, True)))
    np.testing.assert_array_equal(photo.pixels, picture()[11:22, 18:38])
    silly = np.array([200, 1, 11, 0, 3, 2, -2, 1], ">i4").tobytes()
    photo = decode(changed(encode(Photo(picture()), "avif", quality=100), Property(b"clap", silly, True)))
    np.testing.assert_array_equal(photo.pixels, picture())


@pytest.mark.parametrize("codes", [(12, 13), (9, 1), (1, 8)])
def test_code_points_are_kept_and_become_a_profile_elsewhere(picture, codes):
    photo = Photo(picture(), color_chunks={"cICP": bytes((*codes, 0, 1))})
    for name in ("avif", "jxl", "png"):
        assert decode(encode(photo, name)).color_chunks == photo.color_chunks
    assert decode(encode(photo, "webp")).icc_profile


def test_srgb_has_no_description(picture):
    for name in ("avif", "jxl"):
        photo = decode(encode(Photo(picture()), name))
        assert (photo.icc_profile, photo.color_chunks) == (None, {})


def test_parts_that_are_left_out_are_named(picture):
    data = encode(Photo(picture()), "avif")
    container = isobmff.read(data)
    primary = container.items[container.primary]
    content = container.content(primary)
    size = [one for one in primary.properties if one.kind in (b"ispe", b"av1C")]
    gain = Item(b"av01", properties=(*size, Property(b"auxC", b"\0\0\0\0urn:iso:std:iso:ts:21496:-1\0")), hidden=True)
    depth = Item(b"av01", properties=(*size, Property(b"auxC", b"\0\0\0\0urn:mpeg:hevc:2015:auxid:2depth\0")))
    second = Item(b"av01", properties=tuple(size))
    key = max(container.items)
    auxiliary = [Reference(b"auxl", key + 1, (container.primary,)), Reference(b"auxl", key + 2, (container.primary,))]
    items = [(gain, content), (depth, content), (second, content)]
    notes = decode(changed(data, items=items, references=auxiliary)).notes
    assert [note.split(",")[0] for note in notes] == ["has a gain map", "has a depth map", "has 1 further picture"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda data: data[: len(data) // 2], "truncated"),
        (lambda data: data[:40], "no picture in it|truncated"),
        (lambda data: data.replace(b"av01", b"j2k1"), "kind 'j2k1'"),
        (lambda data: data.replace(b"pitm", b"free"), "make no sense"),
        (lambda data: data.replace(b"ispe", b"free"), "0 pixels"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(picture, spoil, reason):
    data = isobmff_write.with_metadata(encode(Photo(picture()), "avif"), b"II*\0", b"<x>", None)
    with pytest.raises(PhotoFormatError, match=rf"^a picture: .*({reason})"):
        decode(spoil(data), name="a picture")


def test_size_is_checked_in_the_boxes_and_in_the_stream(picture):
    data = encode(Photo(picture(size=(100, 120))), "avif")
    with pytest.raises(PhotoTooLargeError, match="120 x 100"):
        decode(data, max_pixels=11_999)
    size = isobmff.read(data).items[1].get(b"ispe")
    small = size[:4] + (12).to_bytes(4, "big") + (10).to_bytes(4, "big")
    with pytest.raises(PhotoTooLargeError, match="120 x 100"):
        decode(data.replace(size, small), max_pixels=11_999)


def test_the_size_in_a_stream(picture):
    container = isobmff.read(encode(Photo(picture(size=(100, 120))), "avif"))
    stream = container.content(container.items[container.primary])
    assert av1.largest(stream) == (120, 100)
    for cut in range(1, 20):
        with contextlib.suppress(ValueError):
            assert av1.largest(stream[:cut]) in ((0, 0), (120, 100))


def test_items_of_many_parts_are_refused(picture):
    data = encode(Photo(picture()), "avif")
    box = next(one for one in isobmff.walk(data, 0, len(data)) if one.kind == b"meta")
    place = data.index(b"iloc", box.start)
    entry = b"\0\1\0\0" + (65535).to_bytes(2, "big")
    content = b"\0\0\0\0\0\0" + (2000).to_bytes(2, "big") + entry * 2000
    old = int.from_bytes(data[place - 4 : place], "big")
    new = (8 + len(content)).to_bytes(4, "big") + b"iloc" + content
    spoilt = data[: place - 4] + new + data[place - 4 + old :]
    longer = (int.from_bytes(data[box.start - 8 : box.start - 4], "big") + len(new) - old).to_bytes(4, "big")
    with pytest.raises(PhotoError, match="more than 10000 parts"):
        decode(spoilt[: box.start - 8] + longer + spoilt[box.start - 4 :])


@pytest.mark.skipif(".avif" not in Image.registered_extensions(), reason="Pillow without AVIF")
def test_animations_are_refused_and_not_read_as_their_first_frame(picture):
    out = io.BytesIO()
    Image.fromarray(picture()).save(out, "AVIF", save_all=True, append_images=[Image.fromarray(255 - picture())])
    with pytest.raises(PhotoFormatError, match="is an animation"):
        decode(out.getvalue())
    both = encode(Photo(picture()), "avif") + b"\0\0\0\x08moov"
    assert decode(both).notes == ("has a video or an animation besides the picture, which is left out",)
