"""Wishes on the command line, the plan that is printed, and the variants."""

from __future__ import annotations

import json

import numpy as np
import pytest

import diptych as dp
from diptych.runtime import DefaultEnhancer, packaged_denoiser

ONES = ("a.darker.png", "a.png", "a.brighter.png")


@pytest.fixture
def dark(tmp_path, dark_picture):
    """Return the file of a dark picture."""
    path = tmp_path / "a.png"
    dp.write(path, dark_picture())
    return path


def plan_of(path, planner=None):
    return [step.as_dict() for step in dp.plan(dp.read(path), planner).steps]


def test_each_wish(cli, dark, tmp_path):
    wishes = {"strength": 0.9, "brightness": -0.5, "shadows": 0.5, "warmth": -0.5, "saturation": 0.5, "denoise": 0.5}
    options = [part for name, value in wishes.items() for part in (f"--{name}", value)]
    assert cli("enhance", dark, "-o", tmp_path / "out.png", *options)[0] == 0
    assert np.array_equal(dp.read(tmp_path / "out.png").pixels, dp.enhance(dp.read(dark), **wishes).pixels)
    code, out, _ = cli("show", dark, "--plan", *options)
    assert code == 0
    assert dp.Recipe.from_toml(out).bind(packaged_denoiser()) == dp.plan(dp.read(dark), **wishes)


def test_strength_0_copies_the_pixels(cli, dark, tmp_path):
    for options in ([], ["--model", "low_light"], ["--op", "median"]):
        target = tmp_path / f"{len(options)}-{options[-1:]}.png"
        assert cli("enhance", dark, "-o", target, "--strength", 0, *options)[0] == 0
        assert np.array_equal(dp.read(target).pixels, dp.read(dark).pixels)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--brightness", "4"], "brightness = 4.0 is not allowed; give -3 to 3 stops"),
        (["--strength", "-0.1"], "strength = -0.1 is not allowed; give 0 to 1"),
        (["--warmth", "nan"], "warmth = nan"),
        (["--op", "median", "--warmth", "1"], "--warmth cannot be wished of 'steps'"),
        (["--variants", "2"], "--variants 2 is not allowed; give 1 or 3"),
        (["--variants", "3", "--op", "median"], "--variants is for what plans"),
        (["--variants", "3", "--cluster", "local:1"], "--variants is not for --cluster"),
        (["--variants", "3", "--large"], "--variants is not for pictures that are done by rows"),
    ],
)
def test_what_is_refused(cli, dark, tmp_path, options, words):
    code, _, errors = cli("enhance", dark, "-o", tmp_path / "out.png", *options)
    assert code == 2
    assert words in " ".join(errors.replace("│", " ").split())
    assert not list(tmp_path.glob("out*"))


def test_show_refuses_wishes_without_a_plan(cli, dark):
    for options, words in (
        (["--warmth", 1], "--warmth is for a plan; give --plan"),
        (["--plan", "--op", "median", "--denoise", 1], "--denoise is not for --op"),
    ):
        code, _, errors = cli("show", dark, *options)
        assert code == 2
        assert words in errors


def test_three_variants(cli, dark, tmp_path):
    code, out, _ = cli("enhance", dark, "-o", tmp_path / "out/", "--variants", 3, "--json")
    assert code == 0
    results = json.loads(out)
    assert [one["output"] for one in results] == [str(tmp_path / "out" / name) for name in ONES]
    photo, spread = dp.read(dark), DefaultEnhancer().spread(dp.read(dark).pixels)
    for result, name, brightness in zip(results, ONES, (-spread, 0, spread), strict=True):
        made = dp.read(tmp_path / "out" / name).pixels
        assert np.array_equal(made, dp.enhance(photo, brightness=brightness).pixels)
        assert result["plan"] == [step.as_dict() for step in dp.plan(photo, brightness=brightness).steps]
    means = [dp.read(tmp_path / "out" / name).pixels.mean() for name in ONES]
    assert means == sorted(means)


def test_variants_follow_the_rules_of_outputs(cli, pictures, dark):
    run = ("enhance", pictures, "--variants", 3)
    assert cli(*run)[0] == 0
    made = {path.name for path in pictures.rglob("*.enhanced*")}
    assert {"a.enhanced.darker.png", "a.enhanced.png", "a.enhanced.brighter.png", "c.enhanced.brighter.png"} <= made
    assert len(made) == 9
    assert cli(*run)[0] == 1  # nothing is overwritten unasked
    code, out, _ = cli(*run, "--skip-existing", "--json")
    assert code == 0
    assert {(one["status"], one["plan"]) for one in json.loads(out)} == {("skipped", None)}
    assert len(list(pictures.rglob("*.*"))) == 3 + 9  # no output became an input
    (pictures / "b.enhanced.darker.jpg").unlink()
    assert cli(*run, "--overwrite")[0] == 0
    assert (pictures / "b.enhanced.darker.jpg").exists()


def test_variants_of_a_file(cli, dark, pictures, tmp_path):
    assert cli("enhance", dark, "-o", tmp_path / "b.png", "--variants", 3)[0] == 0
    assert {path.name for path in tmp_path.glob("b.*")} == {"b.darker.png", "b.png", "b.brighter.png"}
    code, _, errors = cli("enhance", pictures, "-o", tmp_path / "c.png", "--variants", 3)
    assert code == 2
    assert "is one file and there are 3 inputs" in errors
    dp.write(tmp_path / "a.darker.png", dp.read(dark).pixels)
    code, _, errors = cli("enhance", dark, tmp_path / "a.darker.png", "-o", tmp_path / "d/", "--variants", 3)
    assert code == 1
    assert f"a.darker.png: {dark} goes to" in errors


def test_the_plan_of_each_picture_as_json(cli, pictures, tmp_path):
    code, out, _ = cli("enhance", pictures, "-o", tmp_path / "out", "--json")
    assert code == 0
    for result in json.loads(out):
        assert result["plan"] == plan_of(result["input"])
        assert dp.Recipe(*(dp.step(step.pop("operator"), **step) for step in result["plan"])).steps
    code, out, _ = cli("enhance", pictures, "-o", tmp_path / "recipe", "--json", "--recipe", "auto")
    assert [one["plan"] for one in json.loads(out)] == [plan_of(one["input"], dp.auto) for one in json.loads(out)]
    code, out, _ = cli("enhance", pictures, "-o", tmp_path / "steps", "--json", "--op", "gamma", "gamma=0.5")
    assert [one["plan"] for one in json.loads(out)] == [None] * 3


def test_a_large_picture_with_wishes(cli, dark, tmp_path):
    source, whole, large = tmp_path / "a.tif", tmp_path / "whole.tif", tmp_path / "large.tif"
    dp.write(source, dp.read(dark).pixels)
    wishes = ["--brightness", "0.5", "--strength", "0.8"]
    assert cli("enhance", source, "-o", whole, *wishes)[0] == 0
    assert cli("enhance", source, "-o", large, "--large", *wishes)[0] == 0
    difference = dp.read(whole).pixels.astype(int) - dp.read(large).pixels
    assert np.abs(difference).max() <= 1
