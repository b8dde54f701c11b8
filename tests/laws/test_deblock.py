"""What must be true of `deblock`, and of the tables that are found in the pixels of a JPEG."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from skimage import data

from diptych import operators
from diptych.core.errors import ParameterError
from diptych.core.noise import find_jpeg
from diptych.operators.deblock import as_parameters

ONES = ((1.0,) * 8,) * 8
TENS = ((10.0,) * 8,) * 8


def screenshot():
    image = np.full((400, 600, 3), 245, np.uint8)
    image[40:60] = 30
    image[100:300:12, 50:500:3] = 20
    image[200:, 300:] = (66, 133, 244)
    return image


def compressed(image, quality, subsampling=2, times=1):
    for _ in range(times):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling=subsampling)
        opened = Image.open(file)
        image = np.asarray(opened)
    return image, opened.quantization


def psnr(image, clean):
    return -10 * np.log10(np.mean((image.astype(float) - clean) ** 2) / 255**2)


@pytest.mark.parametrize("quality", [40, 60, 75, 90])
@pytest.mark.parametrize("picture", ["astronaut", "coffee", "chelsea"])
def test_tables_are_found_in_the_pixels(picture, quality):
    image, tables = compressed(getattr(data, picture)(), quality)
    found = find_jpeg(image)
    assert found.origin == (0, 0)
    assert max(abs(a - b) for a, b in zip(found.luma[:4], tables[0][:4], strict=True)) <= 1
    assert np.mean(np.abs(np.array(found.luma) / tables[0] - 1) < 0.2) > 0.9


def test_the_blocks_of_a_part_are_found():
    image, _ = compressed(data.coffee(), 60)
    found = find_jpeg(image[5:, 3:])
    assert found.origin == (3, 5)


@pytest.mark.parametrize(
    "image",
    [
        data.astronaut(),
        np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8),
        np.kron(np.random.default_rng(1).integers(0, 2, (30, 40), np.uint8) * 255, np.ones((8, 8), np.uint8)),
        screenshot(),
        np.full((200, 200, 3), 77, np.uint8),
        np.zeros((5, 5), np.uint8),
    ],
    ids=["photo", "noise", "drawing", "screenshot", "plain", "small"],
)
def test_what_was_never_a_jpeg_stays_as_it_is(image):
    assert np.array_equal(operators.deblock(image), image)


@pytest.mark.parametrize("quality", [30, 60, 75])
@pytest.mark.parametrize("picture", ["astronaut", "coffee", "chelsea"])
def test_a_jpeg_comes_nearer_to_what_it_was(picture, quality):
    clean = getattr(data, picture)()
    image, _ = compressed(clean, quality)
    assert psnr(operators.deblock(image), clean) > psnr(image, clean) + 0.1


def test_saved_ten_times_or_in_grey_it_is_no_worse():
    clean = data.chelsea()
    image, _ = compressed(clean, 70, times=10)
    assert psnr(operators.deblock(image), clean) > psnr(image, clean)
    grey, _ = compressed(data.camera(), 50)
    assert psnr(operators.deblock(grey), data.camera()) > psnr(grey, data.camera()) + 0.1


@pytest.mark.parametrize("given", [{"luma": ONES}, {"luma": TENS, "strength": 0}])
def test_nothing_to_do_is_the_identity(given):
    image = data.chelsea()
    assert np.array_equal(operators.deblock(image, **given), image)


def test_a_plain_image_is_not_changed_and_a_part_is_as_in_the_whole():
    plain = np.full((40, 50, 3), 0.3, np.float32)
    assert np.abs(operators.deblock(plain, luma=TENS) - plain).max() < 1e-5
    image = data.chelsea().astype(np.float32) / 255
    whole = operators.deblock(image, luma=TENS)
    halo = operators.declaration("deblock").halo(**operators.declaration("deblock").check({"luma": TENS}))
    part = operators.deblock(np.ascontiguousarray(image[96 - halo : 192 + halo]), luma=TENS)
    assert np.abs(part[halo:-halo] - whole[96:192]).max() < 2e-4


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_other_channels_and_depths(channels, dtype):
    floats = np.random.default_rng(0).random((33, 47, channels)) * 0.1 + 0.4
    image = floats.astype(dtype) if dtype is np.float32 else (floats * np.iinfo(dtype).max).astype(dtype)
    result = operators.deblock(image, luma=TENS)
    assert result.shape == image.shape
    assert result.dtype == dtype


@pytest.mark.parametrize("luma", [((1.0, 2.0),), ((float("nan"),) * 8,) * 8, ((0.0,) * 8,) * 8, ((1e9,) * 8,) * 8])
def test_tables_that_are_none_are_refused(luma):
    with pytest.raises(ParameterError):
        operators.deblock(data.chelsea(), luma=luma)


def test_tables_are_parameters():
    image, _ = compressed(data.coffee(), 60)
    found = find_jpeg(image)
    assert np.array_equal(operators.deblock(image, **as_parameters(found)), operators.deblock(image))
