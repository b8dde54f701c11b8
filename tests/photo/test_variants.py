"""What files hold beside plain grey and RGB: palettes, ink, few bits, inverted white, tiles, foreign byte order."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from diptych.core.errors import PhotoFormatError
from diptych.photo import Photo, read, write


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
@pytest.mark.parametrize("colours", [2, 4, 16, 200])
def test_palette_becomes_rgb(tmp_path, picture, suffix, colours):
    image = Image.fromarray(picture()).quantize(colours)
    image.save(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(read(tmp_path / f"a{suffix}").pixels, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_grey_palette_becomes_grey(tmp_path, picture, suffix):
    image = Image.fromarray(picture("uint8", None)).convert("P", palette=Image.Palette.ADAPTIVE)
    image.save(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(read(tmp_path / f"a{suffix}").pixels, np.asarray(image.convert("L")))


def test_transparency_of_a_palette(tmp_path, picture):
    image = Image.fromarray(picture()).quantize(16)
    image.save(tmp_path / "a.png", transparency=bytes([0, 128]))
    photo = read(tmp_path / "a.png")
    expected = np.array([0, 128] + [255] * 14, np.uint8)[np.asarray(image)]
    np.testing.assert_array_equal(photo.alpha, expected)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_transparent_colour_of_png(tmp_path, mode):
    image = Image.new(mode, (4, 4), "white")
    image.putpixel((1, 2), 0 if mode == "L" else (0, 0, 0))
    image.save(tmp_path / "a.png", transparency=0 if mode == "L" else (0, 0, 0))
    alpha = read(tmp_path / "a.png").alpha
    assert alpha[2, 1] == 0
    assert alpha.sum() == 15 * 255


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_one_bit_is_black_and_white(tmp_path, suffix):
    bits = np.eye(13, 21, dtype=bool)
    Image.fromarray(bits).save(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(read(tmp_path / f"a{suffix}").pixels, bits * np.uint8(255))


@pytest.mark.parametrize("compression", ["group3", "group4", "packbits", "tiff_lzw"])
def test_fax_compressions(tmp_path, compression):
    if compression in ("group3", "group4") and not hasattr(imagecodecs, "ccittfax4_decode"):
        pytest.skip("this imagecodecs does not decode faxes: pip install -U imagecodecs")
    bits = np.eye(13, 21, dtype=bool)
    Image.fromarray(bits).save(tmp_path / "a.tif", compression=compression)
    np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, bits * np.uint8(255))


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_png_of_few_bits_has_the_full_range(tmp_path, depth):
    levels = np.arange(1 << depth, dtype=np.uint8)[None].repeat(3, 0)
    write_png(tmp_path / "a.png", levels, depth)
    np.testing.assert_array_equal(read(tmp_path / "a.png").pixels, levels * (255 // ((1 << depth) - 1)))


def write_png(path, levels, depth):
    import struct
    import zlib

    height, width = levels.shape
    bits = np.unpackbits(levels[..., None], axis=-1)[..., 8 - depth :].reshape(height, -1)
    rows = b"".join(b"\0" + np.packbits(row).tobytes() for row in bits)
    data = b"\x89PNG\r\n\x1a\n"
    for name, content in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ):
        data += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    path.write_bytes(data)


@pytest.mark.parametrize("bits", [4, 10, 12, 14])
def test_tiff_of_odd_depths_has_the_full_range(tmp_path, bits):
    top = (1 << bits) - 1
    values = np.linspace(0, top, 64).astype(np.uint8 if bits < 8 else np.uint16).reshape(8, 8)
    pack_tiff(tmp_path / "a.tif", values, bits)
    pixels = read(tmp_path / "a.tif").pixels
    assert pixels.dtype == values.dtype
    white = np.iinfo(values.dtype).max
    np.testing.assert_array_equal(pixels, np.rint(values * (white / top)).astype(values.dtype))


def pack_tiff(path, values, bits):
    import struct

    shifts = np.arange(bits - 1, -1, -1)
    packed = np.packbits((values.astype(np.uint32)[..., None] >> shifts & 1).reshape(values.shape[0], -1), axis=1)
    fields = [(256, values.shape[1]), (257, values.shape[0]), (258, bits), (259, 1), (262, 1), (273, 8), (277, 1)]
    fields += [(278, values.shape[0]), (279, packed.size)]
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields)
    start = 8 + packed.size
    head = struct.pack("<2sHI", b"II", 42, start)
    path.write_bytes(head + packed.tobytes() + struct.pack("<H", len(fields)) + table + b"\0\0\0\0")


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_white_is_zero(tmp_path, picture, dtype):
    pixels = picture(dtype, None)
    tifffile.imwrite(tmp_path / "a.tif", np.iinfo(dtype).max - pixels, photometric="miniswhite")
    np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, pixels)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize(
    "storage",
    [{}, {"tile": (16, 32)}, {"compression": "lzw", "predictor": True}, {"compression": "zlib", "tile": (32, 16)}],
)
def test_storage_of_tiff_does_not_matter(tmp_path, picture, byteorder, bigtiff, planar, dtype, storage):
    if dtype.startswith("float") and "predictor" in storage and planar == "separate":
        storage = {"compression": "zlib", "rowsperstrip": 5}
    pixels = picture(dtype)
    stored = np.moveaxis(pixels, -1, 0) if planar == "separate" else pixels
    tifffile.imwrite(
        tmp_path / "a.tif",
        stored,
        byteorder=byteorder,
        bigtiff=bigtiff,
        planarconfig=planar,
        photometric="rgb",
        **storage,
    )
    photo = read(tmp_path / "a.tif")
    assert photo.pixels.dtype == dtype
    assert photo.pixels.dtype.isnative
    np.testing.assert_array_equal(photo.pixels, pixels)


@pytest.mark.parametrize("compression", ["packbits", "zstd", "lzma", "deflate", None])
def test_compressions_of_tiff(tmp_path, picture, compression):
    tifffile.imwrite(tmp_path / "a.tif", picture("uint16"), compression=compression, rowsperstrip=7)
    np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, picture("uint16"))


@pytest.mark.parametrize("photometric", ["rgb", "ycbcr"])
def test_jpeg_in_tiff(tmp_path, picture, photometric):
    stored = picture() if photometric == "rgb" else np.asarray(Image.fromarray(picture()).convert("YCbCr"))
    tifffile.imwrite(tmp_path / "a.tif", stored, compression="jpeg", photometric=photometric, tile=(32, 32))
    with Image.open(tmp_path / "a.tif") as image:
        np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, np.asarray(image.convert("RGB")))


def test_premultiplied_alpha_is_divided_out(tmp_path, picture):
    alpha = np.linspace(0, 255, 37 * 53).reshape(37, 53).astype(np.uint8)
    multiplied = np.rint(picture() * (alpha[..., None] / 255)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", np.dstack([multiplied, alpha]), photometric="rgb", extrasamples=["assocalpha"])
    photo = read(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.alpha, alpha)
    error = np.abs(photo.pixels.astype(int) - picture())
    assert (error <= 128 / np.maximum(alpha, 1)[..., None] + 1)[alpha > 0].all()


def test_unspecified_extra_channels_are_channels(tmp_path, picture):
    tifffile.imwrite(tmp_path / "a.tif", picture("uint8", 4), photometric="rgb", extrasamples=["unspecified"])
    photo = read(tmp_path / "a.tif")
    assert photo.alpha is None
    np.testing.assert_array_equal(photo.pixels, picture("uint8", 4))


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_ink_becomes_rgb_the_right_way_round(tmp_path, picture, name):
    image = Image.fromarray(picture()).convert("CMYK")
    image.save(tmp_path / name)
    pixels = read(tmp_path / name).pixels
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - np.asarray(image.convert("RGB"))).mean() < 4


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_ink_is_converted_by_its_profile(tmp_path, profiles, name):
    Image.new("CMYK", (16, 16), (255, 0, 0, 0)).save(tmp_path / name, icc_profile=profiles[4])
    photo = read(tmp_path / name)
    red, green, blue = photo.pixels[8, 8].astype(int)
    assert red > 220
    assert max(green, blue) < 120
    assert photo.icc_profile is None


def test_broken_ink_profile_gives_the_plain_formula(tmp_path, profiles):
    broken = profiles[4][:140] + b"\xff" * 400
    Image.new("CMYK", (16, 16), (255, 0, 0, 0)).save(tmp_path / "a.jpg", icc_profile=broken)
    red, green, blue = read(tmp_path / "a.jpg").pixels[8, 8].astype(int)
    assert red < 30
    assert min(green, blue) > 200


def test_sixteen_bit_ink(tmp_path):
    ink = np.zeros((4, 4, 4), np.uint16)
    ink[0, 0] = (65535, 0, 0, 0)
    ink[1, 1] = (0, 0, 0, 65535)
    tifffile.imwrite(tmp_path / "a.tif", ink, photometric="separated")
    pixels = read(tmp_path / "a.tif").pixels
    assert pixels.dtype == np.uint16
    assert pixels[0, 0].tolist() == [0, 65535, 65535]
    assert pixels[1, 1].tolist() == [0, 0, 0]
    assert pixels[2, 2].tolist() == [65535] * 3


def test_the_content_decides_not_the_suffix(tmp_path, picture):
    write(tmp_path / "a.png", picture())
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    photo = read(tmp_path / "a.jpg")
    assert photo.format == "png"
    np.testing.assert_array_equal(photo.pixels, picture())


def test_first_picture_of_a_phone_file_is_read(tmp_path, picture):
    second = Image.fromarray(255 - picture())
    Image.fromarray(picture()).save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second], quality=95)
    photo = read(tmp_path / "a.jpg")
    assert photo.format == "jpeg"
    assert np.abs(photo.pixels.astype(int) - picture()).mean() < 4


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_several_frames_are_refused_with_their_number(tmp_path, picture, suffix):
    frames = [Image.fromarray(np.roll(picture(), 5 * i, 0)) for i in range(3)]
    frames[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:])
    with pytest.raises(PhotoFormatError, match=r"3 (frames|pages)"):
        read(tmp_path / f"a{suffix}")


def test_thumbnail_pages_are_no_pages(tmp_path, picture):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(picture("uint8", 3, (8, 8)), subfiletype=1, photometric="rgb")
        file.write(picture(), photometric="rgb")
    np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, picture())


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint32", "uint64", "complex64"])
def test_depths_outside_the_contract_are_named(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "a.tif", np.ones((4, 4), dtype))
    bits = np.dtype(dtype).itemsize * 8
    name = {"i": "int", "u": "uint", "c": "complex"}[np.dtype(dtype).kind]
    with pytest.raises(PhotoFormatError, match=f"{name}{bits}; convert"):
        read(tmp_path / "a.tif")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_is_named(tmp_path, value):
    tifffile.imwrite(tmp_path / "a.tif", np.full((4, 4), value, np.float32))
    with pytest.raises(PhotoFormatError, match="NaN or infinity"):
        read(tmp_path / "a.tif")


def test_alpha_of_bmp(tmp_path, picture):
    rgba = np.dstack([picture(), picture("uint8", None)])
    Image.fromarray(rgba).save(tmp_path / "a.bmp")
    photo = read(tmp_path / "a.bmp")
    np.testing.assert_array_equal(photo.pixels, picture())


def test_description_that_tifffile_leaves_is_dropped(tmp_path, picture):
    tifffile.imwrite(tmp_path / "a.tif", picture(), photometric="rgb", software=False)
    assert read(tmp_path / "a.tif").exif is None
    write(tmp_path / "b.tif", Photo(picture()))
    assert read(tmp_path / "b.tif").exif is None
