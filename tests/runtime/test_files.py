"""`enhance_files`: as the command, with a callback."""

from __future__ import annotations

import numpy as np
import pytest

import diptych as dp
from diptych.core.errors import ParameterError
from diptych.recipes import Recipe, step

BRIGHTER = Recipe(step("gamma", gamma=0.5))


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.png", "sub/b.png", "c.jpg"):
        dp.write(tmp_path / "in" / name, rng.integers(0, 60, (24, 32, 3), np.uint8))
    (tmp_path / "in" / "bad.png").write_bytes(b"no picture")
    return tmp_path / "in"


def test_results_in_order_and_progress(folder, tmp_path):
    told = []
    results = dp.enhance_files(folder, tmp_path / "out", BRIGHTER, progress=lambda *one: told.append(one))
    assert [(one.status, one.input.removeprefix(f"{folder}/")) for one in results] == [
        ("done", "a.png"),
        ("failed", "bad.png"),
        ("done", "c.jpg"),
        ("done", "sub/b.png"),
    ]
    assert "bad.png: is not a picture" in results[1].reason
    assert [one[:2] for one in told] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert {one[2].input for one in told} == {one.input for one in results}
    expected = BRIGHTER(dp.read(folder / "a.png").pixels)
    assert np.array_equal(dp.read(tmp_path / "out" / "a.png").pixels, expected)


def test_a_second_call_and_other_names(folder, tmp_path):
    out = tmp_path / "out"
    one = folder / "a.png"
    assert dp.enhance_files(one, out / "x.png", BRIGHTER)[0].output == str(out / "x.png")
    assert dp.enhance_files([one], out / "x.png", BRIGHTER, existing="skip")[0].status == "skipped"
    assert "existing='overwrite'" in dp.enhance_files(one, out / "x.png", BRIGHTER)[0].reason
    assert dp.enhance_files(one, out / "x.png", "auto", existing="overwrite", strength=0.5)[0].plan is not None
    assert dp.enhance_files(one, None, BRIGHTER, format="webp", suffix="-lit")[0].output == str(folder / "a-lit.webp")


def test_what_is_wrong_is_said_before_anything_is_written(folder, tmp_path):
    for wrong in ({"existing": "maybe"}, {"format": "nope"}, {"suffix": "a/b"}, {"strength": 2.0}, {"warmth": 1.0}):
        with pytest.raises(ParameterError):
            dp.enhance_files(folder, tmp_path / "out", BRIGHTER, **wrong)
    with pytest.raises(ParameterError, match="no pictures"):
        dp.enhance_files([], tmp_path / "out")
    with pytest.raises(ParameterError, match="one file and there are"):
        dp.enhance_files(folder, tmp_path / "out.png")
    assert not (tmp_path / "out").exists()


def test_what_the_callback_raises_ends_the_work(folder, tmp_path):
    def stop(done, total, result):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dp.enhance_files(folder, tmp_path / "out", BRIGHTER, progress=stop, jobs=1)
    assert not list((tmp_path / "out").rglob(".diptych-*"))


def test_a_model_and_what_is_no_parameter(folder, tmp_path):
    (plain,) = dp.enhance_files(folder / "a.png", tmp_path / "plain", model="none", denoise=-1)
    assert plain.status == "done"
    with pytest.raises(TypeError, match=r"enhance_files\(\) has no parameter 'brightnes'"):
        dp.enhance_files(folder, tmp_path / "out", brightnes=1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("head", [b"\0\0\0\x18ftypisom\0\0\2\0isommp42", b"\x1a\x45\xdf\xa3", b"RIFF\0\0\0\0AVI LIST"])
def test_a_video_is_said_to_be_one(tmp_path, head):
    (tmp_path / "clip.mp4").write_bytes(head + bytes(200))
    (result,) = dp.enhance_files(tmp_path / "clip.mp4", tmp_path / "out")
    assert "is a video, not a picture" in result.reason
