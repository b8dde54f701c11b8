"""The preset that two folders call for, and what of the command line leaves the choice open."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.cli.train import chosen_preset
from diptych.core.errors import ParameterError
from diptych.photo import write
from diptych.training.suggestion import accepts, suggest
from training_helpers import clean_picture


def write_pictures(folder, change, *, seed, count=6):
    draw = np.random.default_rng(seed)
    folder.mkdir()
    for index in range(count):
        image = np.clip(change(clean_picture(draw), draw), 0, 1)
        write(folder / f"{index}.png", np.rint(255 * image).astype(np.uint8))
    return folder


def as_it_is(image, draw):
    return image


def test_light_and_colour_call_for_a_planner(tmp_path, capsys):
    dark = write_pictures(tmp_path / "dark", lambda image, draw: 0.3 * image, seed=1)
    good = write_pictures(tmp_path / "good", as_it_is, seed=2)
    found = suggest(dark, good)
    assert found.preset == "planner"
    assert f"tone {found.parts['tone']:.2f}" in found.why
    assert chosen_preset(str(dark), str(good), {"steps": 10}) == "planner"
    assert "--preset planner, as light and colour are what A differs in" in capsys.readouterr().err
    assert chosen_preset(str(dark), str(good), {"weights": {"cycle": 1.0}}) is None


def test_noise_and_grey_pictures_call_for_a_painter(tmp_path):
    def noisy(image, draw):
        return image + draw.normal(0, 0.1, image.shape)

    def grey(image, draw):
        return image[..., 0]

    good = write_pictures(tmp_path / "good", as_it_is, seed=2)
    assert suggest(write_pictures(tmp_path / "noisy", noisy, seed=3), good).preset == "quick"
    found = suggest(*(write_pictures(tmp_path / name, grey, seed=4) for name in ("a", "b")))
    assert found.preset == "quick"
    assert "grey" in found.why


@pytest.mark.parametrize(
    ("names", "open_"),
    [((), True), (("steps", "batch"), True), (("forward",), False), (("cycle_source",), False)],
)
def test_what_leaves_the_choice_open(names, open_):
    assert accepts("planner", dict.fromkeys(names, 1)) == open_


def test_grey_against_colour_is_refused_with_what_to_do(tmp_path):
    draw = np.random.default_rng(0)
    for name, shape in (("grey", (16, 16)), ("colour", (16, 16, 3))):
        (tmp_path / name).mkdir()
        for number in range(2):
            write(tmp_path / name / f"{number}.png", draw.integers(0, 255, shape).astype(np.uint8))
    for first, second in (("grey", "colour"), ("colour", "grey")):
        with pytest.raises(ParameterError, match="give two folders of one kind, or `preset=paper`"):
            suggest(tmp_path / first, tmp_path / second)


def test_a_setting_out_of_bounds_is_said_before_the_pictures_are_read(tmp_path):
    with pytest.raises(ParameterError, match="steps = -1"):
        chosen_preset(str(tmp_path / "no"), str(tmp_path / "none"), {"steps": -1})
