"""Files pair by their names; what has no partner is named."""

from __future__ import annotations

import numpy as np
import pytest

import diptych as dp
from diptych.core.errors import ParameterError
from diptych.evaluation.pairs import pair, read_side

PIXELS = np.zeros((4, 4), np.uint8)


def fill(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        dp.write(folder / name, PIXELS)
    return folder


def test_suffixes_do_not_matter_and_folders_do(tmp_path):
    images = read_side(fill(tmp_path / "a", "one.png", "sub/one.jpg", "two.tif"), "images")
    references = read_side(fill(tmp_path / "b", "one.jpg", "sub/one.png", "three.png"), "references")
    items, missing = pair(images, references, {})
    assert [(item.name, item.reference.name) for item in items] == [("one", "one.jpg"), ("sub/one", "one.png")]
    assert [(one.image, one.reason) for one in missing] == [
        ("two", "not among the references"),
        ("three", "not among the images"),
    ]


def test_an_output_that_is_missing_leaves_the_image_out_for_all(tmp_path):
    images = read_side(fill(tmp_path / "a", "1.png", "2.png"), "images")
    outputs = {"peer": read_side(fill(tmp_path / "p", "1.png"), "outputs of peer")}
    items, missing = pair(images, None, outputs)
    assert [item.name for item in items] == ["1"]
    assert missing[0].reason == "not among the outputs of peer"


def test_two_that_differ_by_the_suffix_only_keep_it(tmp_path):
    side = read_side(fill(tmp_path, "a.png", "a.jpg", "b.png"), "images")
    assert sorted(side.files) == ["a.jpg", "a.png", "b"]


def test_single_files_pair_whatever_their_names(tmp_path):
    fill(tmp_path, "night.png", "day.jpg")
    items, missing = pair(
        read_side(tmp_path / "night.png", "images"), read_side(tmp_path / "day.jpg", "references"), {}
    )
    assert (items[0].name, items[0].reference.name, missing) == ("night", "day.jpg", [])


def test_lists_of_files(tmp_path):
    fill(tmp_path, "x/a.png", "y/b.png", "z/a.png")
    side = read_side([tmp_path / "x" / "a.png", tmp_path / "y" / "b.png"], "images")
    assert sorted(side.files) == ["a", "b"]
    with pytest.raises(ParameterError, match="have the same name"):
        read_side([tmp_path / "x" / "a.png", tmp_path / "z" / "a.png"], "images")


@pytest.mark.parametrize("source", ["nowhere", [], "empty"])
def test_nothing_there(tmp_path, source):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ParameterError, match=r"images: .*no "):
        read_side(tmp_path / source if isinstance(source, str) else source, "images")


def test_the_same_full_name_comes_first(tmp_path):
    """What a camera writes beside a raw file, or a converter beside its input, is not taken for the partner."""
    outputs = {"o": read_side(fill(tmp_path / "o", "a.jpg", "a.png", "b.png", "c.webp"), "outputs of o")}
    references = read_side(fill(tmp_path / "r", "a.png", "b.png", "b.tif", "c.png"), "references")
    items, missing = pair(None, references, outputs)
    assert [(item.name, item.outputs["o"].name, item.reference.name) for item in items] == [
        ("a.png", "a.png", "a.png"),
        ("b.png", "b.png", "b.png"),
        ("c", "c.webp", "c.png"),
    ]
    assert [(one.image, one.reason) for one in missing] == [
        ("a.jpg", "not among the references"),
        ("b.tif", "not among the outputs of o"),
    ]


def test_where_the_suffix_decides_and_several_have_the_name_nothing_is_guessed(tmp_path):
    images = read_side(fill(tmp_path / "i", "a.jpg"), "images")
    references = read_side(fill(tmp_path / "r", "a.png", "a.tif"), "references")
    items, missing = pair(images, references, {})
    assert items == []
    assert {one.image for one in missing} == {"a.jpg", "a.png", "a.tif"}
    assert "same suffix" in missing[0].reason


def test_what_cannot_be_read_is_a_problem(tmp_path):
    fill(tmp_path / "o", "a.png")
    (tmp_path / "o" / "b.psd").touch()
    report = dp.evaluate({"o": tmp_path / "o"}, metrics=["noise"])
    assert [str(one) for one in report.problems] == [
        f"{tmp_path / 'o' / 'b.psd'}: PSD files cannot be read; convert it to JPEG, PNG or TIFF"
    ]
