"""Advice from folders to a value: what is tried, what comes of it, and that it is honest."""

from __future__ import annotations

import json

import numpy as np
import pytest

from diptych import runtime
from diptych.advice import advise, advisor
from diptych.advice.candidates import Complexity, of_recipe
from diptych.core.enhancer import EnhancerSpec
from diptych.core.errors import ParameterError, TrainingError, UnknownNameError
from diptych.photo import write
from diptych.recipes import Recipe, step
from diptych.training import preset
from training_helpers import as_bytes, clean_picture, degraded, write_folders


class Made:
    """An enhancer that does what it is told."""

    def __init__(self, work):
        self.work = work
        self.spec = EnhancerSpec("made", "")

    def __call__(self, image):
        return self.work(image)


def set_default_enhancer(patch, work):
    """Have a default enhancer that does this; None for no model."""

    def find():
        if work is None:
            raise UnknownNameError("none")
        return "made.onnx"

    patch.setattr(runtime, "default_model", find)
    patch.setattr(runtime, "DefaultEnhancer", lambda *, profile="best": Made(work))


@pytest.fixture(scope="module", autouse=True)
def _no_default():
    with pytest.MonkeyPatch.context() as patch:
        set_default_enhancer(patch, None)
        yield


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return two folders, dark, yellow and noisy, and clean, of other things."""
    return write_folders(tmp_path_factory.mktemp("toy"), count=12)


@pytest.fixture
def one_family(monkeypatch):
    """Have one recipe only, to be quick."""
    recipes = {"untouched": Recipe(), "stretch": Recipe(step("stretch", channels="each"), step("gamma", gamma=0.85))}
    monkeypatch.setattr(
        advisor, "tuned", lambda split, tell: [of_recipe(name, recipe) for name, recipe in recipes.items()]
    )


@pytest.fixture(scope="module")
def advice(folders):
    return advise(*folders)


def test_the_families_are_tried_with_and_without_denoising(advice):
    names = {one.candidate.name for one in advice.measured}
    for name in ("stretch", "stretch, gamma", "histogram", "develop", "white balance, stretch"):
        assert {name, f"denoise, {name}"} <= names
    assert {"untouched", "denoise", "auto"} <= names
    assert not advice.problems


def test_a_noisy_dark_folder_is_denoised_and_brightened(advice):
    assert advice.recommended.candidate.complexity == Complexity.DENOISING
    assert advice.recommended.scores.value > 0.55
    assert advice.recipe is not None
    draw = np.random.default_rng(77)
    clean = clean_picture(draw)
    dark = as_bytes(degraded(clean, draw))
    before, after = (np.abs(image / 255 - clean).mean() for image in (dark, advice.recipe(dark)))
    assert after < before / 2


def test_figures_are_sorted_finite_and_of_the_held_out_half(advice):
    values = [one.scores.value for one in advice.measured]
    assert values == sorted(values, reverse=True)
    assert all(len(one.scores.shares) == advice.evaluated_on == 6 for one in advice.measured)
    assert advice.tuned_on == 6
    untouched = next(one for one in advice.measured if one.candidate.name == "untouched")
    assert untouched.scores.figures["tone"] < 0.7
    assert untouched.seconds_per_megapixel == 0
    assert all(one.seconds_per_megapixel > 0 for one in advice.measured if one is not untouched)
    assert {one.niqe for one in advice.measured} == {None}  # 64 px


def test_the_recipe_and_the_json_can_be_read_again(advice):
    assert Recipe.from_toml(advice.recipe.to_toml()) == advice.recipe
    facts = json.loads(advice.to_json())
    assert facts["recommended"] == advice.recommended.candidate.name
    recipes = [one["recipe"] for one in facts["candidates"] if one["recipe"] is not None]
    assert len(recipes) == len(advice.measured) - 1  # auto is none
    assert all(Recipe.from_toml(text) for text in recipes)


def test_the_same_call_gives_the_same_advice(folders, advice):
    again = advise(*folders)
    assert (again.why, again.gaps, again.recipe) == (advice.why, advice.gaps, advice.recipe)


def test_good_pictures_are_left_alone(tmp_path):
    draw = np.random.default_rng(3)
    for name in "AB":
        (tmp_path / name).mkdir()
        for number in range(12):
            write(tmp_path / name / f"{number}.png", as_bytes(clean_picture(draw)))
    found = advise(tmp_path / "A", tmp_path / "B")
    assert found.recommended.candidate.name == "untouched"
    assert found.why.startswith("leave the pictures as they are")
    assert found.commands("A", "x.toml") == ()


def test_with_references_they_decide(folders, tmp_path):
    draw = np.random.default_rng(8)
    for name in ("low", "high"):
        (tmp_path / name).mkdir()
    for number in range(12):
        clean = clean_picture(draw)
        write(tmp_path / "low" / f"{number}.png", as_bytes(degraded(clean, draw)))
        write(tmp_path / "high" / f"{number}.png", as_bytes(clean))
    found = advise(tmp_path / "low", folders[1], reference=tmp_path / "high")
    assert (found.objective_unit, found.evaluated_on) == ("dB", 6)
    assert set(found.recommended.scores.figures) == {"psnr", "ssim"}
    untouched = next(one for one in found.measured if one.candidate.name == "untouched")
    assert found.recommended.scores.figures["psnr"] > untouched.scores.figures["psnr"] + 3


def test_the_default_enhancer_wins_only_if_it_is_better(folders, one_family, monkeypatch):
    def bright(image):
        gained = image / 255 / np.array([0.22, 0.18, 0.13])
        return as_bytes(np.clip(gained, 0, 1) ** 0.8)

    for work, said in ((bright, None), (lambda image: 255 - image, "is dark where in is bright")):
        set_default_enhancer(monkeypatch, work)
        found = advise(*folders)
        model = next(one for one in found.measured if one.candidate.name == "default enhancer")
        assert model.candidate.complexity == Complexity.MODEL
        if said is None:
            assert model.alarms == ()
            assert model.scores.value > 0.4
        else:
            assert said in model.alarms[0]
            assert found.recommended is not model
            assert any("default enhancer is ruled out" in note for note in found.notes)


def test_of_two_profiles_that_do_the_same_the_fast_one_is_the_simpler(folders, one_family, monkeypatch):
    set_default_enhancer(monkeypatch, lambda image: image)
    found = {one.candidate.name: one.candidate for one in advise(*folders).measured}
    best, fast = found["default enhancer"], found["default enhancer, fast"]
    assert fast.rank < best.rank
    assert (best.option, fast.option) == ("", "--profile fast")


def test_an_enhancer_that_fails_is_named_and_the_others_go_on(folders, one_family, monkeypatch):
    def fail(image):
        raise RuntimeError("no such thing")

    for work, said in ((fail, "no such thing"), (lambda image: image[:5], "keeps the size")):
        set_default_enhancer(monkeypatch, work)
        found = advise(*folders)
        assert [text.partition(": ")[0] for text in found.problems] == ["default enhancer", "default enhancer, fast"]
        assert all(said in text for text in found.problems)
        assert {one.candidate.name for one in found.measured} == {"untouched", "stretch", "auto"}


def test_what_cannot_be_is_refused_before_the_pictures_are_read(folders, tmp_path):
    with pytest.raises(ParameterError, match="given twice"):
        advise(*folders, models_in=["a.onnx", "a.onnx"])
    (tmp_path / "something").write_text("there")
    with pytest.raises(TrainingError, match="not an empty folder"):
        advise(*folders, training=preset("quick"), run=tmp_path)


def test_a_training_does_not_see_the_held_out_pictures(folders, one_family, tmp_path):
    settings = {"steps": 4, "eval_every": 4, "crop": 16, "workers": 0, "forward": {"width": 4, "depth": 1}}
    small = preset("quick").updated({**settings, "discriminator": {"width": 4, "depth": 1}, "batch": 1})
    found = advise(*folders, training=small, run=tmp_path / "run")
    model = next(one for one in found.measured if one.candidate.name == "trained")
    assert (model.candidate.complexity, model.alarms) == (Complexity.TRAINED, ())
    assert model.candidate.prior_command == f"diptych export {tmp_path / 'run'} -o run.onnx"
    log = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    begin = json.loads(log[0])["pictures"]
    assert begin["source"] + begin["held_out"] == begin["target"] + begin["held_out"] == 12 - found.evaluated_on


@pytest.mark.parametrize(("shape", "level"), [((1, 1), 3), ((2, 5, 3), 200), ((20, 20, 4), 0), ((16, 16), 0)])
def test_tiny_and_blank_pictures_do_no_harm(tmp_path, shape, level):
    draw = np.random.default_rng(0)
    for name in "AB":
        (tmp_path / name).mkdir()
        for number in range(4):
            noise = draw.integers(0, 256, shape, np.uint8) if name == "B" else np.full(shape, level, np.uint8)
            write(tmp_path / name / f"{number}.tif", noise)
    found = advise(tmp_path / "A", tmp_path / "B")
    assert all(np.isfinite(one.scores.value) for one in found.measured)
    assert any("too few" in note for note in found.notes)
