"""What `diptych train` says of the folders before it begins."""

from __future__ import annotations

import shutil

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
