"""The metrics against scikit-image, against formulas written out here, and NIQE against reference values."""

from __future__ import annotations

import csv
import functools
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.ndimage import convolve
from scipy.signal import convolve2d
from scipy.special import gamma
from skimage import color, data
from skimage import metrics as reference_metrics

from diptych import metrics
from diptych.core.image import from_float, white_level
from diptych.metrics import _nss
from diptych.metrics._sets.domain_distance import frechet
from diptych.photo import read

drawn = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@st.composite
def pairs(draw, smallest=7):
    """Draw two images of one shape and dtype: noise, a noisy copy, a flat one, or the same again."""
    height, width = draw(st.integers(smallest, 60)), draw(st.integers(smallest, 300))
    shape = draw(st.sampled_from([(height, width), *[(height, width, c) for c in (1, 2, 3, 4)]]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    first = rng.random(shape) ** draw(st.sampled_from([0.2, 1, 4]))
    kinds = {
        "noise": rng.random(shape),
        "copy": first + rng.normal(0, 0.03, shape),
        "flat": np.full(shape, rng.random()),
    }
    second = kinds[draw(st.sampled_from(sorted(kinds)))].clip(0, 1)
    dtype = np.dtype(draw(st.sampled_from(["uint8", "uint16", "float32", "float64"])))
    return from_float(first, dtype), from_float(second, dtype)


def exact(image: np.ndarray) -> np.ndarray:
    """Return a float32 image in float64: scikit-image would compute in single precision."""
    return image.astype(np.float64) if image.dtype.kind == "f" else image


@drawn
@given(pair=pairs())
def test_psnr_is_that_of_scikit_image(pair):
    a, b = pair
    expected = reference_metrics.peak_signal_noise_ratio(exact(b), exact(a), data_range=white_level(a.dtype))
    assert metrics.psnr(a, b) == pytest.approx(expected, abs=1e-6)
    assert metrics.psnr.declaration.plain(a, b) == pytest.approx(expected, abs=1e-6)


@drawn
@given(pair=pairs())
def test_ssim_is_that_of_scikit_image(pair):
    a, b = (one if one.ndim == 3 else one[:, :, np.newaxis] for one in pair)
    expected = reference_metrics.structural_similarity(
        exact(a), exact(b), channel_axis=2, data_range=white_level(a.dtype)
    )
    assert metrics.ssim(*pair) == pytest.approx(expected, abs=1e-6)
    assert metrics.ssim.declaration.plain(*pair) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_ssim_over_many_blocks_of_rows(dtype):
    image = np.tile(data.astronaut(), (2, 1, 1))
    a = from_float(image / 255.0, np.dtype(dtype))
    b = from_float(np.clip(image / 255.0 + np.random.default_rng(0).normal(0, 0.1, image.shape), 0, 1), np.dtype(dtype))
    assert metrics.ssim(a, b) == pytest.approx(metrics.ssim.declaration.plain(a, b), abs=1e-7)


@drawn
@given(pair=pairs(smallest=1))
def test_delta_e_is_that_of_scikit_image(pair):
    a, b = (one / white_level(one.dtype) for one in pair)
    if a.ndim == 3 and a.shape[2] in (2, 4):
        return
    a, b = (
        np.repeat(one.reshape(*one.shape[:2], -1), 3, axis=2)[:, :, :3]
        if one.size == one.shape[0] * one.shape[1]
        else one
        for one in (a, b)
    )
    expected = color.deltaE_ciede2000(*(color.rgb2lab(one.astype(np.float64)) for one in (a, b))).mean()
    assert metrics.delta_e(*pair) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def plain_ms_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Return the multi-scale similarity of two grey float images, with a two-dimensional window, as the authors wrote it."""
    squares = np.add.outer((np.arange(11) - 5) ** 2, (np.arange(11) - 5) ** 2)
    window = np.exp(-squares / (2 * 1.5**2))
    window /= window.sum()
    powers, result = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333], 1.0
    for level, power in enumerate(powers):
        mean = [convolve2d(one, window, mode="valid") for one in (x, y, x * x, y * y, x * y)]
        vx, vy, vxy = mean[2] - mean[0] ** 2, mean[3] - mean[1] ** 2, mean[4] - mean[0] * mean[1]
        structure = (2 * vxy + 0.03**2) / (vx + vy + 0.03**2)
        if level == 4:
            structure *= (2 * mean[0] * mean[1] + 0.01**2) / (mean[0] ** 2 + mean[1] ** 2 + 0.01**2)
        result *= max(structure.mean(), 0) ** power
        box = np.full((2, 2), 0.25)
        x, y = (convolve2d(one, box, mode="valid")[::2, ::2] for one in (x, y))
    return result


@pytest.mark.parametrize("shape", [(176, 176), (191, 240), (200, 177, 3)])
@pytest.mark.parametrize("strength", [0.02, 0.3])
def test_ms_ssim_is_the_formula(shape, strength):
    a = data.astronaut()[: shape[0], : shape[1]] / 255.0
    a = a if len(shape) == 3 else a[:, :, 0]
    b = np.clip(a + np.random.default_rng(1).normal(0, strength, a.shape), 0, 1)
    planes = [(a[:, :, c], b[:, :, c]) for c in range(3)] if len(shape) == 3 else [(a, b)]
    assert metrics.ms_ssim(a, b) == pytest.approx(np.mean([plain_ms_ssim(*plane) for plane in planes]), abs=1e-9)


def test_loe_is_the_definition():
    rng = np.random.default_rng(0)
    a, b = rng.random((100, 150, 3)), rng.random((100, 150, 3))
    small = [one.max(axis=2).reshape(50, 2, 50, 3).mean(axis=(1, 3)).ravel() for one in (a, b)]
    changed = [np.sum((small[0][i] >= small[0]) != (small[1][i] >= small[1])) for i in range(2500)]
    assert metrics.loe(a, b) == pytest.approx(np.mean(changed), abs=0.05)  # ties at six decimals


def test_loe_of_sides_that_50_does_not_divide():
    ramp = np.linspace(0, 1, 73 * 61).reshape(73, 61)
    assert metrics.loe(np.sqrt(ramp), ramp) == 0
    assert metrics.loe(ramp[:, ::-1].copy(), ramp) > 0


@pytest.mark.parametrize("sigma", [0.01, 0.03, 0.1])
def test_noise_finds_what_was_added(sigma):
    flat = np.random.default_rng(0).normal(0.5, sigma, (400, 400))
    assert metrics.noise(flat.clip(0, 1)) == pytest.approx(sigma, rel=0.1)


# --- NIQE, written out as the published code has it: loops over patches, two-dimensional windows, float32 pictures.


def cubic(x: np.ndarray) -> np.ndarray:
    x = np.abs(x)
    inner, outer = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, inner, np.where(x <= 2, outer, 0))


def resized(picture: np.ndarray) -> np.ndarray:
    """Return MATLAB's imresize(picture, 0.5): the cubic kernel twice as wide, the borders mirrored."""
    for _ in range(2):
        length = picture.shape[0]
        centre = 2 * np.arange(1, length // 2 + 1) - 0.5
        index = np.floor(centre[:, np.newaxis] - 4) + np.arange(10)
        weights = cubic((centre[:, np.newaxis] - index) / 2)
        weights /= weights.sum(axis=1, keepdims=True)
        mirror = np.concatenate([np.arange(length), np.arange(length)[::-1]])
        picture = np.einsum("it,itx->ix", weights, picture[mirror[(index.astype(int) - 1) % (2 * length)]]).T
    return picture


def fitted(values: np.ndarray) -> tuple[float, float, float]:
    shapes = np.arange(0.2, 10.001, 0.001)
    table = gamma(2 / shapes) ** 2 / (gamma(1 / shapes) * gamma(3 / shapes))
    left, right = (np.sqrt(np.mean(values[side] ** 2)) for side in (values < 0, values > 0))
    ratio = left / right
    spread = np.mean(np.abs(values)) ** 2 / np.mean(values**2)
    wanted = spread * (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    alpha = shapes[np.argmin((table - wanted) ** 2)]
    width = np.sqrt(gamma(1 / alpha) / gamma(3 / alpha))
    return alpha, left * width, right * width


@functools.cache
def written_out(name: str) -> np.ndarray:
    """Return the features of the patches of one of scikit-image's pictures."""
    image = getattr(data, name)()
    ramp = np.exp(-0.5 * (np.arange(-3, 4) * 6 / 7) ** 2)
    window = np.outer(ramp, ramp) / np.outer(ramp, ramp).sum()
    levels = 16 + (65.481 * image[..., 0] + 128.553 * image[..., 1] + 24.966 * image[..., 2]) / 255.0
    picture = np.rint(levels[: levels.shape[0] // 96 * 96, : levels.shape[1] // 96 * 96]).astype(np.float32)
    columns = []
    for side in (96, 48):
        mean = convolve(picture, window, mode="nearest")
        contrast = np.sqrt(np.abs(convolve(picture**2, window, mode="nearest") - mean**2))
        normal = (picture - mean) / (contrast + 1)
        rows = []
        for y in range(0, picture.shape[0], side):
            for x in range(0, picture.shape[1], side):
                block = normal[y : y + side, x : x + side]
                alpha, left, right = fitted(block)
                row = [alpha, (left + right) / 2]
                for shift in ((0, 1), (1, 0), (1, 1), (1, -1)):
                    alpha, left, right = fitted(block * np.roll(block, shift, axis=(0, 1)))
                    row += [alpha, (right - left) * gamma(2 / alpha) / gamma(1 / alpha), left, right]
                rows.append(row)
        columns.append(rows)
        picture = (resized(picture / 255) * 255).astype(np.float32)
    return np.concatenate(columns, axis=1)


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
def test_niqe_features_are_those_written_out_here(name):
    image, expected = getattr(data, name)(), written_out(name)
    for patches in (_nss.patches_of.plain(image), _nss.patches_of(image)):
        features = _nss.features_of(patches.moments)
        assert features.shape == expected.shape
        # The shapes come in steps of 0.001; the pictures written out are in single precision.
        assert np.abs(features - expected).max() < 0.02
        assert np.abs(features.mean(axis=0) - expected.mean(axis=0)).max() < 0.002


def distance_written_out(features, mean, covariance):
    """Return NIQE, written out, from the features of an image's patches."""
    away = mean - features.mean(axis=0)
    deviations = features - features.mean(axis=0)
    pooled = (covariance + deviations.T @ deviations / (len(features) - 1)) / 2
    return math.sqrt(away @ np.linalg.lstsq(pooled, away, rcond=1e-15)[0])


REFERENCE = {"astronaut": 2.647, "coffee": 3.579, "chelsea": 2.255}
"""What is written out here gives for scikit-image's pictures with the parameters in the package, diptych-1."""


@pytest.mark.parametrize("name", REFERENCE)
def test_niqe_of_known_pictures(name):
    model, image = metrics.NiqeModel.packaged(), getattr(data, name)()
    assert model.name == "diptych-1", "a new model has a new name and new values"
    assert distance_written_out(written_out(name), model.mean, model.covariance) == pytest.approx(
        REFERENCE[name], abs=5e-4
    )
    assert metrics.niqe(image) == pytest.approx(REFERENCE[name], abs=0.02)


def test_niqe_with_parameters_that_are_written_out_here():
    features = np.concatenate([written_out("astronaut"), written_out("coffee")])
    mean, covariance = features.mean(axis=0), np.cov(features, rowvar=False)
    fitted = metrics.NiqeModel.fit([data.astronaut(), data.coffee()], name="two pictures", sharpness=0)
    expected = distance_written_out(written_out("chelsea"), mean, covariance)
    assert np.abs(fitted.mean - mean).max() < 0.002
    assert fitted.score(data.chelsea()) == pytest.approx(expected, rel=0.02)
    assert metrics.NiqeModel(mean, covariance).score(data.chelsea()) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("shape", [(96, 96, 1), (97, 200, 3), (230, 310, 3), (400, 110, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64", "bool"])
def test_fast_patches_are_the_plain_ones(shape, dtype):
    crop = data.astronaut()[100 : 100 + shape[0], 50 : 50 + shape[1], : shape[2]] / 255.0
    image = from_float(crop, np.dtype(dtype))
    plain, fast = _nss.patches_of.plain(image), _nss.patches_of(image)
    assert np.abs(plain.sharpness - fast.sharpness).max() < 0.05
    # Counts may move by a pixel or two that equals its local mean; sums of squares by rounding.
    assert np.abs(plain.moments[..., :2] - fast.moments[..., :2]).max() <= 8
    assert np.allclose(plain.moments[..., 2:], fast.moments[..., 2:], rtol=2e-3, atol=0.05)


def test_flat_areas_stay_exactly_flat():
    image = np.full((192, 192, 3), 201, np.uint8)
    image[:100] = data.astronaut()[:100, 100:292]
    for patches in (_nss.patches_of.plain(image), _nss.patches_of(image)):
        assert np.all(patches.moments[2:, 0, 0, :2].sum(axis=1) <= 10 * 96)


# --- Reference values on pictures that are not part of the project.

FOLDER = Path(os.environ.get("DIPTYCH_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(
    not (FOLDER / "niqe" / "reference.csv").exists(), reason="set DIPTYCH_DATA to the folder of reference pictures"
)


@needs_data
def test_niqe_reproduces_the_reference_values():
    published = metrics.NiqeModel.load(FOLDER / "niqe" / "niqe_pris_params.npz")
    with (FOLDER / "niqe" / "reference.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows
    differences = {
        row["image"]: published.score(read(FOLDER / row["image"]).pixels) - float(row["niqe"]) for row in rows
    }
    assert max(map(abs, differences.values())) < 0.02, differences


@needs_data
def test_the_packaged_model_ranks_pictures_as_the_published_one():
    from scipy.stats import spearmanr

    published, ours = metrics.NiqeModel.load(FOLDER / "niqe" / "niqe_pris_params.npz"), metrics.NiqeModel.packaged()
    paths = sorted((FOLDER / "lol" / "eval15").glob("*/*.webp"))
    scores = [[model.score(read(path).pixels) for path in paths] for model in (published, ours)]
    assert spearmanr(*scores).statistic > 0.9


def test_frechet_of_known_normals():
    rng = np.random.default_rng(0)
    root = rng.random((4, 4))
    covariance = root @ root.T
    assert frechet(np.zeros(4), covariance, np.ones(4), covariance) == pytest.approx(4)
    diagonal = [np.diag(rng.random(4)) for _ in range(2)]
    expected = sum((math.sqrt(a) - math.sqrt(b)) ** 2 for a, b in zip(*map(np.diag, diagonal), strict=True))
    assert frechet(np.zeros(4), diagonal[0], np.zeros(4), diagonal[1]) == pytest.approx(expected)
