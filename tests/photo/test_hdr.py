"""Pictures of high dynamic range are read as an ordinary screen shows them, whatever their format, and the notes say so."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.photo import Photo, cicp, decode, encode, hdr

NITS = np.array([0, 1, 10, 50, 100, 203, 500, 1000, 4000.0])


def pq(nits):
    power = (np.asarray(nits) / 10_000) ** (2610 / 16384)
    return ((107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def srgb(light):
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


def in_pq(name: str, primaries: int = 9, dtype: str = "uint16") -> bytes:
    white = np.iinfo(dtype).max
    pixels = np.rint(np.repeat(pq(NITS)[None, :, None], 8, axis=0) * white * np.ones(3)).astype(dtype)
    photo = Photo(pixels, color_chunks={"cICP": bytes((primaries, 16, 0, 1))})
    return encode(photo, name, quality=100)


@pytest.mark.parametrize("name", ["png", "avif", "jxl", "tiff"])
def test_pq_is_shown_as_on_a_screen_whose_white_is_203(name):
    photo = decode(in_pq(name))
    shown = photo.pixels[0, :, 0] / 65535
    expected = srgb(NITS / 203)
    np.testing.assert_allclose(shown[:4], expected[:4], atol=0.003)  # below the knee
    assert (np.diff(shown) > 0).all()
    assert shown[-1] == pytest.approx(1, abs=0.002)
    assert 0.7 < shown[5] < 1, "white is still light where lights are twenty times as bright"
    assert any("HDR (PQ)" in note for note in photo.notes)
    assert photo.color_chunks == {"cICP": b"\x09\x0d\0\1"}
    assert photo.icc_profile is None
    assert photo.pixels.dtype == np.uint16


def test_depth_and_grey_stay():
    grey = np.rint(pq(np.linspace(0, 1000, 64).reshape(8, 8)) * 255).astype(np.uint8)
    photo = hdr.for_screen(Photo(grey, color_chunks={"cICP": b"\1\x10\0\1"}))
    assert (photo.pixels.dtype, photo.pixels.shape, photo.color_chunks) == (np.uint8, (8, 8), {})


def test_hlg():
    signal = np.linspace(0, 1, 101)
    pixels = np.rint(np.repeat(signal[None, :, None], 3, axis=2) * 65535).astype(np.uint16)
    photo = decode(encode(Photo(pixels, color_chunks={"cICP": b"\x09\x12\0\1"}), "png"))
    shown = photo.pixels[0, :, 0] / 65535
    # By BT.2408, a signal of 75 % is white of 203 cd/m2 where the peak is 1000, and 38 % grey of 26 cd/m2.
    assert hdr._nits(np.full((1, 1, 3), 49151, np.uint16), *light(18)).item(0) == pytest.approx(203, rel=0.01)
    assert shown[38] == pytest.approx(srgb(26 / 203), abs=0.01)
    assert 0.85 < shown[75] < shown[100] == pytest.approx(1, abs=0.002)
    assert any("HDR (HLG)" in note for note in photo.notes)


def light(transfer):
    table = cicp.light_of(transfer, np.linspace(0, 1, 65536)).astype(np.float32)
    return table, transfer, np.array([0.2627, 0.6780, 0.0593], np.float32)


def test_hues_are_kept_where_lights_are_compressed():
    pixels = np.rint(pq(np.array([[[900, 300, 90], [10, 5, 2.5]]])) * 65535).astype(np.uint16)
    photo = hdr.for_screen(Photo(pixels, color_chunks={"cICP": b"\x09\x10\0\1"}))
    values = photo.pixels[0].astype(float) / 65535
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(linear[0] / linear[0, 0], [1, 1 / 3, 0.1], atol=0.005)
    np.testing.assert_allclose(linear[1] * 203, [10, 5, 2.5], rtol=0.02)


def test_ordinary_pictures_are_left_alone(picture):
    for chunks in ({}, {"cICP": b"\x0c\x0d\0\1"}, {"cICP": b"\x09\x10\0\0"}, {"cICP": b"x"}):
        photo = Photo(picture(), color_chunks=chunks)
        assert hdr.for_screen(photo) is photo
