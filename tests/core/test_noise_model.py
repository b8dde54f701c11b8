"""The model of the noise of an image."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.core.errors import ImageError, ParameterError
from diptych.core.noise import JpegTables, measure_noise


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
