"""What large images are cut into does not show: bands of rows give what the whole gives."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import diptych as dp
from diptych.core.noise import JpegTables
from diptych.core.parallel import bands
from diptych.operators.deblock import as_parameters
from diptych.recipes import execution

TABLES = as_parameters(JpegTables(luma=(16,) * 64, chroma=(24,) * 64, subsampling=(2, 2)))
PARAMETERS = {"dehaze": {"radius": 5}, "deblock": TABLES, "lime": {}}


def picture(dtype: str, shape: tuple[int, ...] = (333, 70, 3)) -> np.ndarray:
    rng = np.random.default_rng(3)
    light = np.linspace(0.1, 0.9, shape[0])[:, np.newaxis, np.newaxis] * rng.uniform(0.8, 1, shape)
    return (light * np.iinfo(dtype).max).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("name", PARAMETERS)
def test_bands_of_an_operator_give_what_the_whole_gives(name, dtype, monkeypatch):
    image, apply = picture(dtype), dp.operators.get(name)
    whole = apply(image, **PARAMETERS[name])
    monkeypatch.setattr(importlib.import_module(f"diptych.operators._kernels.{name}"), "_BAND", 1)
    assert np.abs(apply(image, **PARAMETERS[name]).astype(int) - whole).max() <= 1


def test_the_retinex_of_a_large_picture_is_that_of_a_small_one(monkeypatch):
    image = picture("uint8")
    whole = dp.operators.retinex_msr(image)
    monkeypatch.setattr(importlib.import_module("diptych.operators._kernels.retinex"), "_LARGE", 1)
    assert np.abs(dp.operators.retinex_msr(image).astype(int) - whole).max() <= 1


@pytest.mark.parametrize("name", ["denoise_photo", "denoise_nlm", "denoise_tv", "denoise_bilateral"])
def test_bands_of_a_recipe_of_one_step_give_what_the_operator_gives(name, monkeypatch):
    monkeypatch.setattr(execution, "_BAND", 1)
    image = picture("uint8")
    result = dp.Recipe(dp.step(name))(image)
    assert np.abs(result.astype(int) - dp.operators.get(name)(image)).max() <= 1


@pytest.mark.parametrize(("height", "rows", "halo"), [(1, 16, 0), (100, 1, 7), (100, 50, 3), (33, 400, 90)])
def test_bands_cover_every_row_once(height, rows, halo):
    covered = []
    for start, stop, top, bottom in bands(height, rows, halo):
        assert max(0, start - halo) - 15 <= top <= max(0, start - halo)
        assert top % 16 == 0
        assert bottom == min(height, stop + halo)
        covered += range(start, stop)
    assert covered == list(range(height))
