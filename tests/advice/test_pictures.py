"""Which pictures are read, and that no picture both tunes and judges."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.advice.pictures import FEWEST, LONGEST, MOST, read_pictures, reduced
from diptych.core.errors import DataError, ParameterError
from diptych.photo import write


def fill(folder, count, *, shape=(12, 16, 3), dtype=np.uint8, start=0):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(start, start + count):
        draw = np.random.default_rng(number)
        write(folder / f"{number:03}.png", draw.integers(0, np.iinfo(dtype).max, shape, dtype))
    return folder


def test_no_picture_is_in_both_halves_and_there_are_24_at_most(tmp_path):
    found = read_pictures(fill(tmp_path / "a", 40), fill(tmp_path / "b", 30, start=100))
    tuning, held_out = found.tuning, found.held_out
    assert len(tuning.sources) == len(held_out.sources) == MOST // 2
    assert len(tuning.targets) == len(held_out.targets) == 15  # of B 96 at most
    assert not set(tuning.names) & set(held_out.names)
    assert found.held_out_names[0] == set(held_out.names)
    assert len(found.held_out_names[1]) == 15
    assert not found.problems


def test_the_seed_chooses_and_nothing_else(tmp_path):
    a, b = fill(tmp_path / "a", 40), fill(tmp_path / "b", 4)
    first, again, other = (read_pictures(a, b, seed=seed).held_out.names for seed in (0, 0, 1))
    assert first == again != other


def test_large_pictures_are_reduced_and_that_is_said(tmp_path):
    found = read_pictures(
        fill(tmp_path / "a", 4, shape=(4, 3 * LONGEST)), fill(tmp_path / "b", 4, shape=(6, 2 * LONGEST))
    )
    assert {image.shape for image in found.tuning.sources + found.held_out.sources} == {(1, LONGEST, 1)}
    assert any("1536 px" in note for note in found.notes)
    small = np.zeros((5, LONGEST), np.uint8)
    assert reduced(small).shape == (5, LONGEST, 1)


def test_grey_among_rgb_becomes_rgb_and_other_channels_are_named(tmp_path):
    a = fill(tmp_path / "a", 6)
    write(a / "grey.png", np.full((12, 16), 9, np.uint8))
    found = read_pictures(a, fill(tmp_path / "b", 4, shape=(9, 9)))
    assert {image.shape[2] for split in (found.tuning, found.held_out) for image in split.sources} == {3}
    assert {image.shape[2] for split in (found.tuning, found.held_out) for image in split.targets} == {1}


def test_references_belong_by_name_and_the_others_are_left_out(tmp_path):
    a, b = fill(tmp_path / "a", 8), fill(tmp_path / "b", 4)
    found = read_pictures(a, b, reference=fill(tmp_path / "r", 5))
    names = {*found.tuning.names, *found.held_out.names}
    assert names == {f"{number:03}.png" for number in range(5)}
    assert any("3 pictures" in note for note in found.notes)
    for split in (found.tuning, found.held_out):
        for source, reference in zip(split.sources, split.references, strict=True):
            np.testing.assert_array_equal(source, reference)  # the same seeds drew them


def test_a_reference_of_another_size_and_a_broken_file_are_named(tmp_path):
    a, b, r = fill(tmp_path / "a", 8), fill(tmp_path / "b", 4), fill(tmp_path / "r", 8)
    write(r / "000.png", np.zeros((9, 9, 3), np.uint8), overwrite=True)
    (a / "001.png").write_bytes(b"\x89PNG\r\n")
    problems = read_pictures(a, b, reference=r).problems
    assert len(problems) == 2
    assert any("000.png: 16 x 12 px, but its reference is 9 x 9 px" in problem for problem in problems)
    assert any("001.png" in problem for problem in problems)


def test_folders_that_cannot_be_advised_on_are_refused_by_name(tmp_path):
    a, b = fill(tmp_path / "a", FEWEST), fill(tmp_path / "b", FEWEST)
    few, inside = fill(tmp_path / "few", FEWEST - 1), fill(tmp_path / "a" / "in", FEWEST)
    (tmp_path / "file").write_text("no")
    for source, target, said in (
        (tmp_path / "no", b, "no such folder"),
        (tmp_path / "file", b, "is a file"),
        (few, b, "has 3 pictures"),
        (a, few, "few: has 3 pictures"),
        (a, a, "one lies in the other"),
        (a, inside, "one lies in the other"),
    ):
        with pytest.raises(DataError, match=said):
            read_pictures(source, target)
    with pytest.raises(ParameterError, match="no such file or folder"):
        read_pictures(a, b, reference=tmp_path / "no")
    with pytest.raises(DataError, match="no file has the name"):
        read_pictures(fill(tmp_path / "c", 4), b, reference=fill(tmp_path / "r", 4, start=50))


def test_too_many_broken_files_are_an_error_that_names_one(tmp_path):
    a, b = fill(tmp_path / "a", 4), fill(tmp_path / "b", 4)
    (a / "000.png").write_bytes(b"no")
    with pytest.raises(DataError, match=r"advice needs 4 at least: .*000\.png"):
        read_pictures(a, b)
