"""Steps and recipes as values, and their files."""

from __future__ import annotations

import numpy as np
import pytest

import diptych as dp
from diptych.core.errors import ParameterError, RecipeError, UnknownNameError
from diptych.core.image import from_float, to_float

RECIPE = dp.Recipe(dp.step("stretch", low=2), dp.step("gamma", gamma=0.7), name="evening", summary="Lift an evening.")


def test_recipes_are_values():
    same = dp.Recipe(
        dp.step("stretch", low=2.0), dp.step("gamma", gamma=0.7), name="evening", summary="Lift an evening."
    )
    assert same == RECIPE
    assert len({same, RECIPE}) == 1
    assert str(RECIPE) == "stretch low=2 high=99 channels=together\ngamma gamma=0.7"
    with pytest.raises(AttributeError):
        RECIPE.name = "other"


def test_a_recipe_is_an_enhancer():
    assert isinstance(RECIPE, dp.Enhancer)
    assert RECIPE.spec.summary == "Lift an evening."
    assert dp.Recipe(dp.step("stretch"), dp.step("median")).spec.summary == "stretch > median"


def test_the_empty_recipe_changes_nothing():
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(dp.Recipe()(image), image)


def test_a_recipe_rounds_once_at_the_end():
    image = np.random.default_rng(0).integers(0, 40, (20, 30, 3), np.uint8)
    expected = image
    floats = to_float(expected)
    for one in RECIPE.steps:
        floats = one(floats)
    assert np.abs(RECIPE(image).astype(int) - from_float(floats, image.dtype)).max() <= 1
    assert not np.shares_memory(RECIPE(image), image)


def test_toml_round_trip(tmp_path):
    path = tmp_path / "evening.toml"
    RECIPE.save(path)
    assert dp.Recipe.load(path) == RECIPE
    assert path.read_text().startswith("format = 1\n")
    assert path.read_text().count("[[step]]\noperator = ") == 2
    with pytest.raises(dp.DiptychError, match=r"evening\.toml"):
        RECIPE.save(path)
    RECIPE.save(path, overwrite=True)


def test_a_reference_is_kept_as_quantiles():
    rng = np.random.default_rng(1)
    target = rng.beta(2, 3, (64, 64, 3)).astype(np.float32)
    one = dp.step("match_histogram", reference=target)
    assert dict(one.parameters)["reference"] is None
    again = dp.Recipe.from_toml(dp.Recipe(one).to_toml()).steps[0]
    assert again == one
    image = rng.random((64, 64, 3)).astype(np.float32)
    direct = dp.operators.match_histogram(image, reference=target)
    assert np.abs(again(image) - direct).mean() < 0.003


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name = 'x'", "no format version"),
        ("format = 2", "newer than this Diptych reads"),
        ("format = 0", "not a version"),
        ("format = true", "not a version"),
        ("format = 1\nnmae = 'x'", "unknown key 'nmae'; did you mean 'name'"),
        ("format = 1\nname = 3", "is not a text"),
        ("format = 1\nstep = 3", "list of tables"),
        ("format = 1\n[[step]]\nlow = 1", "step 1: needs the name of an operator"),
        ("format = 1\n[[step]]\noperator = 'gama'", "did you mean 'gamma'"),
        ("format = 1\n[[step]]\noperator = 'gamma'\ngama = 1.0", "did you mean 'gamma'"),
        ("format = 1\n[[step]]\noperator = 'gamma'\ngamma = 99", "0.05 to 20"),
        ("format = 1\n[[step]]\noperator = 'gamma'\ngamma = nan", "0.05 to 20"),
        ("format = 1\n[[step]]\noperator = 'os.system'", "no operator named 'os.system'"),
        ("format = 1\n[[step]]\noperator = '_shared'", "no operator named"),
        ("format = 1\n[[step]]\noperator = 'match_histogram'\nreference = '/etc/passwd'", "reference"),
        ("not toml at all", "not a TOML file"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(tmp_path, text, reason):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=reason) as caught:
        dp.Recipe.load(path)
    assert str(path) in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(RecipeError, match="no such file; check the path"):
        dp.Recipe.load(tmp_path / "missing.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="not a text file"):
        dp.Recipe.load(tmp_path / "bytes.toml")
    with pytest.raises(RecipeError, match="directory"):
        dp.Recipe.load(tmp_path)


def test_wrong_calls():
    with pytest.raises(UnknownNameError, match="did you mean 'median'"):
        dp.step("medain")
    with pytest.raises(ParameterError, match="make steps with"):
        dp.Recipe("median")
    with pytest.raises(ParameterError, match="either a reference image or quantiles"):
        dp.Recipe(dp.step("match_histogram"))(np.zeros((4, 4), np.uint8))


def test_tables_of_numbers_come_last_and_short_rows_stand_in_a_line():
    planned = dp.step("denoise", model="denoise@0123456789ab", levels=((0.0, 0.01, 0.02), (1.0, 0.03, 0.04)))
    text = dp.Recipe(planned).to_toml()
    assert "[0.0, 0.01, 0.02],\n" in text
    assert max(text.find("\nlevels ="), text.find("\ncorrelation =")) > text.find("\nstrength =")
    assert dp.Recipe.from_toml(text).steps == (planned,)
