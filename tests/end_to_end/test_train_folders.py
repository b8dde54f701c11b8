"""What `diptych train` says of the folders before it begins."""

from __future__ import annotations

import shutil

import pytest

from diptych.cli.train_folders import say_what_is_odd
from training_helpers import write_folders


def test_exchanged_folders_and_copies_are_named(tmp_path, capsys):
    dark, bright = write_folders(tmp_path / "toy", count=12, side=64)
    say_what_is_odd(str(dark), str(bright))
    assert "diptych train B A" not in capsys.readouterr().err
    say_what_is_odd(str(bright), str(dark))
    assert "diptych train B A" in capsys.readouterr().err
    shutil.copy(next(dark.iterdir()), bright / "copy.png")
    say_what_is_odd(str(dark), str(bright))
    assert "in A and in B" in capsys.readouterr().err


def test_what_cannot_be_checked_is_left_to_the_training(tmp_path, capsys):
    say_what_is_odd(str(tmp_path / "none"), str(tmp_path / "none"))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["A", "no", "-o", "R"], "no: no such folder"),
        (["A", "A", "-o", "R"], "are the same folder"),
        (["A", "B", "-o", "A/R"], "lies in the folder of pictures"),
        (["A", "B", "-o", "full"], "full"),
        (["A", "B", "-o", "R", "--minutes", "0"], "minutes = 0.0"),
        (["A", "B", "-o", "R", "--init", "gone.safetensors"], "gone.safetensors: no such file"),
        (["A", "B", "-o", "R", "--set", "steps=no"], "steps"),
    ],
)
def test_a_wrong_call_is_refused_before_anything_is_read(cli, tmp_path, monkeypatch, words, reason):
    for name in ("A", "B", "full/old"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("diptych.training.suggestion.suggest", None)
    monkeypatch.setattr("diptych.cli.train.say_what_is_odd", None)
    code, out, err = cli("train", *words)
    assert (code != 0, out, err.count("\n")) == (True, "", 1)
    assert reason in err
