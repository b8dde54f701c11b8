from __future__ import annotations

import importlib.util
import io

import numpy as np
import pytest
from PIL import Image

from diptych.core.errors import DiptychError, PhotoFormatError
from diptych.core.image import to_float
from diptych.photo import Photo, decode, jpeg, read, write

HEIC = [".heic"] if importlib.util.find_spec("pillow_heif") else []

LOSSLESS = [".png", ".tif", ".tiff", ".bmp"]
DEPTHS = {"png": ("uint8", "uint16"), "tiff": ("uint8", "uint16", "float32", "float64")}


def psnr(a, b):
    error = np.mean((to_float(a).astype(float) - to_float(b)) ** 2)
    return 10 * np.log10(1 / max(error, 1e-12))


@pytest.mark.parametrize("channels", [None, 3])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize(
    "suffix", [".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".PNG", ".avif", ".jxl", *HEIC]
)
def test_every_format_gives_back_what_it_got(tmp_path, picture, suffix, dtype, channels):
    pixels = picture(dtype, channels)
    path = tmp_path / f"a{suffix}"
    write(path, pixels)
    photo = read(path)
    grey = channels is None and photo.format != "webp"
    assert photo.pixels.ndim == (2 if grey else 3)
    assert photo.pixels.shape[:2] == pixels.shape[:2]
    assert not photo.pixels.flags.writeable
    expected = pixels if grey or channels else np.dstack([pixels] * 3)
    if dtype in DEPTHS.get(photo.format, ("uint8",)) and suffix in LOSSLESS:
        assert photo.pixels.dtype == dtype
        np.testing.assert_array_equal(photo.pixels, expected)
    else:
        assert psnr(photo.pixels, expected) > 40


@pytest.mark.parametrize("channels", [None, 3])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".avif", ".jxl", *HEIC])
def test_alpha_is_put_back(tmp_path, picture, suffix, dtype, channels):
    pixels, alpha = picture(dtype, channels), picture("uint8", None)[::-1]
    path = tmp_path / f"a{suffix}"
    write(path, Photo(pixels, alpha=alpha), quality=100)
    photo = read(path)
    assert photo.alpha.dtype == photo.pixels.dtype
    assert np.abs(to_float(photo.alpha) - to_float(alpha)).max() < (3e-4 if suffix in (".avif", ".heic") else 1e-6)
    assert psnr(photo.pixels, pixels if channels or suffix not in (".webp", ".heic") else np.dstack([pixels] * 3)) > 50


@pytest.mark.parametrize("channels", [None, 3])
@pytest.mark.parametrize("suffix", [".webp", ".avif", ".jxl", *HEIC])
def test_quality_100_is_lossless(tmp_path, picture, suffix, channels):
    pixels = picture("uint8", channels)
    write(tmp_path / f"a{suffix}", pixels, quality=100)
    expected = np.dstack([pixels] * 3) if suffix == ".webp" and channels is None else pixels
    np.testing.assert_array_equal(read(tmp_path / f"a{suffix}").pixels, expected)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_stay_sixteen_bits(tmp_path, suffix):
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    for pixels in (ramp, np.dstack([ramp, ramp.T, ramp[::-1]])):
        write(tmp_path / f"a{suffix}", pixels, overwrite=True)
        assert len(np.unique(read(tmp_path / f"a{suffix}").pixels)) == 65536


def test_float_becomes_sixteen_bits_in_png(tmp_path):
    write(tmp_path / "a.png", np.linspace(0, 1, 4096, dtype=np.float32).reshape(64, 64))
    pixels = read(tmp_path / "a.png").pixels
    assert pixels.dtype == np.uint16
    assert len(np.unique(pixels)) == 4096


@pytest.mark.parametrize("channels", [1, 2, 4, 5, 31])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_tiff_holds_any_number_of_channels(tmp_path, picture, dtype, channels):
    pixels = picture(dtype, channels)
    write(tmp_path / "a.tif", pixels)
    photo = read(tmp_path / "a.tif")
    assert photo.alpha is None
    np.testing.assert_array_equal(photo.pixels, pixels[..., 0] if channels == 1 else pixels)


def test_channels_and_alpha_together(tmp_path, picture):
    write(tmp_path / "a.tif", Photo(picture("uint16", 5), alpha=picture("uint16", None)))
    photo = read(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.pixels, picture("uint16", 5))
    np.testing.assert_array_equal(photo.alpha, picture("uint16", None))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".avif", ".jxl", *HEIC])
@pytest.mark.parametrize("channels", [2, 4, 5])
def test_other_formats_refuse_them_and_name_tiff(tmp_path, picture, suffix, channels):
    path = tmp_path / f"a{suffix}"
    with pytest.raises(PhotoFormatError, match=r"channels.*TIFF") as caught:
        write(path, picture("uint8", channels))
    assert str(caught.value).startswith(str(path))
    assert not path.exists()


def test_alpha_is_not_lost_silently(tmp_path, picture):
    with pytest.raises(PhotoFormatError, match=r"transparency.*PNG"):
        write(tmp_path / "a.jpg", Photo(picture(), alpha=picture("uint8", None)))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 3)])
@pytest.mark.parametrize("channels", [None, 3])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".bmp", ".avif", ".jxl", *HEIC])
def test_tiny_pictures(tmp_path, picture, suffix, channels, size):
    pixels = picture("uint8", channels, size)
    write(tmp_path / f"a{suffix}", Photo(pixels, dpi=(100, 200)))
    assert read(tmp_path / f"a{suffix}").pixels.shape[:2] == size


def test_one_bit_arrays_become_black_and_white(tmp_path):
    bits = np.eye(9, dtype=bool)
    for suffix in (".png", ".tif", ".bmp"):
        write(tmp_path / f"a{suffix}", bits)
        np.testing.assert_array_equal(read(tmp_path / f"a{suffix}").pixels, bits * np.uint8(255))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("low", "high"), [(-1000, 3000), (0, 4095), (-3, -1), (5, 5.5), (0.2, 1.5)])
def test_float_values_outside_0_1_come_back(tmp_path, dtype, low, high):
    import tifffile

    values = np.linspace(low, high, 600).astype(dtype).reshape(20, 30)
    tifffile.imwrite(tmp_path / "a.tif", values)
    photo = read(tmp_path / "a.tif")
    assert photo.pixels.min() >= 0
    assert photo.pixels.max() <= 1
    assert photo.value_range[0] <= values.min() <= values.max() <= photo.value_range[1]
    write(tmp_path / "b.tif", photo)
    exact = 1e-14 if dtype == "float64" else 2e-7
    np.testing.assert_allclose(
        tifffile.imread(tmp_path / "b.tif"), values.astype(photo.pixels.dtype), rtol=0, atol=exact * 4096
    )


def test_float_values_inside_0_1_are_left_alone(tmp_path, picture):
    write(tmp_path / "a.tif", picture("float32") * np.float32(0.3))
    photo = read(tmp_path / "a.tif")
    assert photo.value_range == (0, 1)
    np.testing.assert_array_equal(photo.pixels, picture("float32") * np.float32(0.3))


def test_with_pixels_keeps_the_rest(picture):
    photo = Photo(picture(), dpi=(30, 30), alpha=picture("uint8", None), source="x.png")
    other = photo.with_pixels(255 - photo.pixels)
    assert (other.dpi, other.source, other.alpha is not None) == ((30, 30), "x.png", True)
    assert not other.pixels.flags.writeable
    with pytest.raises(DiptychError, match="alpha"):
        photo.with_pixels(photo.pixels[:5])


@pytest.mark.parametrize(
    ("path", "pixels", "options"),
    [
        ("a.psd", np.zeros((2, 2), np.uint8), {}),
        ("a", np.zeros((2, 2), np.uint8), {}),
        ("a.png", np.zeros((2, 2), np.int32), {}),
        ("a.png", np.zeros((2, 2), np.float32) + 2, {}),
        ("a.png", np.zeros(2, np.uint8), {}),
        ("a.png", "pixels", {}),
        ("a.jpg", np.zeros((2, 2), np.uint8), {"quality": 0}),
        ("a.jpg", np.zeros((2, 2), np.uint8), {"quality": 101}),
        ("a.webp", np.zeros((2, 16384), np.uint8), {}),
        ("a.jpg", np.zeros((65536, 2), np.uint8), {}),
        ("missing/a.jpg", np.zeros((2, 2), np.uint8), {}),
    ],
)
def test_bad_calls_leave_no_file(tmp_path, path, pixels, options):
    with pytest.raises(DiptychError):
        write(tmp_path / path, pixels, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("channels", [None, 3])
@pytest.mark.parametrize("dpi", [None, (300, 72)])
@pytest.mark.parametrize("profile", [None, bytes(100_000)])
def test_a_jpeg_is_that_of_pillow(picture, channels, dpi, profile):
    pixels, out = picture("uint8", channels), io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=83, subsampling=0, dpi=dpi or (0, 0), icc_profile=profile)
    assert jpeg.encode(Photo(pixels, dpi=dpi, icc_profile=profile), 83) == out.getvalue()
    np.testing.assert_array_equal(decode(out.getvalue()).pixels, np.asarray(Image.open(out)))


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 1}, {"restart_marker_rows": 1}])
def test_any_jpeg_is_decoded_as_by_pillow(picture, mode, options):
    out = io.BytesIO()
    Image.fromarray(picture("uint8", 3)).convert(mode).save(out, "JPEG", **options)
    np.testing.assert_array_equal(decode(out.getvalue()).pixels, np.asarray(Image.open(out)))


@pytest.mark.parametrize("pixels", [np.arange(9, dtype=np.uint8)[np.newaxis].T, np.zeros((5, 1, 3), np.uint8)[:, ::-1]])
def test_a_jpeg_of_one_column_may_have_any_strides(pixels):
    assert decode(jpeg.encode(Photo(pixels), 95)).pixels.shape == pixels.shape


def test_a_profile_of_more_than_255_segments_does_not_fit_into_a_jpeg():
    photo = Photo(np.zeros((3, 3), np.uint8), icc_profile=bytes(255 * 65519 + 1))
    with pytest.raises(PhotoFormatError, match="cannot hold the photo's colour profile"):
        jpeg.encode(photo, 95)
