"""The lists of pictures that judge the default enhancer, and its measures."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


measures = loaded("tone_measures")


def names(listed: str) -> list[str]:
    lines = (BENCHMARKS / "sets" / f"{listed}.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("listed", sorted(path.stem for path in (BENCHMARKS / "sets").glob("*.txt")))
def test_names_are_relative_and_single(listed):
    found = names(listed)
    assert found
    assert len(set(found)) == len(found)
    assert not any(name.startswith(("/", "..")) for name in found)


def test_what_is_measured_was_not_learned_from():
    training = set(names("training"))
    assert not training & {*names("dark"), *names("backlit")}
    assert not any(name.startswith("lol/") for name in training)
    assert (len(names("dark")), len(names("backlit"))) == (30, 20)


def test_pairs_for_reporting_are_not_those_for_choosing():
    assert not set(names("report")) & set(names("pairs"))


def test_a_turn_of_hues_is_an_angle():
    image = np.random.default_rng(0).integers(60, 200, (40, 60, 3), np.uint8)
    assert measures.hue_turn(image, image) == 0
    assert measures.hue_turn(image, np.roll(image, 1, axis=2)) > 90
    assert measures.hue_turn(np.full((40, 60, 3), 90, np.uint8), image) is None


def test_scenes_tell_how_much_brighter_and_where():
    image = np.repeat(np.linspace(0.1, 0.4, 4000, dtype=np.float32).reshape(40, 100, 1), 3, axis=2)
    assert measures.dark_scene(image, image * 2)["mean"] == pytest.approx(2, abs=1e-4)
    assert measures.backlit_scene(image, image * 2)["shadows"] == pytest.approx(2, abs=1e-4)
    assert measures.dark_scene(image, image + np.float32(10 / 255))["black"] == pytest.approx(10, abs=0.01)


def test_against_a_reference_with_its_mean():
    image = np.random.default_rng(1).uniform(0, 0.5, (32, 32, 3)).astype(np.float32)
    found = measures.against(image * 0.5 + np.float32(0.001), image)
    assert found["matched"] > 50 > found["psnr"]
    assert found["mean"] == pytest.approx(found["wanted mean"] / 2 + 0.001, rel=1e-5)
