"""The model of the noise of an image."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from diptych.core.color import luma
from diptych.core.errors import ImageError, ParameterError
from diptych.core.image import to_float
from diptych.core.noise import JpegTables, measure_noise
from diptych.core.noise.model import local_brightness


@pytest.mark.parametrize("shape", [(96, 80), (96, 80, 1), (96, 80, 3), (96, 80, 5), (1, 1, 3), (2, 7)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_map_has_a_value_for_each_value(shape, dtype):
    noisy = np.clip(0.5 + np.random.default_rng(0).normal(0, 0.03, shape), 0, 1)
    image = (noisy * (1 if dtype is np.float32 else np.iinfo(dtype).max)).astype(dtype)
    sigma = measure_noise(image).sigma_map(image)
    assert sigma.shape == (*shape[:2], shape[2] if len(shape) == 3 else 1)
    assert sigma.dtype == np.float32
    assert np.isfinite(sigma).all()
    assert (sigma >= 0).all()


def test_a_constant_image_has_no_noise():
    model = measure_noise(np.full((64, 64, 3), 100, np.uint8))
    assert not model.visible
    assert model.sigma_map(np.full((64, 64, 3), 100, np.uint8)).max() == 0


def test_bad_input_is_refused():
    with pytest.raises(ImageError):
        measure_noise(np.full((8, 8), np.nan, np.float32))
    for steps in ((), (1,) * 63, (0,) * 64, (float("nan"),) * 64, (1 << 16,) * 64):
        with pytest.raises(ParameterError):
            JpegTables(luma=steps)
    with pytest.raises(ParameterError):
        JpegTables(luma=(1,) * 64, origin=(8, 0))


def _scene(side=384):
    """A picture of soft shapes and a few edges, in all brightnesses, of which every value is known."""
    y, x = np.mgrid[0:side, 0:side] / side
    soft = 0.5 + 0.38 * np.sin(5 * x + 2 * y) * np.cos(4 * y)
    red = np.where((x - 0.6) ** 2 + (y - 0.4) ** 2 < 0.03, 0.75, soft)
    return np.stack([red, soft, 0.9 * soft + 0.03], axis=2)


def _smooth(noise):
    taps = np.array([0.25, 0.5, 0.25])
    for axis in (0, 1):
        noise = np.apply_along_axis(np.convolve, axis, noise, taps, "same")
    return noise / noise.std()


NOISES = {
    "white": lambda scene, noise: noise,
    "correlated": lambda scene, noise: _smooth(noise),
    "by brightness": lambda scene, noise: noise * np.sqrt((scene + 0.02) / 0.52),
    "luma only": lambda scene, noise: np.repeat(noise[:, :, :1], 3, axis=2),
}


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("levels", [2, 5, 15, 50])
def test_made_noise_is_found(kind, levels):
    scene = _scene()
    noise = NOISES[kind](scene, np.random.default_rng(levels).standard_normal(scene.shape))
    noisy = np.rint(255 * np.clip(scene + levels / 255 * noise, 0, 1)).astype(np.uint8)
    made = (noisy / 255 - scene).std(axis=(0, 1))
    found = np.sqrt((measure_noise(noisy).sigma_map(noisy) ** 2).mean(axis=(0, 1)))
    assert np.abs(found / made - 1).max() < 0.1


@pytest.mark.parametrize("quality", [95, 85, 75, 60])
@pytest.mark.parametrize("kind", ["white", "correlated", "by brightness"])
@pytest.mark.parametrize("levels", [2, 5, 15, 50])
def test_made_noise_is_found_after_jpeg(kind, levels, quality):
    """The noise as it is in the pixels then: what differs from the scene. Where it leaves little, less precisely."""
    scene = _scene()
    noise = NOISES[kind](scene, np.random.default_rng(levels).standard_normal(scene.shape))
    noisy = np.rint(255 * np.clip(scene + levels / 255 * noise, 0, 1)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(noisy).save(file, "JPEG", quality=quality)
    decoded = np.asarray(Image.open(file))
    left = luma((decoded / 255 - scene).astype(np.float32)).std()
    model = measure_noise(decoded)
    found = np.sqrt((model.luma(local_brightness(to_float(decoded))) ** 2).mean())
    assert abs(found / left - 1) < (0.18 if levels < 15 else 0.1)


def test_noise_by_brightness_is_told_apart():
    scene = np.repeat(np.linspace(0.05, 0.95, 512)[np.newaxis], 512, 0)
    noisy = scene + 0.03 * np.sqrt(scene) * np.random.default_rng(0).standard_normal(scene.shape)
    model = measure_noise(np.clip(noisy, 0, 1).astype(np.float32))
    at = np.array([0.15, 0.3, 0.5, 0.8])
    assert np.abs(model.luma(at) / (0.03 * np.sqrt(at)) - 1).max() < 0.12


def test_how_coarse_noise_is_is_told():
    flat = np.full((256, 256, 3), 0.5)
    noise = 0.02 * np.random.default_rng(0).standard_normal(flat.shape)
    white, smooth = (measure_noise((flat + one).astype(np.float32)) for one in (noise, 0.02 * _smooth(noise)))
    assert np.abs(np.array(white.coarse) - 0.5).max() < 0.03
    assert min(smooth.coarse) > 0.8
