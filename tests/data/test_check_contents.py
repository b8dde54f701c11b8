"""Whether two folders show the same kinds of things: what the check must see, and what it must not."""

from __future__ import annotations

import numpy as np
import pytest

from check_helpers import bytes_of, document, found, night, only, scene, write_folders
from diptych.data.domain_check import check
from diptych.data.domain_check.survey import summary_of
from diptych.quality.separation import scenes, separate


@pytest.fixture
def folders(tmp_path):
    """Return a function that writes two folders of pictures."""
    return lambda source, target: write_folders(tmp_path, source, target)


def test_the_same_things_by_night_are_no_difference_in_contents(folders):
    source = [night(scene(seed), seed) for seed in range(30)]
    result = check(*folders(source, [scene(seed) for seed in range(100, 130)]))
    contents = only(result, "contents")
    assert contents.level == "note"
    assert contents.numbers["low"] < 0.5 < contents.numbers["high"]
    assert "darker" in only(result, "exposure").text
    assert "redder" in only(result, "colour").text
    assert "noisier" in only(result, "noise").text
    assert not found(result, "duplicates")
    assert not found(result, "drawn")


def test_other_things_are_a_warning_with_examples(folders):
    source = {f"{seed}.jpg": night(scene(seed), seed) for seed in range(20)}
    result = check(*folders(source, {f"{seed}.jpg": document(seed) for seed in range(20)}))
    contents = only(result, "contents")
    assert contents.level == "warning"
    assert contents.numbers["low"] > 0.8
    assert [label[0] for (label,) in contents.examples] == ["A"] * 5 + ["B"] * 5
    assert not found(result, "pairs"), "equal names alone make no pair"
    assert {label for (label,) in contents.examples} <= set(result.thumbnails)


def test_few_pictures_say_nothing_about_contents(folders):
    result = check(*folders([scene(seed) for seed in range(4)], [document(seed) for seed in range(4)]))
    assert "cannot be told" in only(result, "contents").text


def test_features_see_neither_exposure_nor_colour_nor_noise():
    days = [summary_of("A", "", bytes_of(scene(seed))).content.features for seed in range(30)]
    nights = [summary_of("A", "", bytes_of(night(scene(seed), seed))).content.features for seed in range(30)]
    centred, others = (np.array(rows) - np.mean(days, axis=0) for rows in (days, nights))
    likeness = centred @ others.T
    assert (likeness.argmax(axis=0) == np.arange(30)).all()


def test_the_interval_covers_chance_where_there_is_nothing_to_see():
    is_target = np.arange(60) >= 30
    draws = [separate(np.random.default_rng(n).normal(size=(60, 12)).astype("f"), is_target) for n in range(40)]
    assert sum(one.low > 0.5 for one in draws) <= 3
    assert abs(np.mean([one.auc for one in draws]) - 0.5) < 0.05


def test_shots_of_the_same_scene_teach_the_classifier_nothing():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, 30))
    features = (centres.repeat(4, axis=0) + rng.normal(0, 0.05, (160, 30))).astype(np.float32)
    is_target = (np.arange(40) % 2 == 1).repeat(4)
    assert len(set(scenes(features, is_target))) == 40
    result = separate(features, is_target)
    assert result.low < 0.5 < result.high
    assert result.high - result.low > 0.2, "four shots of a scene are one, not four"


def test_a_perfect_separation_of_few_is_not_certain():
    features = np.random.default_rng(0).normal(size=(24, 5)).astype(np.float32)
    features[12:, 0] += 20
    result = separate(features, np.arange(24) >= 12)
    assert result.auc == 1
    assert 0.8 < result.low < 0.99
