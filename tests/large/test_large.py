"""Enhancing by rows gives what enhancing in memory gives, within one level, for every kind of enhancer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import diptych as dp
from diptych.core.errors import ParameterError, PhotoExistsError
from diptych.core.tones import ImageTones
from diptych.core.wishes import Wishes
from diptych.large import enhance_large, rows
from diptych.large.enhancers import enhanced
from diptych.large.rows import ArrayRows, CountedTones, LazyRows, every
from diptych.recipes import Planned, Recipe, auto, step
from diptych.runtime import DefaultEnhancer, NetworkPlanner, open_enhancer
from planner_helpers import planner_bundle

RECIPES = {
    "curves": Recipe(step("stretch"), step("white_balance", norm=6), step("gamma", gamma=0.7), step("equalize")),
    "halos": Recipe(step("median", size=5), step("gaussian", sigma=2.5), step("unsharp_mask")),
    "curve after halo": Recipe(step("denoise_photo", luma=0.01, search=7), step("equalize"), step("sobel")),
    "local shadows": Recipe(step("develop", exposure=1.0, shadows=3.0, local=0.6, toe=0.005, protect=1.0, warmth=0.1)),
    "nothing": Recipe(),
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """Make the test's pictures large: many pieces each."""
    monkeypatch.setattr(rows, "_VALUES", 40_000)


def levels(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference in levels of 8 bits."""
    white = 1 if one.dtype.kind == "f" else np.iinfo(one.dtype).max
    return 255 / white * np.abs(one.astype(float) - other.astype(float)).max()


def by_rows(enhancer, image: np.ndarray) -> np.ndarray:
    """Return the result, read in pieces of uneven heights."""
    made = enhanced(enhancer, ArrayRows(image))
    assert made.dtype == image.dtype
    edges = [0, 1, 100, 233, len(image)]
    return np.concatenate([made.read(first, last) for first, last in itertools.pairwise(edges)])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("name", RECIPES)
def test_recipes(scene, name, dtype):
    image = scene("dark", dtype)
    made, whole = by_rows(RECIPES[name], image), RECIPES[name](image)
    if dtype == "float32" and name == "curves":  # a float beside the jump of a curve may fall on its other side
        assert np.percentile(np.abs(made - whole), 99.99) < 1 / 255
    else:
        assert levels(made, whole) <= 1.001


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("before", ["", "stretch"])
def test_a_planner(scene, dtype, before):
    recipe = Recipe(step(before)).to_toml() if before else ""
    planner = NetworkPlanner(planner_bundle(slope=-1.0, preprocess=recipe), threads=1)
    image = scene("dark", dtype)
    assert levels(by_rows(planner, image), planner(image)) <= 1.001
    brighter = Planned(planner, Wishes(brightness=0.5))
    assert levels(by_rows(brighter, image), brighter(image)) <= 1.001


def test_a_planner_that_takes_noise_away(scene):
    planner, image = open_enhancer(planner_bundle(slope=-1.0)), scene("dark", "uint8")
    noisy = np.clip(image + np.random.default_rng(0).normal(0, 14, image.shape), 0, 255).astype(np.uint8)
    assert planner.plan(noisy).denoising.steps
    assert levels(by_rows(planner, noisy), planner(noisy)) <= 1.001


def test_a_planner_of_other_channels(scene):
    with pytest.raises(ParameterError, match="takes 3"):
        by_rows(NetworkPlanner(planner_bundle(), threads=1), scene("dark", "uint8")[:, :, :1])


@pytest.mark.parametrize("kind", ["dark", "night", "day"])
@pytest.mark.parametrize("profile", ["fast", "best"])
def test_the_default_enhancer(scene, kind, profile):
    image = scene(kind)
    box = DefaultEnhancer(profile=profile)
    assert levels(by_rows(box, image), box(image)) <= 1.001


@pytest.mark.parametrize("kind", ["dark", "night", "day"])
@pytest.mark.parametrize("channels", [1, 3])
def test_auto(scene, kind, channels):
    image = np.ascontiguousarray(scene(kind)[:, :, :channels])
    assert levels(by_rows(auto, image), auto(image)) <= 1.001


def test_a_small_copy_of_the_surroundings_suffices(scene):
    """From 512 px on, the local part of develop looks at a part of the pixels only, which is the same by rows."""
    tiled = np.tile(scene("dark"), (4, 4, 1))[:1600, :1540]
    recipe = Recipe(step("develop", shadows=3.0, local=0.6))
    assert levels(by_rows(recipe, tiled), recipe(tiled)) <= 1.001


def test_statistics_by_rows_are_those_of_the_whole(scene):
    for dtype in ("uint8", "uint16", "float32"):
        image = scene("dark", dtype)
        floats = image if dtype == "float32" else image / np.float32(np.iinfo(dtype).max)
        counted, plain = CountedTones(ArrayRows(image)), ImageTones(floats)
        for each in (True, False):
            expected = plain.percentiles([0.5, 50, 99.5], each=each)
            assert counted.percentiles([0.5, 50, 99.5], each=each) == pytest.approx(expected, abs=1e-5)
        assert counted.power_means(3.0) == pytest.approx(plain.power_means(3.0), rel=1e-4)
        assert counted.counts().sum() == image.size


def test_some_of_the_pixels(scene):
    image = scene()
    for apart in (1, 3, 30, 90):
        assert np.array_equal(every(ArrayRows(image), apart), image[::apart, ::apart])


def test_rows_around_are_read_and_the_edges_respected(scene):
    image, asked = scene(), []

    class Watched(ArrayRows):
        def read(self, first, last):
            asked.append((first, last))
            return super().read(first, last)

    made = LazyRows(Watched(image), lambda strip, _: strip, image.dtype, halo=6)
    assert np.array_equal(made.read(0, 10), image[:10])
    assert np.array_equal(made.read(20, 30), image[20:30])
    assert asked == [(0, 16), (0, 36)]  # from where blocks of 16 rows begin


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (Recipe(step("clahe")), "clahe needs the whole picture"),
        (Recipe(step("rotate", angle=3.0)), "rotate needs the whole picture"),
        (Recipe(step("gaussian", sigma="auto")), "give the value"),
    ],
)
def test_what_needs_the_whole_picture_says_so(scene, recipe, words):
    with pytest.raises(ParameterError, match=words):
        enhanced(recipe, ArrayRows(scene()))


def test_from_file_to_file(tmp_path, scene):
    image = scene("day")
    alpha = np.tile(np.arange(image.shape[1]), (image.shape[0], 1)).astype(np.uint8)
    dp.write(tmp_path / "in.tif", dp.Photo(image, alpha=alpha, dpi=(300.0, 300.0)))
    recipe, seen = RECIPES["curves"], []
    enhance_large(tmp_path / "in.tif", tmp_path / "out.tif", recipe, progress=lambda *rows: seen.append(rows))
    photo = dp.read(tmp_path / "out.tif")
    assert levels(photo.pixels, recipe(image)) <= 1.001
    assert np.array_equal(photo.alpha, alpha)
    assert photo.dpi == (300.0, 300.0)
    assert seen[-1] == (len(image), len(image))
    with pytest.raises(PhotoExistsError, match="`overwrite=True`"):
        enhance_large(tmp_path / "in.tif", tmp_path / "out.tif", recipe)
    with pytest.raises(ParameterError, match="TIFF"):
        enhance_large(tmp_path / "in.tif", tmp_path / "out.png", recipe)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.tif", "out.tif"]
