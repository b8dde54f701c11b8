"""The classical first result: the score chooses it, the network begins at it, and batches show whole pictures besides crops."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.core.errors import ParameterError
from diptych.data import PhotoFolder
from diptych.networks import Mobile, PatchGAN
from diptych.photo import read, write
from diptych.recipes import Recipe, step
from diptych.training import CycleGANConfig, load_generator, preset, train
from diptych.training.data import CropBatches
from diptych.training.first_result import choose_first_result
from diptych.training.preprocessing import preprocess_chosen, preprocess_pair
from training_helpers import clean_picture, write_folders

SMALL = CycleGANConfig(
    forward=Mobile(width=4, depth=2, blocks=1),
    discriminator=PatchGAN(width=4, depth=1, scales=2),
    preprocess="auto",
    views=0.5,
    steps=2,
    eval_every=2,
    batch=2,
    crop=24,
    workers=0,
    precision="float32",
)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folders = write_folders(tmp_path_factory.mktemp("toy"), count=8, side=64)
    return [PhotoFolder(folder) for folder in folders]


def test_the_score_chooses_what_brings_dark_pictures_near_to_bright_ones(opened):
    chosen = choose_first_result(*opened, None)
    assert chosen.scores[chosen.name] > chosen.scores["none"] + 0.1
    assert chosen.recipe.steps
    assert chosen.entry()["steps"] == [one.operator for one in chosen.recipe.steps]
    assert not any("denoise" in name for name in chosen.scores)


def test_noise_is_taken_away_first_and_in_the_target_too(opened, tmp_path):
    draw = np.random.default_rng(3)
    for name in "AB":
        (tmp_path / name).mkdir()
        for index in range(6):
            image = clean_picture(draw)
            noise = draw.normal(0, 0.05 if name == "A" else 0.02, image.shape)
            write(tmp_path / name / f"{index}.png", np.rint(255 * np.clip(image + noise, 0, 1)).astype(np.uint8))
    chosen, (first, second) = preprocess_chosen(PhotoFolder(tmp_path / "A"), PhotoFolder(tmp_path / "B"), denoise=1.0)
    assert first.steps[0].operator == "denoise_photo"
    assert [one.operator for one in second.steps] == ["denoise_photo"]
    assert dict(first.steps[0].parameters)["luma"] > dict(second.steps[0].parameters)["luma"]
    assert chosen.recipe == first
    assert all("denoise" not in name for name in preprocess_chosen(*opened, denoise=0.0)[0].scores)


def test_a_recipe_of_a_kind_is_for_the_source_alone(opened):
    first, second = preprocess_pair(*opened, kind="underwater", denoise=1.0)
    assert [one.operator for one in first.steps] == ["white_balance", "stretch", "develop"]
    assert second.steps == ()


def test_good_pictures_are_left_as_they_are(tmp_path):
    draw = np.random.default_rng(1)
    for name in "AB":
        (tmp_path / name).mkdir()
        for index in range(8):
            write(tmp_path / name / f"{index}.png", np.rint(255 * clean_picture(draw)).astype(np.uint8))
    chosen = choose_first_result(PhotoFolder(tmp_path / "A"), PhotoFolder(tmp_path / "B"), None)
    assert chosen.name == "none"
    assert chosen.recipe == Recipe(name="none")


@pytest.mark.parametrize("minutes", [None, 0.001])
def test_the_network_begins_at_the_first_result(folders, tmp_path, minutes):
    run = train(SMALL, source=folders[0], target=folders[1], out=tmp_path / "run", minutes=minutes)
    (said,) = (entry for entry in run.entries() if entry["event"] == "preprocess")
    assert said["chosen"] in said["scores"]
    first, second, *_ = (one["step"] for one in run.validations())
    assert first == 0
    assert second == 2 if minutes is None else second >= 1
    assert (tmp_path / "run" / "samples" / "step-000000000.png").exists()
    generator = load_generator(run.path)
    assert [one.operator for one in generator.preprocess.steps] == said["steps"]
    if generator.provenance["step"] == 0:
        image = read(next(folders[0].iterdir())).pixels
        bare = Recipe(*generator.preprocess.steps, *generator.postprocess.steps)(image)
        assert np.abs(generator(image).astype(float) - bare).max() <= 1
        assert generator.postprocess.steps == ()  # it was chosen among recipes that end with such steps


def test_a_batch_ends_with_whole_pictures(opened):
    config = SMALL.updated({"batch": 4, "crop": 16})
    batches = CropBatches(config, {"source": opened[0], "target": opened[1]}, views=2)
    source, target = batches.batch(3)
    assert source.shape == target.shape == (4, 3, 16, 16)
    small = Recipe(step("zoom", height=16, width=16, interpolation="area"))
    whole = [small(opened[1].picture(index)) / 255 for index in range(len(opened[1]))]
    for view in target[2:].transpose(0, 2, 3, 1):
        assert min(np.abs(one - shown).max() for one in whole for shown in (view, view[:, ::-1])) < 0.01
    again = CropBatches(config, {"source": opened[0], "target": opened[1]}, views=2).batch(3)
    assert all(np.array_equal(a, b) for a, b in zip((source, target), again, strict=True))
    only = CropBatches(config, {"source": opened[0]}, views=4)
    assert only.batch(0)[0].shape == (4, 3, 16, 16)


def test_auto_is_for_painters():
    with pytest.raises(ParameterError, match="preprocess = auto is for painters of two folders"):
        preset("planner").updated({"preprocess": "auto"})
