"""Hostile TOML is refused in one line."""

from __future__ import annotations

import pytest

from diptych.core.errors import BundleError, ParameterError, RecipeError
from diptych.core.toml import MOST_CHARACTERS, parse_toml
from hostile_files import DOTTED, NESTED, STEP, TABLES

HOSTILE = {
    "nested": (NESTED, "nested too deeply"),
    "nested tables": ("x = " + "{a = " * 500 + "1" + "}" * 500, "nested too deeply"),
    "dotted": (DOTTED, "more than 16 parts"),
    "quoted": ('"\\"".' * 40 + "a = 1", "more than 16 parts"),
    "spaced": ("a . " * 40 + "b = 1", "more than 16 parts"),
    "tables": (TABLES, "more than 16 parts"),
    "number": (f"a = {'9' * 5000}", "number that is too long"),
    "long": ("#" * (MOST_CHARACTERS + 1), "longer than 4000000"),
    "damaged": ("a = ", "not a TOML file"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_toml_is_one_line(name, tmp_path):
    text, reason = HOSTILE[name]
    with pytest.raises(ValueError, match=reason) as caught:
        parse_toml(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200

    from diptych.recipes import Recipe
    from diptych.training.config.base import read_file

    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(RecipeError, match=r"a\.toml: "):
        Recipe.load(tmp_path / "a.toml")
    with pytest.raises(ParameterError, match=rf"a\.toml: .*{reason}"):
        read_file(tmp_path / "a.toml")


def test_ordinary_toml():
    assert parse_toml('a.b."c d".e = 1\n# 1.2.3.4.5\n[x.y]\nz = "1.2.3.4.5.6.7.8.9"') == {
        "a": {"b": {"c d": {"e": 1}}},
        "x": {"y": {"z": "1.2.3.4.5.6.7.8.9"}},
    }


def test_recipes_have_a_bounded_number_of_steps_and_short_messages():
    from diptych.recipes import Recipe

    assert len(Recipe.from_toml("format = 1\n" + STEP * 100).steps) == 100
    with pytest.raises(RecipeError, match="101 steps"):
        Recipe.from_toml("format = 1\n" + STEP * 101)
    for text in (f"format = 1\n{STEP}gamma = {'9' * 4000}", f"format = {'9' * 4000}", f"format = 1\n{'a' * 4000} = 1"):
        with pytest.raises(RecipeError) as caught:
            Recipe.from_toml(text)
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("recipe", [NESTED, DOTTED])
def test_hostile_recipes_inside_a_model(recipe):
    pytest.importorskip("onnx")
    from diptych.runtime.bundle import bundle_of
    from hostile_files import products

    with pytest.raises(BundleError, match=r"m\.onnx: preprocess: has (a key|lists)"):
        bundle_of(products(1, 8, preprocess=recipe), source="m.onnx")
