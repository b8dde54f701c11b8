"""``diptych enhance --large``, and when it is chosen."""

from __future__ import annotations

import json

import numpy as np
import pytest

import diptych as dp
from diptych.cli.app import main
from diptych.cli.large import is_large
from diptych.recipes import Recipe, step
from diptych.runtime import memory


@pytest.fixture
def cli(capsys):
    """Return a function that runs a command and returns exit code, output and errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(["enhance", *[str(one) for one in arguments]])
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return run


GAMMA = ["--op", "gamma", "gamma=0.5"]


def test_a_large_picture_from_the_command_line(cli, tmp_path, scene):
    dp.write(tmp_path / "a.tif", scene())
    code, out, err = cli(tmp_path / "a.tif", "-o", tmp_path / "b.tif", "--large", *GAMMA)
    assert (code, out) == (0, "")
    assert "by rows" in err
    assert "100 %" in err
    assert np.array_equal(dp.read(tmp_path / "b.tif").pixels, Recipe(step("gamma", gamma=0.5))(scene()))
    code, out, err = cli(tmp_path / "a.tif", "-o", tmp_path / "b.tif", "--large", *GAMMA)
    assert code == 1
    assert "--overwrite" in err
    code, out, err = cli(tmp_path / "a.tif", "-o", tmp_path / "b.tif", "--large", "--skip-existing", "--json", *GAMMA)
    assert (code, err) == (0, "")
    assert json.loads(out)[0]["status"] == "skipped"


def test_it_is_chosen_where_the_picture_would_not_fit(cli, tmp_path, scene, monkeypatch):
    dp.write(tmp_path / "a.tif", scene())
    out = str(tmp_path / "b.tif")
    assert not is_large([str(tmp_path / "a.tif")], out, False, 10**9)
    assert is_large([str(tmp_path / "a.tif")], out, False, 1000)
    assert not is_large([str(tmp_path / "a.tif")], str(tmp_path / "b.png"), False, 1000)
    assert not is_large([str(tmp_path)], str(tmp_path / "out"), False, 1000)
    monkeypatch.setattr(memory, "available_memory", lambda: 1 << 20)
    assert is_large([str(tmp_path / "a.tif")], out, False, 10**9)
    code, _, err = cli(tmp_path / "a.tif", "-o", out, *GAMMA)
    assert code == 0
    assert "by rows" in err


def test_calls_that_cannot_work(cli, tmp_path, scene):
    dp.write(tmp_path / "a.tif", scene())
    code, _, err = cli(tmp_path / "a.tif", "--large", *GAMMA)
    assert code == 2
    assert "-o" in err
    code, _, err = cli(tmp_path / "a.tif", "-o", tmp_path / "b.tif", "--large", "--op", "clahe")
    assert code == 1
    assert "clahe needs the whole picture" in err
    assert not (tmp_path / "b.tif").exists()
    code, _, err = cli(tmp_path / "no.tif", "-o", tmp_path / "b.tif", "--large", *GAMMA)
    assert code == 1
    assert "no such file" in err
