"""Preparation as values, and the division into what is trained on and what is held out."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.core.errors import DataError, ParameterError
from diptych.data import PhotoFolder, mean_quantiles, prepare, split
from diptych.photo import write
from diptych.recipes import Recipe, step

PROBABILITIES = np.linspace(0, 1, 257)


@pytest.fixture
def domains(tmp_path):
    """Two folders: dark, and bright."""
    rng = np.random.default_rng(0)
    for name, power, count in (("dark", 2.0, 3), ("bright", 0.7, 5)):
        (tmp_path / name).mkdir()
        for number in range(count):
            values = rng.random((50, 60, 3)) ** (power + 0.2 * number)
            write(tmp_path / name / f"{number}.png", np.rint(255 * values).astype(np.uint8))
    return PhotoFolder(tmp_path / "dark"), PhotoFolder(tmp_path / "bright")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3])
def test_mean_quantiles_are_the_mean_of_numpys(tmp_path, dtype, channels):
    rng, rows = np.random.default_rng(0), []
    for number in range(4):
        image = rng.random((30 + number, 40, channels)) ** (1 + number)
        image = image.astype(dtype) if dtype == "float32" else np.rint(image * np.iinfo(dtype).max).astype(dtype)
        write(tmp_path / f"{number}.tif", image)
        floats = image / (1 if dtype == "float32" else np.iinfo(dtype).max)
        rows.append(np.quantile(floats, PROBABILITIES))
    (found,) = mean_quantiles(PhotoFolder(tmp_path, channels=channels))
    np.testing.assert_allclose(found, np.mean(rows, axis=0), atol=1e-6 if dtype != "float32" else 1e-5)
    assert all(isinstance(value, float) for value in found)


def test_the_limit_takes_evenly_spaced_pictures(tmp_path):
    for number in range(9):
        write(tmp_path / f"{number}.png", np.full((4, 5), 20 * number, np.uint8))
    folder = PhotoFolder(tmp_path, channels=1)
    for limit, expected in ((3, 80), (200, 80), (1, 0), (2, 80)):
        assert mean_quantiles(folder, limit=limit)[0][0] == pytest.approx(expected / 255, abs=1e-6)
    assert folder.bytes_decoded == 9 * 20
    with pytest.raises(ParameterError, match="limit = 0"):
        mean_quantiles(folder, limit=0)


def test_nothing(domains):
    source, target = prepare(*domains, "none")
    assert source.steps == target.steps == ()
    assert PhotoFolder(domains[0].path, preprocess=source).picture(0).dtype == np.uint8


def test_stretch_normalises_both(domains):
    recipes = prepare(*domains, "stretch")
    for folder, before in zip(domains, recipes, strict=True):
        assert before.steps == (step("stretch", low=1, high=99),)
        low, high = np.percentile(PhotoFolder(folder.path, preprocess=before).picture(0), [1, 99])
        assert low <= 300
        assert high >= 65535 - 300


def test_specify_gives_the_source_the_tone_of_the_target(domains):
    source, target = prepare(*domains, "specify")
    assert target.steps == ()
    (wanted,) = mean_quantiles(domains[1])
    prepared = PhotoFolder(domains[0].path, preprocess=source)
    for index in range(3):
        found = np.quantile(prepared.picture(index) / 65535, PROBABILITIES)
        assert np.abs(found - wanted).mean() < 0.01
        assert np.abs(np.quantile(domains[0].picture(index) / 255, PROBABILITIES) - wanted).mean() > 0.1


@pytest.mark.parametrize("kind", ["none", "stretch", "specify"])
def test_recipes_survive_their_files(domains, kind):
    for recipe in prepare(*domains, kind):
        assert Recipe.from_toml(recipe.to_toml()) == recipe


def test_an_unknown_kind_is_named(domains):
    with pytest.raises(ParameterError, match="kind = 'clahe'"):
        prepare(*domains, "clahe")


NAMES = [f"{number:04}.jpg" for number in range(1000)]


def test_the_parts_are_disjoint_and_complete_and_the_same_every_time():
    training, held_out = split(NAMES, fraction=0.02, seed=1)
    assert sorted(training + held_out) == NAMES
    assert len(held_out) == 20
    assert (training, held_out) == split(NAMES[::-1], fraction=0.02, seed=1)
    assert held_out != split(NAMES, fraction=0.02, seed=2)[1]


@pytest.mark.parametrize(
    ("count", "fraction", "expected"),
    [(1000, 0.1, 32), (1000, 0, 2), (100, 0.1, 10), (10, 0.1, 2), (4, 0.1, 2), (3, 0.1, 1), (2, 0.5, 1)],
)
def test_how_many_are_held_out(count, fraction, expected):
    training, held_out = split(NAMES[:count], fraction=fraction, seed=0)
    assert (len(training), len(held_out)) == (count - expected, expected)


def test_a_folder_that_grows_keeps_most_of_its_division():
    before, after = (set(split(NAMES[:count], fraction=0.02, seed=0)[1]) for count in (990, 1000))
    assert len(before & after) >= len(before) - 3


def test_what_cannot_be_divided():
    with pytest.raises(DataError, match="1 picture"):
        split(["a.png"], fraction=0.1, seed=0)
    for wrong in ({"fraction": 0.6}, {"fraction": -0.1}, {"fraction": 0.1, "minimum": 5, "maximum": 4}):
        with pytest.raises(ParameterError, match="fraction"):
            split(NAMES, seed=0, **wrong)
