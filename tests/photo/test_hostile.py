"""Small files that once cost minutes or gigabytes are refused for what they are, or read, within a bound of memory."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from diptych.core.errors import PhotoError, PhotoFormatError, PhotoTooLargeError
from diptych.photo import TiffRows, bmp_rle, decode, encode, exif
from hostile_files import (
    FILES,
    chunk,
    exif_of_shared_fields,
    grey,
    jpeg_with,
    overlapping_directories,
    png_with,
    rle,
    scans,
    small,
    strips,
    tiff,
    wide_tiles,
)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (overlapping_directories(), "too many pages or fields"),
        (tiff(bytes(5000), *grey(4, 4), *((40000 + index, 1, 5000, 8) for index in range(9))), "fields overlap"),
        (tiff(bytes(5000), *grey(4, 4), (292, 1, 5000, 8)), "field 292 has 5000 values"),
        (strips(7, 50_000, height=100), "strips or tiles overlap"),
        (scans(64, 64, 101), "too many scans"),
        (scans(7000, 7000, 300), "too many scans"),
        (jpeg_with(b"\xff\xe1\0\2" * 10_001), "10000 marker segments"),
        (jpeg_with(b"\xff\x01" * 10_001), "10000 marker segments"),
        (png_with(chunk(b"abCd", b"") * 262_145), "262144 chunks"),
        (b"RIFF" + struct.pack("<I", 80_100 + 4) + b"WEBP" + b"abcd\0\0\0\0" * 10_100, "10000 chunks"),
    ],
)  # fmt: skip
def test_what_would_take_minutes_is_refused(data, reason):
    with pytest.raises(PhotoFormatError, match=rf"a picture: .*{reason}"):
        decode(data, name="a picture", max_pixels=50_000_000)


def test_damaged_texts_are_unpacked_within_the_bound():
    packed = zlib.compress(b"x" * 1_000_000)[:-4] + b"\0\0\0\0"
    assert decode(png_with(chunk(b"zTXt", b"a\0\0" + packed))).text == {}
    with pytest.raises(PhotoFormatError, match="more than 4 MiB of text"):
        decode(png_with(*[chunk(b"zTXt", b"a\0\0" + packed)] * 5))


def test_what_follows_a_packed_text_is_not_looked_at():
    packed = zlib.compress(b"words") + bytes(20_000_000)
    assert decode(png_with(chunk(b"zTXt", b"a\0\0" + packed))).text == {"a": "words"}


def test_the_number_of_strips_is_bounded_by_that_of_pixels():
    fields = {field[0]: field for field in grey(1, 100_000)} | {278: (278, 4, 1, 1)}
    fields |= {273: (273, 4, 100_000, 100_008), 279: (279, 4, 100_000, 500_008)}
    places = struct.pack("<200000I", *range(8, 100_008), *[1] * 100_000)
    data = tiff(bytes(100_000) + places, *fields.values())
    assert decode(data).pixels.shape == (100_000, 1)
    with pytest.raises(PhotoFormatError, match="has 100000 strips"):
        decode(data, max_pixels=1_000_000)


def test_strips_of_plain_samples_that_overlap_are_read_once():
    photo = decode(strips(1, 50_000, height=100))
    assert photo.pixels.shape == (100, 16)
    assert (photo.pixels == 0x55).all()


def test_equal_tiles_may_be_stored_once():
    data = bytes(range(256))
    places = struct.pack("<8I", *[8] * 4, *[256] * 4)
    fields = [field for field in grey(32, 32) if field[0] not in (273, 278, 279)]
    tiles = [(322, 3, 1, 16), (323, 3, 1, 16), (324, 4, 4, 264), (325, 4, 4, 280)]
    tile = np.frombuffer(data, np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(decode(tiff(data + places, *fields, *tiles)).pixels, np.tile(tile, (2, 2)))


@pytest.mark.parametrize("place", [jpeg_with, png_with])
def test_exif_whose_fields_overlap_does_no_harm(place):
    block = exif_of_shared_fields(10_000)
    assert exif.orientation(block) == 1
    assert exif.directory(block) is None
    segment = b"\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block
    photo = decode(place(segment if place is jpeg_with else chunk(b"eXIf", block)))
    assert photo.exif is None
    assert "has an unreadable EXIF block, which is left out" in photo.notes
    for name in ("jpeg", "png", "tiff", "webp"):
        assert len(encode(photo, name)) < 10_000


def test_rows_of_hostile_tiles_are_refused_before_they_are_decoded(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(wide_tiles())
    with pytest.raises(PhotoTooLargeError, match=r"a\.tif: has tiles of 4294967294 x 16 pixels"):
        TiffRows(path)
    fields = {field[0]: field for field in grey(1 << 29, 4)} | {
        259: (259, 3, 1, 8),
        278: (278, 4, 1, 4),
        279: (279, 4, 1, 99),
    }
    path.write_bytes(tiff(bytes(99), *fields.values()))
    with pytest.raises(PhotoTooLargeError, match=r"a\.tif: has strips .* 2048 MiB"):
        TiffRows(path)


def random_runs(rng, bits):
    kinds = rng.choice(["run", "run", "run", "row", "delta", "plain"], size=rng.integers(1, 60))
    out = b""
    for kind in kinds:
        if kind == "run":
            out += (
                bytes(rng.integers(1, 256, size=2).tolist()) if rng.random() < 0.2 else bytes([rng.integers(1, 9), 77])
            )
        elif kind == "plain":
            number = int(rng.integers(3, 12))
            size = (number + 1) // 2 if bits == 4 else number
            out += bytes([0, number]) + rng.bytes(size) + bytes(size % 2)
        else:
            out += b"\0\0" if kind == "row" else bytes([0, 2, *rng.integers(0, 4, size=2).tolist()])
    return out


@pytest.mark.parametrize("bits", [4, 8])
def test_run_length_encoded_bmps_are_decoded_as_by_pillow(bits):
    rng, read = np.random.default_rng(bits), 0
    for _ in range(300):
        data = rle(int(rng.integers(1, 20)), int(rng.integers(1, 12)), random_runs(rng, bits), bits)
        try:
            expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        except (OSError, ValueError):
            with pytest.raises(PhotoFormatError):
                decode(data)
            continue
        pixels = decode(data).pixels
        np.testing.assert_array_equal(pixels if pixels.ndim == 3 else np.dstack([pixels] * 3), expected)
        read += 1
    assert read > 50


def test_runs_of_bmp_are_bounded(monkeypatch):
    monkeypatch.setattr(bmp_rle, "_MOST_RUNS", 1000)
    with pytest.raises(PhotoFormatError, match="more than 1000 runs"):
        decode(rle(300, 300, b"\1\0" * 2000))
    assert decode(rle(1_000_000, 4, b"\1\0\0\0" * 4)).pixels.shape[:2] == (4, 1_000_000)


def test_too_little_memory_for_rows_is_one_line(tmp_path, monkeypatch):
    path = tmp_path / "a.tif"
    path.write_bytes(small("TIFF"))
    with TiffRows(path) as rows:

        def full(*_):
            raise MemoryError

        monkeypatch.setattr(rows, "_samples", full)
        with pytest.raises(PhotoTooLargeError, match=r"a\.tif: .*memory"):
            rows.read(0, 1)


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith((".toml", ".onnx"))])
def test_hostile_pictures_in_bounded_memory(name):
    """Under a limit of Python's own memory; ``benchmarks/hostile.py`` measures all of it, and the time."""
    import tracemalloc

    data = FILES[name]()
    tracemalloc.start()
    with contextlib.suppress(PhotoError):
        decode(data, name=name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20
