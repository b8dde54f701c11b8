"""Whatever a file holds, reading it ends in a picture or in one line that begins with its name."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from diptych.core.errors import ParameterError, PhotoError, PhotoFormatError, PhotoTooLargeError
from diptych.photo import Photo, read, write

FORMATS = [".jpg", ".png", ".tif", ".webp", ".bmp"]


def refuse(path, kind=PhotoFormatError, **options):
    with pytest.raises(PhotoError) as caught:
        read(path, **options)
    message = str(caught.value)
    assert type(caught.value) is kind, message
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < len(str(path)) + 300
    return message


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width, height, *extra, depth=8, kind=2, data=b"\0"):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def tiff(**fields):
    base = {256: 4, 257: 4, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: 4, 279: 16}
    base |= {int(tag[1:]): value for tag, value in fields.items()}
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(base.items()))
    data = struct.pack("<2sHIH", b"II", 42, 8, len(base)) + table + b"\0\0\0\0"
    return data.ljust(200, b"\0") + bytes(range(16))


@pytest.fixture
def whole(tmp_path, picture, exif_block, profiles):
    """The bytes of one small file of each format, with all metadata it can carry."""
    found = {}
    for suffix in FORMATS:
        alpha = picture("uint8", None) if suffix in (".png", ".tif", ".webp") else None
        profile = profiles[3][:400]
        photo = Photo(picture(), alpha=alpha, exif=exif_block(6), icc_profile=profile, dpi=(90, 90), xmp=b"<x/>")
        write(tmp_path / f"whole{suffix}", photo)
        found[suffix] = (tmp_path / f"whole{suffix}").read_bytes()
    return found


@pytest.mark.parametrize("suffix", FORMATS)
def test_cut_off_files_are_never_half_pictures(tmp_path, whole, suffix):
    data = whole[suffix]
    path = tmp_path / f"a{suffix}"
    pixels, refused = read(tmp_path / f"whole{suffix}").pixels, 0
    lengths = sorted({1, 2, 3, 8, 12, 30, 60, len(data) - 4, *range(100, len(data) - 4, 97)})
    for length in lengths:
        path.write_bytes(data[:length])
        try:
            photo = read(path)
        except PhotoError:
            refuse(path)
            refused += 1
        else:
            np.testing.assert_array_equal(photo.pixels, pixels)
    # A TIFF has its metadata after its pixels, a PNG its end chunk.
    assert refused >= {".tif": len(lengths) // 2, ".png": len(lengths) - 1}.get(suffix, len(lengths))


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    "content", [b"", b"hello, this is a text\n" * 9, b"\0" * 500, b"<svg/>", b"8BPS" + b"\0" * 50, b"%PDF-1.7"]
)
def test_what_is_no_picture(tmp_path, suffix, content):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    message = refuse(path)
    assert "is empty" in message if not content else "is not a picture Diptych reads (JPEG, PNG, TIFF" in message


def test_sizes_are_checked_before_decoding(tmp_path, whole):
    huge = {
        ".png": png(60_000, 60_000),
        ".tif": tiff(t256=60_000, t257=60_000, t278=60_000),
        ".bmp": whole[".bmp"][:18] + struct.pack("<ii", 60_000, 60_000) + whole[".bmp"][26:],
    }
    frame = whole[".jpg"].index(b"\xff\xc0")
    huge[".jpg"] = whole[".jpg"][: frame + 5] + struct.pack(">HH", 60_000, 60_000) + whole[".jpg"][frame + 9 :]
    big = (16_000).to_bytes(3, "little")
    place = whole[".webp"].index(b"VP8X") + 12
    huge[".webp"] = whole[".webp"][:place] + big + big + whole[".webp"][place + 6 :]
    for suffix, data in huge.items():
        path = tmp_path / f"a{suffix}"
        path.write_bytes(data)
        message = refuse(path, PhotoTooLargeError)
        assert "`max_pixels" in message


@pytest.mark.parametrize("suffix", FORMATS)
def test_max_pixels(tmp_path, whole, suffix):
    path = tmp_path / f"whole{suffix}"
    assert read(path, max_pixels=37 * 53).pixels.size == 37 * 53 * 3
    refuse(path, PhotoTooLargeError, max_pixels=37 * 53 - 1)
    with pytest.raises(ParameterError):
        read(path, max_pixels=0)


def test_the_guard_of_pillow_does_not_interfere(tmp_path, monkeypatch, whole):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for suffix in FORMATS:
        read(tmp_path / f"whole{suffix}")


@pytest.mark.parametrize(
    "fields",
    [
        {"t256": 0},
        {"t273": 1 << 31},
        {"t277": 65535, "t284": 2},
        {"t278": 1},
        {"t258": 0},
        {"t258": 33},
        {"t259": 34892},
        {"t262": 8},
        {"t262": 2},
        {"t262": 3},
        {"t262": 32803},
        {"t322": 1 << 16, "t323": 1 << 16, "t324": 200, "t325": 16},
        {"t322": 0, "t323": 0, "t324": 200, "t325": 16},
        {"t254": 1},
    ],
)
def test_hostile_fields_of_tiff(tmp_path, fields):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff())
    assert read(path).pixels.shape == (4, 4)
    path.write_bytes(tiff(**fields))
    with pytest.raises(PhotoError, match=r"a\.tif: "):
        read(path)


def test_directories_of_tiff_in_a_loop(tmp_path):
    data = bytearray(tiff())
    data[8 + 2 + 9 * 12 : 8 + 2 + 9 * 12 + 4] = struct.pack("<I", 8)
    (tmp_path / "a.tif").write_bytes(data)
    assert read(tmp_path / "a.tif").pixels.shape == (4, 4)


def test_fields_of_microscopes_are_not_followed(tmp_path):
    # A depth, and the private field that makes other readers take the file for a Zeiss LSM.
    (tmp_path / "a.tif").write_bytes(tiff(t32997=1 << 20, t34412=200))
    assert read(tmp_path / "a.tif").pixels.shape == (4, 4)


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_zip_bombs_in_png(tmp_path, kind):
    bomb = zlib.compress(b"\0" * (1 << 26))
    head = {b"zTXt": b"Title\0\0", b"iTXt": b"Title\0\1\0\0\0", b"iCCP": b"name\0\0"}[kind]
    (tmp_path / "a.png").write_bytes(png(1, 1, chunk(kind, head + bomb), data=b"\0abc"))
    assert "MiB" in refuse(tmp_path / "a.png")


def test_many_texts_in_png(tmp_path):
    texts = [chunk(b"zTXt", b"Title%d\0\0" % i + zlib.compress(b"x" * 1_000_000)) for i in range(6)]
    (tmp_path / "a.png").write_bytes(png(1, 1, *texts, data=b"\0abc"))
    assert "MiB" in refuse(tmp_path / "a.png")


def test_damaged_chunks_of_png(tmp_path, capfd):
    good = png(2, 1, chunk(b"tEXt", b"a\0b"), data=b"\0abcdef")
    path = tmp_path / "a.png"
    path.write_bytes(good)
    assert read(path).text == {"a": "b"}
    path.write_bytes(good.replace(b"a\0b", b"a\0c"))  # metadata with a wrong checksum
    assert read(path).text == {}
    path.write_bytes(good.replace(b"\0\0\0\2\0\0\0\1", b"\0\0\0\3\0\0\0\1"))
    refuse(path)
    path.write_bytes(png(2, 1, data=b"\0abc"))  # too few pixels, all checksums right
    refuse(path)
    packed = bytearray(zlib.compress(b"\0abcdef"))
    packed[-1] ^= 1
    path.write_bytes(png(2, 1).replace(chunk(b"IDAT", zlib.compress(b"\0")), chunk(b"IDAT", bytes(packed))))
    refuse(path)
    assert capfd.readouterr() == ("", "")


def test_what_is_no_regular_file(tmp_path):
    assert "no such file" in refuse(tmp_path / "missing.png", PhotoError)
    assert "is a folder" in refuse(tmp_path, PhotoError)
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    assert "broken link" in refuse(tmp_path / "link.png", PhotoError)
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    refuse(tmp_path / "loop.png", PhotoError)
    os.mkfifo(tmp_path / "pipe.png")
    assert "pipe" in refuse(tmp_path / "pipe.png", PhotoError)
    assert "device" in refuse("/dev/zero", PhotoError)
    refuse("a\0b.png", PhotoError)
    refuse(tmp_path / ("x" * 300), PhotoError)


def test_no_permission(tmp_path, whole, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    assert "no permission" in refuse(tmp_path / "whole.png", PhotoError)


def test_too_little_memory(tmp_path, whole, monkeypatch):
    def full(*_args, **_options):
        raise MemoryError

    monkeypatch.setattr(np, "asarray", full)
    assert "memory" in refuse(tmp_path / "whole.png", PhotoTooLargeError)


def test_memory_stays_bounded(tmp_path):
    resource = pytest.importorskip("resource")
    assert resource
    (tmp_path / "a.png").write_bytes(png(60_000, 60_000))
    (tmp_path / "b.tif").write_bytes(tiff(t256=1 << 20, t257=1 << 20))
    (tmp_path / "c.tif").write_bytes(tiff(t277=65535, t273=(1 << 32) - 1))
    code = (
        "import sys, resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from diptych.photo import read\n"
        "for path in sys.argv[1:]:\n"
        "    try: read(path)\n"
        "    except OSError as error: print(error)\n"
    )
    paths = [str(tmp_path / name) for name in ("a.png", "b.tif", "c.tif")]
    done = subprocess.run(  # one thread, as each reserves address space
        [sys.executable, "-c", code, *paths],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert len(done.stdout.splitlines()) == 3
    assert "does not fit" not in done.stdout
    assert done.stderr == ""


def mutate(data, rng):
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = rng.randrange(len(changed)) if rng.random() < 0.5 else rng.randrange(min(400, len(changed)))
        kind = rng.random()
        if kind < 0.5:
            changed[place] = rng.randrange(256)
        elif kind < 0.75:
            value = rng.choice((b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\1\0", b"\0\1"))
            changed[place : place + len(value)] = value
        elif kind < 0.85:
            del changed[place + 1 :]
        else:
            changed[place:place] = rng.randbytes(rng.randrange(1, 9))
    return bytes(changed)


@pytest.mark.parametrize("suffix", [*FORMATS, "lzw.tif", "jpeg.tif", "planes.tif", "palette.png", "palette.bmp"])
def test_mutated_files_give_a_picture_or_one_line(tmp_path, whole, picture, suffix, capfd):
    source = tmp_path / f"source{suffix}"
    if suffix.startswith("palette"):
        Image.fromarray(picture()).quantize(20).save(source)
    elif suffix == "planes.tif":
        tifffile.imwrite(source, np.moveaxis(picture(), -1, 0), planarconfig="separate", photometric="rgb")
    elif suffix.endswith(".tif") and suffix != ".tif":
        compression = suffix.removesuffix(".tif")
        tifffile.imwrite(source, picture(), compression=compression, tile=(16, 16), photometric="rgb")
    else:
        source.write_bytes(whole[suffix])
    data, rng = source.read_bytes(), random.Random(7)
    for _ in range(100):
        source.write_bytes(mutate(data, rng))
        message = f"{source}: "
        try:
            photo = read(source, max_pixels=1_000_000)
        except PhotoError as error:
            message = str(error)
        else:
            assert photo.pixels.size
        assert message.startswith(f"{source}: ")
        assert "\n" not in message
    assert capfd.readouterr() == ("", "")
