"""Laws of the geometric operators, and bad input."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from diptych import operators
from diptych.core.errors import ParameterError
from diptych.core.image import from_float, to_float
from diptych.operators.register import estimate_transform, thumbnail_of
from diptych.recipes import step

DTYPES = ("uint8", "uint16", "float32", "float64", "bool")
KINDS = ("nearest", "linear", "cubic")
BORDERS = ("reflect", "nearest", "mirror", "constant", "wrap")


def noise(dtype="float32", shape=(23, 31, 3), seed=0):
    """Return random values."""
    return from_float(np.random.default_rng(seed).random(shape).astype(np.float32), np.dtype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_quarter_turns_move_pixels_and_change_no_value(dtype, kind):
    for channels in (1, 3, 5):
        image = noise(dtype, (20, 31, channels))
        for quarter in range(-4, 5):
            turned = operators.rotate(image, angle=90 * quarter, interpolation=kind, reshape=True)
            assert np.array_equal(turned, np.rot90(image, quarter))
        square = image[:, :20]
        assert np.array_equal(operators.rotate(square, angle=90, interpolation=kind), np.rot90(square))


@pytest.mark.parametrize("border", BORDERS)
def test_a_quarter_turn_in_the_old_shape_is_exact_where_the_grids_meet(border):
    image = noise("uint8", (9, 15))
    turned = operators.rotate(image, angle=90, interpolation="cubic", border=border)
    assert np.array_equal(turned[:, 3:12], np.rot90(image)[3:12])


@pytest.mark.parametrize("kind", KINDS)
def test_flips_and_turns_commute_with_rotation_and_zoom(kind):
    image = noise(shape=(24, 36, 2))
    flip, rotate, zoom = operators.flip, operators.rotate, operators.zoom
    for border in BORDERS:
        left = flip(rotate(image, angle=17, interpolation=kind, border=border))
        right = rotate(flip(image), angle=-17, interpolation=kind, border=border)
        assert np.abs(left - right).max() < 1e-4
    for factor in (0.7, 1.9):
        a = zoom(np.ascontiguousarray(np.rot90(image)), factor=factor, interpolation="linear")
        assert np.abs(a - np.rot90(zoom(image, factor=factor))).max() < 1e-5


def test_flipping_twice_and_turning_round_and_round_is_the_identity():
    image = noise("uint16")
    for direction in ("horizontal", "vertical", "both"):
        once = operators.flip(image, direction=direction)
        assert np.array_equal(operators.flip(once, direction=direction), image)
    assert np.array_equal(operators.flip(image, direction="both"), operators.rotate(image, angle=180))
    there = operators.rotate(to_float(data.camera())[:256, :256], angle=20, interpolation="cubic")
    back = operators.rotate(there, angle=-20, interpolation="cubic")
    assert np.abs(back - to_float(data.camera())[:256, :256])[80:-80, 80:-80].mean() < 0.01


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_defaults_and_whole_shifts_change_no_value(dtype, kind):
    image = noise(dtype)
    assert np.array_equal(operators.rotate(image, interpolation=kind), image)
    assert np.array_equal(operators.zoom(image, interpolation=kind), image)
    assert np.array_equal(operators.affine(image, interpolation=kind), image)
    moved = operators.affine(image, matrix=((1, 0, 4), (0, 1, -2)), interpolation=kind)
    assert np.array_equal(moved[2:, :-4], image[:-2, 4:])
    assert not moved[:2].any()
    assert not moved[:, -4:].any()


@pytest.mark.parametrize("kind", KINDS)
def test_borders_go_on_as_scipys_filters_say(kind):
    row = np.array([[10, 20, 30, 40]], np.uint8)
    left = {"reflect": 20, "mirror": 30, "nearest": 10, "constant": 0, "wrap": 30}
    for border, value in left.items():
        moved = operators.affine(row, matrix=((1, 0, -2), (0, 1, 0)), interpolation=kind, border=border)
        assert moved[0, 0] == value


def test_zoom_keeps_the_area_not_the_corner_pixels():
    step_up = np.repeat(np.array([[0, 1]], np.float32), 10, axis=1)
    for kind in ("nearest", "linear", "cubic", "area"):
        larger = operators.zoom(step_up, height=1, width=60, interpolation=kind)
        assert abs(larger.mean() - 0.5) < 1e-6
        assert larger[0, 29] < 0.51 < 0.49 + larger[0, 30]
        assert np.allclose(larger, 1 - larger[:, ::-1], atol=1e-5) or kind == "nearest"


def test_shrinking_by_area_keeps_the_mean_and_makes_no_moire():
    stripes = np.tile(np.array([[0, 1]], np.float32), (40, 40))
    assert abs(operators.zoom(noise(), factor=0.31, interpolation="area").mean() - noise().mean()) < 2e-3
    assert np.ptp(operators.zoom(stripes, height=10, width=20, interpolation="area")) < 1e-5
    assert np.ptp(operators.zoom(stripes, height=10, width=27, interpolation="area")) < 0.5


def test_one_side_keeps_the_aspect_ratio():
    assert operators.zoom(noise(), height=46).shape == (46, 62, 3)
    assert operators.zoom(noise(), width=62).shape == (46, 62, 3)
    assert operators.zoom(noise(), factor=0.001).shape == (1, 1, 3)


def moved_by(picture, matrix):
    """Return the picture as another camera saw it, with noise and other light: ``moved(matrix @ p) = picture(p)``."""
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    (a, b, c), (d, e, f) = inverse[:2]
    floats = to_float(picture)
    planes = floats if floats.ndim == 3 else floats[:, :, None]
    parts = [
        ndimage.affine_transform(planes[:, :, k], [[e, d], [b, a]], [f, c], order=3) for k in range(planes.shape[2])
    ]
    moved = np.clip(np.stack(parts, axis=2), 0, 1) * 0.9 + 0.03
    noisy = np.clip(moved + np.random.default_rng(0).normal(0, 0.01, moved.shape), 0, 1).astype(np.float32)
    return noisy.reshape(picture.shape)


def corner_error(found, matrix, shape):
    """Return how far, in pixels, the corners lie apart."""
    height, width = shape[:2]
    corners = np.array([[0, width - 1, 0, width - 1], [0, 0, height - 1, height - 1], [1, 1, 1, 1]])
    return np.abs((np.asarray(found) - matrix) @ corners).max()


def turn(degrees, shift, shape):
    """Return a turn about the centre and a shift."""
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    linear = np.array([[cosine, -sine], [sine, cosine]])
    centre = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    return np.column_stack([linear, centre - linear @ centre + shift])


PICTURES = {
    name: getattr(data, name)() for name in ("camera", "coins", "astronaut", "chelsea", "moon", "brick", "text")
}


@pytest.mark.parametrize("name", PICTURES)
def test_register_finds_known_shifts_and_turns(name):
    picture = PICTURES[name]
    for model, degrees, shift in (
        ("translation", 0, (11.3, -7.6)),
        ("euclidean", 2.4, (-6.25, 3.1)),
        ("euclidean", -9, (4.7, 12.2)),
        ("affine", 3, (5.5, -2.25)),
        ("euclidean", 24, (31.5, -50.2)),
        ("affine", -20, (-41.5, 33.2)),
    ):
        matrix = turn(degrees, shift, picture.shape)
        found = estimate_transform(moved_by(picture, matrix), picture, model=model)
        assert corner_error(found, matrix, picture.shape) < 0.2, (model, degrees)


def test_register_aligns_the_picture():
    picture = PICTURES["astronaut"]
    matrix = turn(4, (3.3, -8.1), picture.shape)
    moved = from_float(moved_by(picture, matrix), picture.dtype)
    aligned = operators.register(moved, reference=picture, model="euclidean")
    before, after = (
        np.abs(each / 255 * 1.0 - picture / 255 * 0.9 - 0.03)[40:-40, 40:-40].mean() for each in (moved, aligned)
    )
    assert after < 0.02
    assert before > 0.06


@pytest.mark.parametrize("model", ["translation", "euclidean", "affine"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_an_identical_image_stays_as_it_is(model, dtype):
    picture = from_float(to_float(PICTURES["chelsea"])[:121, :90], np.dtype(dtype))
    assert np.array_equal(operators.register(picture, reference=picture, model=model), picture)
    darker = to_float(picture) * np.float32(0.5)
    found = estimate_transform(picture, darker, model=model)
    assert corner_error(found, np.eye(3)[:2], picture.shape) < 0.02


@pytest.mark.parametrize("model", ["translation", "euclidean", "affine"])
def test_register_leaves_flat_tiny_and_unrelated_images_sane(model):
    flat, picture = np.full((40, 50), 0.4, np.float32), noise(shape=(40, 50))
    assert np.array_equal(operators.register(flat, reference=picture, model=model), flat)
    assert np.array_equal(operators.register(picture, reference=flat, model=model), picture)
    for shape in ((1, 1), (1, 9), (5, 5, 3), (11, 40)):
        assert np.array_equal(
            operators.register(noise(shape=shape), reference=picture, model=model), noise(shape=shape)
        )
    assert np.isfinite(estimate_transform(picture, noise(shape=(40, 50), seed=1), model=model)).all()
    assert np.isfinite(estimate_transform(picture, noise(shape=(90, 15, 3), seed=1), model=model)).all()


def test_a_recipe_keeps_a_thumbnail_that_aligns_coarsely():
    picture = PICTURES["camera"]
    matrix = turn(0, (30.0, -21.0), picture.shape)
    kept = dict(step("register", reference=picture).parameters)
    assert kept["reference"] is None
    assert kept["thumbnail"] == thumbnail_of(picture)
    assert (len(kept["thumbnail"]), len(kept["thumbnail"][0])) == (64, 64)
    aligned = operators.register(moved_by(picture, matrix), thumbnail=kept["thumbnail"])
    found = estimate_transform(aligned, picture)
    assert corner_error(found, np.eye(3)[:2], picture.shape) < 1.5


@pytest.mark.parametrize("name", ["rotate", "affine", "zoom"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_the_result_does_not_depend_on_the_number_of_threads(name, kind, dtype, monkeypatch):
    image = noise(dtype, (150, 61, 3))
    given = {"rotate": {"angle": 33.0}, "affine": {"matrix": ((1, 0.1, 3.5), (0, 0.9, 0))}, "zoom": {"factor": 1.3}}
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("DIPTYCH_THREADS", threads)
        results.append(operators.get(name)(image, interpolation=kind, **given[name]))
    assert np.array_equal(*results)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("crop", {"top": 23}, "crop: top = 23 is not allowed; give 0 to 22 px"),
        ("crop", {"left": 40}, "crop: left = 40"),
        ("crop", {"top": 3, "height": 21}, "crop: height = 21 is not allowed; give 1 to 20 px"),
        ("crop", {"width": 32}, "crop: width = 32"),
        ("crop", {"width": 0}, "width = 0"),
        ("zoom", {"factor": 2, "height": 5}, "zoom: factor = 2 is not allowed with a height"),
        ("zoom", {"factor": 0}, "factor = 0"),
        ("zoom", {"height": 0}, "height = 0"),
        ("affine", {"matrix": ((1, 0), (0, 1))}, "affine: matrix"),
        ("affine", {"matrix": ((1, 0, 0), (0, 1, 0), (0, 0, 1))}, "two rows of three numbers"),
        ("affine", {"matrix": ((1, 0, np.nan), (0, 1, 0))}, "matrix"),
        ("rotate", {"angle": 361}, "angle = 361"),
        ("flip", {"direction": "diagonal"}, "direction"),
        ("register", {"reference": noise(), "thumbnail": ((0, 1),)}, "register: give either"),
        ("register", {"thumbnail": ((0, 1), (0,))}, "register: thumbnail"),
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_bad_parameters_are_refused(name, given, words, dtype):
    with pytest.raises(ParameterError, match=re.escape(words)):
        operators.get(name)(noise(dtype), **given)


def test_estimate_transform_refuses_an_unknown_model():
    with pytest.raises(ParameterError, match="model = 'projective'"):
        estimate_transform(noise(), noise(), model="projective")


@pytest.mark.parametrize("name", ["rotate", "affine", "zoom", "flip", "crop", "register"])
def test_odd_arrays_get_the_right_answer(name):
    given = {
        "rotate": {"angle": 30.0},
        "affine": {"matrix": ((1e6, -1e6, 1e6), (0, 1e6, -1e6))},
        "zoom": {"factor": 0.6, "interpolation": "area"},
        "register": {"reference": noise(shape=(30, 30), seed=2)},
    }.get(name, {})
    for channels in (2, 7):
        image = noise("uint16", (30, 26, channels))
        image.flags.writeable = False
        result = operators.get(name)(image, **given)
        assert result.shape[2] == channels
        assert np.array_equal(operators.get(name)(image.astype(">u2"), **given), result)
        assert np.array_equal(operators.get(name)(image.repeat(2, axis=1)[:, ::2], **given), result)
