"""What belongs to a photo besides its pixels goes through the same geometry; hidden colours decide nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from diptych import operators
from diptych.photo import Photo, fill_hidden, read, write
from diptych.recipes import Recipe, step
from diptych.recipes.geometry import geometry_of, mapping_of
from diptych.runtime import enhance

CASES = Path(__file__).parents[1] / "cases"

STEPS = {
    "flip": step("flip", direction="both"),
    "crop": step("crop", top=3, left=10, height=21),
    "zoom": step("zoom", factor=2.0),
    "shrink": step("zoom", height=17, width=23, interpolation="area"),
    "rotate": step("rotate", angle=30.0, reshape=True),
    "quarter": step("rotate", angle=90.0, reshape=True),
    "affine": step("affine", matrix=((0.9, 0.1, 2.0), (-0.1, 1.1, -1.5))),
}


def ramps(shape):
    """Return an image whose channels are the column, the row and 1, as shares of 100 px."""
    y, x = np.mgrid[: shape[0], : shape[1]] / 100.0
    return np.dstack([x, y, np.ones(shape)])


@pytest.mark.parametrize(
    "names", [*([name] for name in STEPS), ["crop", "quarter", "zoom"], ["rotate", "flip", "affine"]]
)
def test_the_map_of_a_recipe_is_that_of_its_pixels(names):
    recipe = Recipe(*(STEPS[name] for name in names))
    image = ramps((40, 60))
    result = recipe(image)
    matrix = mapping_of(geometry_of(recipe, image), image.shape)
    y, x = np.mgrid[: result.shape[0], : result.shape[1]]
    expected = (np.dstack([x, y, np.ones(x.shape)]) @ matrix.T)[..., :2] / 100
    inside = (expected > 0.02).all(axis=2) & (expected[..., 0] < 0.57) & (expected[..., 1] < 0.37)
    inside &= np.pad(result[2:-2, 2:-2, 2] > 1 - 1e-6, 2)
    assert inside.sum() > 50
    # Means over areas take every pixel as constant: 0.05 px.
    assert np.abs(result[inside][:, :2] - expected[inside]).max() < (6e-4 if "shrink" in names else 1e-5)


def test_every_geometric_operator_has_a_map():
    geometric = [name for name in operators.names() if operators.declaration(name).group == "geometry"]
    without = [name for name in geometric if operators.declaration(name).mapping is None]
    assert len(geometric) > 4
    assert without == ["register"]


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_alpha_follows_the_pixels(name, dtype):
    white = 1.0 if dtype == "float32" else np.iinfo(dtype).max
    alpha = (np.random.default_rng(0).random((40, 60)) * white).astype(dtype)
    recipe = Recipe(step("gamma", gamma=0.9), STEPS[name])
    photo = enhance(Photo(np.full((40, 60, 3), white / 2, dtype), alpha=alpha), recipe)
    np.testing.assert_array_equal(photo.alpha, STEPS[name](alpha))
    assert photo.alpha.shape == photo.pixels.shape[:2]


def test_alpha_follows_a_registration():
    from skimage import data

    camera = np.maximum(data.camera(), 1)
    moved = np.roll(camera, (50, -80), (0, 1))
    photo = enhance(Photo(moved, alpha=moved), Recipe(step("register", reference=camera)))
    assert np.abs(photo.pixels[60:-60, 100:-100] - camera[60:-60, 100:-100].astype(float)).mean() < 6
    np.testing.assert_allclose(photo.alpha, photo.pixels, atol=1)


def test_the_case_of_flip_and_rotation():
    photo = read(CASES / "alpha_geometry" / "half.png")
    width = photo.pixels.shape[1]
    for one in (step("flip"), step("rotate", angle=180.0)):
        result = enhance(photo, Recipe(one))
        assert (result.alpha[:, : width // 2] == 0).all()
        assert (result.alpha[:, width // 2 :] == 255).all()
        assert (result.pixels[:, width // 2 :] == (255, 0, 0)).all()
        assert (result.pixels[:, : width // 2] == (0, 0, 255)).all()  # hidden, and not lost


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("channels", [None, 3])
def test_hidden_colours_follow_the_geometry(name, channels):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (40, 60) if channels is None else (40, 60, channels)).astype(np.uint8)
    alpha = np.full((40, 60), 255, np.uint8)
    alpha[:, 30:] = 0
    result = enhance(Photo(pixels, alpha=alpha), Recipe(step("gamma", gamma=0.5), STEPS[name]))
    hidden = result.alpha == 0
    assert hidden.any()
    np.testing.assert_array_equal(result.pixels[hidden], STEPS[name](pixels)[hidden])


def test_hidden_colours_decide_nothing():
    photos = [read(CASES / "hidden_colour_decides" / f"{name}.png") for name in ("black", "white", "self")]
    seen = photos[0].alpha > 0
    recipes = [None, Recipe(step("stretch"), step("gaussian", sigma=3.0)), Recipe(step("zoom", factor=0.5))]
    for recipe in recipes:
        results = [enhance(photo, recipe) for photo in photos]
        for result in results[1:]:
            same = result.alpha > 0
            np.testing.assert_array_equal(result.pixels[same], results[0].pixels[same])
    unmoved = enhance(photos[1], recipes[1])
    np.testing.assert_array_equal(unmoved.pixels[~seen], photos[1].pixels[~seen])


@pytest.mark.parametrize("channels", [None, 1, 3])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (13, 7), (64, 64)])
def test_hidden_pixels_are_filled_from_visible_ones(shape, channels):
    rng = np.random.default_rng(0)
    pixels = rng.integers(100, 120, shape if channels is None else (*shape, channels)).astype(np.uint8)
    alpha = (rng.random(shape) < 0.3).astype(np.uint8)
    alpha.flat[0] = 1
    other = np.where((alpha == 0).reshape(shape + (1,) * (pixels.ndim - 2)), 255 - pixels, pixels)
    filled = fill_hidden(other, alpha)
    np.testing.assert_array_equal(filled, fill_hidden(pixels, alpha))
    np.testing.assert_array_equal(filled[alpha > 0], pixels[alpha > 0])
    assert filled.min() >= 100
    assert filled.max() < 120
    assert fill_hidden(pixels, np.zeros_like(alpha)) is pixels


def geo(path):
    with tifffile.TiffFile(path) as file:
        tags = file.pages[0].tags
        return {code: tags[code].value for code in (33550, 33922, 34264) if code in tags}


def test_georeference_follows_the_geometry(tmp_path):
    source = CASES / "geotiff_scale_after_zoom" / "tif_geo.tif"
    scale, tie = geo(source)[33550], geo(source)[33922]
    photo = read(source)
    write(tmp_path / "zoom.tif", enhance(photo, Recipe(step("zoom", factor=0.5))))
    assert geo(tmp_path / "zoom.tif") == {33550: (2 * scale[0], 2 * scale[1], scale[2]), 33922: tie}
    write(tmp_path / "crop.tif", enhance(photo, Recipe(step("crop", top=4, left=6))))
    x, y = tie[3] + (6 - tie[0]) * scale[0], tie[4] - (4 - tie[1]) * scale[1]
    assert geo(tmp_path / "crop.tif") == {33550: scale, 33922: (0, 0, 0, x, y, tie[5])}
    write(tmp_path / "flip.tif", enhance(photo, Recipe(step("flip"))))
    matrix = np.reshape(geo(tmp_path / "flip.tif")[34264], (4, 4))
    width = photo.pixels.shape[1]
    np.testing.assert_allclose(matrix @ (width, 0, 0, 1), (tie[3], tie[4], tie[5], 1))
    np.testing.assert_allclose(matrix @ (0, 0, 0, 1), (tie[3] + width * scale[0], tie[4], tie[5], 1))
    write(tmp_path / "same.tif", enhance(photo, Recipe(step("gamma", gamma=2.0))))
    assert geo(tmp_path / "same.tif") == geo(source)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_resolution_follows_the_geometry(tmp_path, suffix):
    pixels = np.full((40, 60, 3), 99, np.uint8)
    write(tmp_path / f"a{suffix}", Photo(pixels, dpi=(300, 150)))
    photo = read(tmp_path / f"a{suffix}")
    for number, (one, expected) in enumerate(
        [(step("zoom", factor=0.5), (150, 75)), (STEPS["quarter"], (150, 300)), (step("crop", left=3), (300, 150))]
    ):
        write(tmp_path / f"{number}{suffix}", enhance(photo, Recipe(one)))
        np.testing.assert_allclose(read(tmp_path / f"{number}{suffix}").dpi, expected, atol=0.5)
        with Image.open(tmp_path / f"{number}{suffix}") as image:
            assert image.size == enhance(photo, Recipe(one)).pixels.shape[1::-1]


def test_the_scale_of_a_microscope_follows_the_geometry(tmp_path):
    photo = read(CASES / "tiff_imagej_calibration" / "tif_imagej.tif")
    write(tmp_path / "a.tif", enhance(photo, Recipe(step("zoom", factor=0.5))))
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.pages[0].tags[282].value == (5, 4)
