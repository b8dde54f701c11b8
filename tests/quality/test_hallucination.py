"""What counts as hallucinated: new structure does; tone, contrast and denoising do not."""

from __future__ import annotations

import numpy as np
import pytest

from diptych import operators
from diptych.quality.hallucination import NOTICEABLE, RADIUS, hallucinated_structure


def photo(dtype: str = "uint8") -> np.ndarray:
    """Return a part of a photograph that ships with scikit-image."""
    from skimage import data

    crop = data.astronaut()[40:240, 120:320]
    return crop if dtype == "uint8" else crop.astype(np.uint16) * 257


TONES = {
    "nothing": lambda image: image,
    "gamma": lambda image: operators.gamma(image, gamma=0.45),
    "gain": lambda image: operators.levels(image, white=1 / 3),
    "negative": lambda image: np.iinfo(image.dtype).max - image,
    "white balance": operators.white_balance,
    "equalised": operators.equalize,
}


@pytest.mark.parametrize("name", TONES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_tone_curve_adds_no_structure(name, dtype):
    image = photo(dtype)
    assert hallucinated_structure(image, TONES[name](image)).max() < 1


def test_a_shade_over_the_image_adds_no_structure():
    image = photo()
    shade = np.linspace(0.4, 1, image.shape[1])[np.newaxis, :, np.newaxis]
    assert np.percentile(hallucinated_structure(image, np.rint(image * shade).astype(np.uint8)), 99) < NOTICEABLE


def test_removing_noise_adds_no_structure():
    noisy = np.clip(photo() / 4 + np.random.default_rng(0).normal(0, 6, (200, 200, 3)), 0, 255).astype(np.uint8)
    bright = operators.develop(operators.denoise_photo(noisy), exposure=3.5)
    assert np.percentile(hallucinated_structure(noisy, bright), 99) < NOTICEABLE


def test_a_painted_texture_is_found_where_it_is_and_nowhere_else():
    image = photo()
    painted = image.astype(int)
    y, x = np.mgrid[60:100, 60:100]
    painted[60:100, 60:100] += np.rint(25 * np.sin(x) * np.cos(y)).astype(int)[:, :, np.newaxis]
    signal = hallucinated_structure(image, np.clip(painted, 0, 255).astype(np.uint8))
    inside = np.zeros(signal.shape, bool)
    inside[60:100, 60:100] = True
    around = np.zeros(signal.shape, bool)
    around[60 - 2 * RADIUS : 100 + 2 * RADIUS, 60 - 2 * RADIUS : 100 + 2 * RADIUS] = True
    assert (signal[inside] > NOTICEABLE).mean() > 0.9
    assert (signal[~around] > NOTICEABLE).mean() < 0.01


def test_more_halo_is_more_invented():
    image = photo()
    shares = [
        (hallucinated_structure(image, operators.unsharp_mask(image, sigma=3.0, amount=amount)) > NOTICEABLE).mean()
        for amount in (0.3, 1.0, 3.0)
    ]
    assert shares == sorted(shares)
    assert shares[-1] > 0.3


@pytest.mark.parametrize("shape", [(1, 1), (3, 40, 3), (2, 2), (9, 9, 2)])
@pytest.mark.parametrize("value", [0, 255])
def test_tiny_and_flat_images(shape, value):
    image = np.full(shape, value, np.uint8)
    for output in (image, 255 - image, np.full(shape, 0.5, np.float32)):
        signal = hallucinated_structure(image, output)
        assert signal.shape == shape[:2]
        assert np.all(np.isfinite(signal))
        assert signal.max() < 1
