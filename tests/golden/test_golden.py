"""What a person looked at and found good stays as it was: features of results, kept as numbers.

Each feature sees what the others do not: the thumbnail sees tone, overshoot sees halos, grain sees noise, and seams sees
the borders of strips and tiles. After a change that is meant, look at docs/operators.md again and write new ones with
``DIPTYCH_WRITE_GOLDENS=1``.
"""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

import diptych as dp
from dark_cup import darken
from diptych.core.image import to_float

FILE = Path(__file__).with_name("features.json")

CASES = {
    "auto on a dark cup": lambda: (darken(data.coffee()), dp.auto),
    "auto on a good cup": lambda: (data.coffee(), dp.auto),
    "the default enhancer on a dark cup": lambda: (
        darken(data.coffee()),
        lambda image: dp.enhance(dp.Photo(image)).pixels,
    ),
    "clahe": lambda: (data.moon(), lambda image: dp.operators.clahe(image, clip_limit=6.0)),
    "retinex_msrcr": lambda: (darken(data.coffee()), dp.operators.retinex_msrcr),
    "lime": lambda: (darken(data.coffee()), dp.operators.lime),
    "unsharp_mask": lambda: (data.chelsea(), lambda image: dp.operators.unsharp_mask(image, sigma=3, amount=1)),
    "denoise_photo": lambda: (data.chelsea(), lambda image: dp.operators.denoise_photo(image, luma=0.03, chroma=0.03)),
    "flatten_background": lambda: (data.page(), dp.operators.flatten_background),
    "dehaze": lambda: (data.coffee(), dp.operators.dehaze),
    "specify_histogram": lambda: (darken(data.coffee()), dp.operators.specify_histogram),
    "white_balance": lambda: (data.coffee(), dp.operators.white_balance),
}


def grey(image: np.ndarray) -> np.ndarray:
    floats = to_float(image)
    return floats if floats.ndim == 2 else floats.mean(axis=2)


def thumbnail(before: np.ndarray, after: np.ndarray) -> list:
    """Return the means of the result over a grid of 4 x 6 fields."""
    floats = to_float(after)
    rows, columns = (np.array_split(np.arange(side), parts) for side, parts in zip(floats.shape, (4, 6), strict=False))
    return [[floats[np.ix_(r, c)].mean(axis=(0, 1)).tolist() for c in columns] for r in rows]


def overshoot(before: np.ndarray, after: np.ndarray) -> list:
    """Return how much brighter and darker the result is 2 to 6 pixels beside strong edges than 10 to 20 pixels away."""
    source, result = (grey(image) for image in (before, after))
    smooth = ndimage.gaussian_filter(source, 2)
    steep = ndimage.gaussian_gradient_magnitude(source, 2)
    distance = ndimage.distance_transform_edt(steep < np.quantile(steep, 0.97))
    near, far = (distance >= 2) & (distance <= 6), (distance >= 10) & (distance <= 20)
    bright = smooth > ndimage.uniform_filter(source, 41)
    return [float(result[near & side].mean() - result[far & side].mean()) for side in (bright, ~bright)]


def grain(before: np.ndarray, after: np.ndarray) -> list:
    """Return the deviation of neighbouring pixels in the flattest tenth of the picture: in luma, and between channels."""
    source = grey(before)
    spread = ndimage.uniform_filter(source**2, 9) - ndimage.uniform_filter(source, 9) ** 2
    flat = spread <= np.quantile(spread, 0.1)
    result = to_float(after)
    colour = result[..., 0] - result[..., 2] if result.ndim == 3 else np.zeros_like(result)
    return [float(ndimage.laplace(layer)[flat].std()) for layer in (grey(after), colour)]


def seams(before: np.ndarray, after: np.ndarray) -> list:
    """Return how much the change steps where strips and tiles meet, at multiples of 32, more than elsewhere."""
    change = grey(after) - grey(before)
    found = []
    for axis in (0, 1):
        steps = np.abs(np.diff(change.mean(axis=1 - axis)))
        borders = np.arange(1, len(steps) + 1) % 32 == 0
        found.append(float(steps[borders].mean() - steps[~borders].mean()))
    return found


FEATURES = {"thumbnail": thumbnail, "overshoot": overshoot, "grain": grain, "seams": seams}
"""Functions of a picture before and after; `far` says how far their values may be from what they were."""


def far(values: list, stored: list) -> bool:
    return not np.allclose(values, stored, rtol=0.005, atol=0.003)


@functools.cache
def result(name: str) -> tuple[np.ndarray, np.ndarray]:
    before, enhance = CASES[name]()
    return before, enhance(before)


def rounded(values: list) -> list:
    return np.round(np.array(values), 4).tolist()


def test_the_file_is_complete():
    if os.environ.get("DIPTYCH_WRITE_GOLDENS"):
        found = {
            name: {feature: rounded(measure(*result(name))) for feature, measure in FEATURES.items()} for name in CASES
        }
        FILE.write_text(json.dumps(found, indent=0) + "\n")
    stored = json.loads(FILE.read_text())
    assert set(stored) == set(CASES)
    assert all(set(one) == set(FEATURES) for one in stored.values())


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("name", CASES)
def test_as_it_was(name, feature):
    assert not far(FEATURES[feature](*result(name)), json.loads(FILE.read_text())[name][feature])


# The features see what they are for, and the thumbnail does not.


def with_halo(image: np.ndarray) -> np.ndarray:
    return np.clip(image + 0.1 * (image - ndimage.gaussian_filter(image, (6, 6, 0))), 0, 1)


def with_grain(image: np.ndarray) -> np.ndarray:
    return np.clip(image + np.random.default_rng(0).normal(0, 0.004, image.shape), 0, 1)


def with_strips(image: np.ndarray) -> np.ndarray:
    return np.clip(image + 0.008 * (np.arange(len(image)) // 64 % 2 - 0.5)[:, np.newaxis, np.newaxis], 0, 1)


@pytest.mark.parametrize(
    ("fault", "feature"), [(with_halo, "overshoot"), (with_grain, "grain"), (with_strips, "seams")]
)
def test_each_feature_sees_its_fault(fault, feature):
    before, good = (to_float(image) for image in result("auto on a dark cup"))
    spoiled = fault(good)
    seen = {name for name, measure in FEATURES.items() if far(measure(before, spoiled), measure(before, good))}
    assert feature in seen
    assert "thumbnail" not in seen
