"""Refining without torch: the same bytes for a seed, no seams, nothing at strength 0, and the ways to ask for it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'diptych[train]'")

import torch

import diptych as dp
from diptych.cli.app import main
from diptych.core.errors import BundleError, ImageError, ParameterError, RecipeError
from diptych.core.image import to_float
from diptych.export.errors import ExportError
from diptych.export.targets import Request, build
from diptych.quality.hallucination import NOTICEABLE, hallucinated_structure
from diptych.recipes import Recipe, auto, step
from diptych.runtime import OnnxRefiner, Refined, open_enhancer, read_bundle
from refiner_helpers import SMALL, bundle, module
from runtime_networks import photograph


@pytest.fixture(scope="module")
def model():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield bundle()
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "small.onnx"
    path.write_bytes(model.model)
    return path


@pytest.fixture
def refiner(model):
    return OnnxRefiner(model, strength=0.6)


def test_it_is_what_diffusers_computes(model, refiner):
    image = to_float(photograph()).astype(np.float32)[:50, :43]
    planes = torch.from_numpy(image.transpose(2, 0, 1)[None].copy())
    for strength, steps, seed in ((1.0, 4, 0), (0.4, 1, 7)):
        expected = (
            module().refine_seeded(planes, strength=strength, steps=steps, seed=seed)[0].numpy().transpose(1, 2, 0)
        )
        found = refiner.refine(image, strength=strength, steps=steps, seed=seed)
        assert np.abs(found - expected).max() < 1e-4
        assert np.abs(found - image).max() > 0.05
    assert model.metadata.provenance["export"]["difference_from_pytorch"] < 1e-4


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 1), (30, 21, 3), (1, 1, 3)])
def test_dtypes_and_shapes(refiner, dtype, shape):
    random = np.random.default_rng(0).random(shape)
    image = (random * np.iinfo(dtype).max).astype(dtype) if np.dtype(dtype).kind == "u" else random.astype(dtype)
    result = refiner(image)
    assert (result.shape, result.dtype) == (image.shape, image.dtype)
    assert not np.array_equal(result, image)
    assert np.array_equal(refiner.refine(image, strength=0), image)


def test_the_seed_decides_the_bytes(refiner, model):
    image = photograph()
    again = OnnxRefiner(model, strength=0.6)(image)
    assert np.array_equal(refiner(image), again)
    assert not np.array_equal(refiner.refine(image, strength=0.6, seed=1), again)


def test_tiles_do_not_show(refiner, model, monkeypatch):
    image = np.random.default_rng(1).random((150, 131, 3)).astype(np.float32)
    whole = refiner.refine(image, strength=1.0, steps=2)
    for side in (32, 60):
        small = OnnxRefiner(model)
        monkeypatch.setitem(small.__dict__, "_tile", side)
        assert np.abs(small.refine(image, strength=1.0, steps=2) - whole).max() < 1e-5


def test_memory_bounds_the_tiles(model):
    assert OnnxRefiner(model, memory=64 << 20)._tile < OnnxRefiner(model, memory=1 << 30)._tile
    with pytest.raises(ParameterError, match="64 MiB"):
        OnnxRefiner(model, memory=1000)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strength": 1.5}, "refine: strength = 1.5 is not allowed; give 0 to 1"),
        ({"strength": float("nan")}, "strength = nan"),
        ({"steps": 9}, "steps = 9 is not allowed; give a whole number, 1 to 8"),
        ({"seed": -1}, "seed = -1"),
    ],
)
def test_bad_settings_are_refused(model, refiner, options, words):
    with pytest.raises(ParameterError, match=words):
        OnnxRefiner(model, **options)
    with pytest.raises(ParameterError, match=words):
        refiner.refine(photograph(), **options)
    with pytest.raises(ParameterError, match=words):
        step("refine", model=refiner, **options)


def test_another_kind_of_model_is_refused(bundle_file, refiner):
    with pytest.raises(BundleError, match="not a refiner"):
        OnnxRefiner(bundle_file())
    with pytest.raises(ParameterError, match="a model that can refine"):
        step("refine", model=open_enhancer(bundle_file()))
    with pytest.raises(ParameterError, match="a model that can refine"):
        step("refine", model="/home/me/details.onnx")
    with pytest.raises(ParameterError, match="refine needs model"):
        step("refine")
    with pytest.raises(ImageError, match="2 channels"):
        refiner(np.zeros((4, 4, 2), np.uint8))


def test_open_enhancer_knows_it(file):
    assert isinstance(open_enhancer(file), OnnxRefiner)
    assert open_enhancer(file) == OnnxRefiner(file)


def test_a_step_of_a_recipe(refiner, tmp_path):
    recipe = Recipe(step("gamma", gamma=0.6), step("refine", model=refiner, strength=0.4, seed=3))
    image = photograph()
    result = recipe(image)
    bright = Recipe(step("gamma", gamma=0.6))(to_float(image))
    expected = refiner.refine(np.rint(bright * 65535).astype(np.uint16), strength=0.4, seed=3)
    assert np.abs(to_float(result) - to_float(expected)).max() <= 0.51 / 255
    recipe.save(tmp_path / "evening.toml")
    assert f'model = "{refiner.reference}"' in (tmp_path / "evening.toml").read_text()
    read = Recipe.load(tmp_path / "evening.toml")
    assert read.is_unbound
    with pytest.raises(ParameterError, match="only the name of a model"):
        read(image)
    assert np.array_equal(read.bind(refiner)(image), result)
    assert read.bind(refiner) == recipe


def test_a_recipe_made_with_another_model_is_refused(refiner):
    other = Recipe(step("refine", model="other@0123456789ab"))
    with pytest.raises(ParameterError, match="other@0123456789ab, this is small@"):
        other.bind(refiner)
    with pytest.raises(RecipeError, match="a model that can refine"):
        Recipe.from_toml('format = 1\n[[step]]\noperator = "refine"\nmodel = "../x.onnx"\n')


def test_after_an_enhancer(refiner):
    image, both = photograph(), Refined(auto, refiner)
    assert np.array_equal(both(image), refiner(auto(image)))
    assert "auto > small" in both.spec.name


def test_hallucinated_structure_shows(refiner):
    image = photograph()
    untouched = hallucinated_structure(image, refiner.refine(image, strength=0))
    painted = hallucinated_structure(image, refiner.refine(image, strength=1.0))
    assert untouched.max() < 1
    assert np.mean(painted > NOTICEABLE) > 0.1


@pytest.fixture
def cli(capsys):
    def run(*arguments: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as caught:
            main([str(one) for one in arguments])
        return int(caught.value.code or 0), capsys.readouterr().err

    return run


def test_the_command(cli, file, refiner, tmp_path):
    picture, result = tmp_path / "a.png", tmp_path / "b.png"
    dp.write(picture, photograph())
    given = ("enhance", picture, "-o", result, "--model", "none", "--overwrite")
    code, errors = cli(*given, "--refine", file, "--refine-strength", "0.6")
    assert code == 0, errors
    assert np.array_equal(dp.read(result).pixels, refiner(auto(photograph())))
    for options, words in (
        (("--refine-strength", "0.5"), "give --refine"),
        (("--refine", file, "--refine-strength", "2"), "strength = 2.0 is not allowed; give 0 to 1"),
        (("--refine", tmp_path / "no.onnx"), "cannot be read"),
    ):
        code, errors = cli(*given, *options)
        assert code == 2
        assert words in errors
        assert len(errors.strip().splitlines()) == 1


def test_the_command_gives_a_recipe_its_model(cli, file, refiner, tmp_path):
    picture, result = tmp_path / "a.png", tmp_path / "b.png"
    dp.write(picture, photograph())
    recipe = Recipe(step("refine", model=refiner, strength=0.5))
    recipe.save(tmp_path / "r.toml")
    code, errors = cli("enhance", picture, "-o", result, "--recipe", tmp_path / "r.toml", "--refine", file)
    assert code == 0, errors
    assert np.array_equal(dp.read(result).pixels, recipe(photograph()))


def test_other_targets_are_refused(model, file):
    assert build("onnx", Request(source=read_bundle(file))).content == model.model
    with pytest.raises(ExportError, match="`target=onnx`"):
        build("int8", Request(source=model, pictures=[photograph()]))
    assert SMALL.receptive_field_radius_of_step == model.metadata.receptive_field_radius
