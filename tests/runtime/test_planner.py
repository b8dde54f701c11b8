"""The planner of a model file: plans in every depth and number of channels, and files that no picture should meet."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.reference
import pytest
from onnx import TensorProto, helper, numpy_helper

import diptych as dp
from diptych.core.errors import BundleError, ImageError, ParameterError
from diptych.core.image import from_float, to_float
from diptych.core.noise import measure_noise
from diptych.recipes import Planner, Recipe, step
from diptych.runtime import BundleMetadata, NetworkPlanner, OnnxEnhancer, make_bundle, open_enhancer
from diptych.runtime.thumbnail import thumbnail, thumbnail_by_rows
from plain_area import plain_area
from planner_helpers import DARK, NEUTRAL, planner_bundle, planner_metadata, planner_model

DTYPES = ("bool", "uint8", "uint16", "float32", "float64")


@pytest.fixture(scope="module")
def planner():
    """Return a planner whose numbers depend on the brightness."""
    return NetworkPlanner(planner_bundle(slope=-1.0), threads=1)


def picture(size, channels, dtype="uint8", seed=0):
    values = 0.3 * np.random.default_rng(seed).random((*size, channels)) ** 2
    return values > 0.05 if dtype == "bool" else from_float(values, np.dtype(dtype))


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (37, 9), (64, 96)], ids=str)
@pytest.mark.parametrize("channels", [0, 1, 3], ids=["plain", "grey", "colour"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_depth_and_channel(planner, size, channels, dtype):
    image = picture(size, max(1, channels), dtype)
    image = image if channels else image[:, :, 0]
    plan, made = planner.plan(image), planner(image)
    assert (made.dtype, made.shape) == (image.dtype, image.shape)
    assert np.array_equal(made, plan(image))
    assert [one.operator for one in plan.steps] == ["develop"]
    assert plan == Recipe.from_toml(plan.to_toml())
    values = dict(plan.steps[0].parameters)
    assert values["warmth"] == (0.0 if channels != 3 else pytest.approx(0.1 - to_float(image).mean(), abs=2e-3))
    assert planner.spread(image) == pytest.approx(0.7 - to_float(image).mean(), abs=1e-3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_flat_black_and_white_pictures(planner, dtype):
    for value in (0.0, 0.4, 1.0):
        image = (
            np.full((20, 30, 3), value > 0.5)
            if dtype == "bool"
            else from_float(np.full((20, 30, 3), value), np.dtype(dtype))
        )
        made = to_float(planner(image))
        assert np.isfinite(made).all()
        assert made.min() >= 0
        assert made.max() <= 1
        if value in (0.0, 1.0):
            assert np.abs(made.mean(axis=2) - value).max() < 0.12  # a warm white is not quite white


def test_depths_have_the_same_plan(planner):
    coarse = picture((50, 70), 3)
    plans = [planner.plan(from_float(to_float(coarse), np.dtype(dtype))) for dtype in DTYPES[1:]]
    assert all(plan == plans[0] for plan in plans)


def test_numbers_are_rounded_and_kept_in_the_bounds_of_the_operator():
    far = {name: 1e6 if index % 2 else -1e6 for index, name in enumerate(DARK)}
    values = dict(NetworkPlanner(planner_bundle(far)).plan(picture((9, 9), 3)).steps[0].parameters)
    assert (values["exposure"], values["gamma"], values["shadows"]) == (-6, 2.5, 0)
    exact = dict(
        NetworkPlanner(planner_bundle(DARK | {"exposure": 1 / 3})).plan(picture((9, 9), 3)).steps[0].parameters
    )
    assert exact["exposure"] == 0.333


def test_steps_before_and_after_are_part_of_the_plan():
    before, after = Recipe(step("gamma", gamma=0.5)), Recipe(step("stretch"))
    bundle = planner_bundle(slope=-1.0, preprocess=before.to_toml(), postprocess=after.to_toml())
    planner, plain = NetworkPlanner(bundle), NetworkPlanner(planner_bundle(slope=-1.0))
    image = picture((40, 50), 3, "uint16")
    plan = planner.plan(image)
    assert [one.operator for one in plan.steps] == ["gamma", "develop", "stretch"]
    assert plan.steps[1] == plain.plan(before(image)).steps[0]


def test_channels_that_do_not_fit(planner):
    with pytest.raises(ImageError, match="takes 3"):
        planner.plan(picture((5, 5), 2))
    with pytest.raises(ImageError, match="lies in"):
        planner(np.full((5, 5, 3), 1.5, np.float32))
    grey = NetworkPlanner(planner_bundle({"exposure": 2.0, "spread": 1.0}, channels=1))
    with pytest.raises(ImageError, match="takes 1"):
        grey(picture((5, 5), 3))
    assert grey(picture((5, 5), 1)).mean() > picture((5, 5), 1).mean()


def test_a_photo_keeps_its_transparency(planner):
    photo = dp.Photo(picture((12, 10), 3), alpha=np.full((12, 10), 77, np.uint8))
    made = dp.enhance(photo, planner)
    assert np.array_equal(made.pixels, planner(photo.pixels))
    assert np.array_equal(made.alpha, photo.alpha)


def test_it_is_a_planner_that_takes_wishes(planner):
    image = picture((30, 40), 3)
    assert isinstance(planner, Planner)
    brighter = dp.enhance(image, planner, brightness=1.0)
    assert brighter.mean() > planner(image).mean() + 5
    assert np.array_equal(dp.enhance(image, planner, strength=0.0), image)


def test_the_one_that_opens_chooses(tmp_path):
    path = tmp_path / "evening.onnx"
    path.write_bytes(planner_bundle().model)
    opened = open_enhancer(path)
    assert isinstance(opened, NetworkPlanner)
    assert opened.metadata == planner_bundle().metadata
    assert opened.spec.name == "evening"
    with pytest.raises(BundleError, match="is a planner; run it with"):
        OnnxEnhancer(path)
    from runtime_networks import make

    with pytest.raises(BundleError, match="is no planner"):
        NetworkPlanner(make("hourglass"))


def test_a_file_takes_the_noise_away_first_where_there_is_some(planner):
    clean = np.linspace(10, 40, 160 * 200 * 3).reshape(160, 200, 3).astype(np.uint8)
    noisy = np.clip(clean + np.random.default_rng(0).normal(0, 6, clean.shape), 0, 255).astype(np.uint8)
    opened = open_enhancer(planner_bundle(DARK))
    assert [one.operator for one in opened.plan(noisy).steps] == ["denoise", "develop"]
    assert [one.operator for one in opened.plan(np.zeros_like(clean)).steps] == ["develop"]
    develop = NetworkPlanner(planner_bundle(DARK)).plan(clean)
    wanted = develop(clean).astype(int)
    assert np.abs(opened(noisy) - wanted).mean() < 0.5 * np.abs(develop(noisy) - wanted).mean()
    assert opened.denoising(lambda: measure_noise(noisy)).operator == "denoise"
    assert planner.denoising(lambda: measure_noise(noisy)) is None


def test_a_model_that_takes_noise_away_itself_does_it_once():
    recipe = Recipe(step("denoise_photo", luma=0.02, chroma=0.02)).to_toml()
    noisy = np.random.default_rng(0).integers(0, 60, (64, 64, 3), np.uint8)
    opened = open_enhancer(planner_bundle(DARK, preprocess=recipe))
    assert [one.operator for one in opened.plan(noisy).steps] == ["denoise_photo", "develop"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_none_are_told(value):
    with pytest.raises(BundleError, match="not numbers; the file is damaged"):
        NetworkPlanner(planner_bundle(NEUTRAL | {"gamma": value}))


def test_numbers_that_are_none_for_some_pictures_are_told():
    model = planner_model(DARK, slope=-1.0)
    model.graph.node[1].input[0] = "root"
    model.graph.node.insert(1, helper.make_node("Log", ["mean_plus"], ["root"]))
    model.graph.node.insert(1, helper.make_node("Sub", ["half", "mean"], ["mean_plus"]))
    model.graph.initializer.append(numpy_helper.from_array(np.float32(0.5), "half"))
    planner = NetworkPlanner(make_bundle(model.SerializeToString(), planner_metadata(DARK)))
    planner(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(BundleError, match="not numbers"):
        planner(np.full((4, 4, 3), 255, np.uint8))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"exposure": 1.0}, "does not say how sure it is"),
        ({"spread": 1.0, "contrast": 1.0}, "'contrast' is no parameter of develop; upgrade"),
    ],
)
def test_names_that_are_not_known(numbers, words):
    with pytest.raises(BundleError, match=words):
        NetworkPlanner(planner_bundle(numbers))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"outputs": ()}, "1 to 64 different words"),
        ({"outputs": ("gamma", "gamma")}, "1 to 64 different words"),
        ({"outputs": "gamma"}, "1 to 64 different words"),
        ({"outputs": ("two words",)}, "1 to 64 different words"),
        ({"outputs": tuple(f"n{index}" for index in range(65))}, "1 to 64 different words"),
        ({"kind": "network"}, "1 to 64 different words"),
        ({"format": 1}, "2, which the kind planner needs"),
    ],
)
def test_metadata_that_contradicts_itself(facts, words):
    with pytest.raises(ParameterError, match=words):
        planner_metadata(DARK, **facts)


def test_metadata_of_other_kinds_is_as_older_versions_read_it():
    plain = BundleMetadata(name="evening", channels_in=3, channels_out=3, multiple=4, receptive_field_radius=8)
    assert "outputs" not in plain.to_json()
    assert plain.format == 1
    planner = planner_metadata(DARK)
    assert BundleMetadata.from_json(planner.to_json()) == planner
    assert planner.outputs == tuple(DARK)


def _sides(model, which, *sides):
    ends = [helper.make_tensor_value_info(which.name, TensorProto.FLOAT, list(sides))]
    which.CopyFrom(ends[0])
    return model


HOSTILE = {
    "a free thumbnail": (lambda m: _sides(m, m.graph.input[0], "n", 3, "h", "w"), "thumbnails of"),
    "a thumbnail that is not square": (lambda m: _sides(m, m.graph.input[0], "n", 3, 32, 40), "they are square"),
    "an enormous thumbnail": (lambda m: _sides(m, m.graph.input[0], "n", 3, 4096, 4096), "from 8 to 512"),
    "a fixed batch": (lambda m: _sides(m, m.graph.input[0], 1, 3, 32, 32), "any size, 3, S, S"),
    "other channels": (lambda m: _sides(m, m.graph.input[0], "n", 4, 32, 32), "any size, 3, S, S"),
    "other numbers": (lambda m: _sides(m, m.graph.output[0], "n", 3), r"any size, 11\)"),
    "no table": (lambda m: _sides(m, m.graph.output[0], "n", 11, 1), r"any size, 11\)"),
    "an image": (
        lambda m: (setattr(m.graph.input[0], "name", "image"), m)[1],
        "before it is there|has the inputs image",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_graphs_that_are_no_planners(name):
    change, words = HOSTILE[name]
    with pytest.raises(BundleError, match=words):
        make_bundle(change(planner_model(DARK)).SerializeToString(), planner_metadata(DARK))


def test_a_planner_that_makes_much_from_little():
    model = planner_model(DARK)
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 64, 64, 64]), "times"))
    model.graph.node.insert(0, helper.make_node("Tile", ["thumbnail", "times"], ["large"]))
    with pytest.raises(BundleError, match="enormous"):
        make_bundle(model.SerializeToString(), planner_metadata(DARK))


def test_numbers_of_a_size_that_depends_on_values():
    model = planner_model(DARK)
    model.graph.node.insert(1, helper.make_node("NonZero", ["mean"], ["places"]))
    with pytest.raises(BundleError, match="NonZero is not on the list"):
        make_bundle(model.SerializeToString(), planner_metadata(DARK))


def test_other_output_than_said():
    model = planner_model(DARK)
    node = next(node for node in model.graph.node if node.output[0] == "wide")
    node.input[1] = "narrow"
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((1, 1), np.float32), "narrow"))
    del model.graph.initializer[0]
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.float32), "base"))
    with pytest.raises(BundleError, match=r"valid ONNX graph|makes"):
        make_bundle(model.SerializeToString(), planner_metadata(DARK))


def test_several_thumbnails_at_once():
    session = onnx.reference.ReferenceEvaluator(onnx.load_from_string(planner_bundle(slope=1.0).model))
    assert session.run(None, {"thumbnail": np.zeros((5, 3, 32, 32), np.float32)})[0].shape == (5, 11)


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (32, 32), (64, 96), (100, 33)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_thumbnail_is_the_average_of_areas(size, dtype):
    image = picture(size, 3, dtype)
    cells = thumbnail(image, 32)
    assert np.abs(cells.transpose(1, 2, 0) - plain_area(to_float(image), 32)).max() < 1e-6
    assert np.array_equal(thumbnail_by_rows(lambda first, last: image[first:last], image.shape, 32), cells)


def test_the_number_of_threads_shows_in_nothing(planner, monkeypatch):
    image = picture((150, 210), 3)
    results = []
    for count in ("1", "3"):
        monkeypatch.setenv("DIPTYCH_THREADS", count)
        results.append(planner(image))
    assert np.array_equal(*results)
