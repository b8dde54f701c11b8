"""``diptych check``, as it is called."""

from __future__ import annotations

import json

import numpy as np
import pytest

import diptych as dp


@pytest.fixture
def pair(tmp_path):
    """Return two folders of pictures, dark and bright."""
    rng = np.random.default_rng(0)
    for name, gain in (("dark", 0.2), ("bright", 1.0)):
        (tmp_path / name).mkdir()
        for number in range(4):
            coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
            picture = dp.operators.zoom(coarse, height=270, width=360)
            dp.write(tmp_path / name / f"{name}{number}.png", np.rint(gain * picture).astype(np.uint8))
    return tmp_path / "dark", tmp_path / "bright"


def test_check_prints_the_verdict(cli, pair):
    code, out, _ = cli("check", *pair)
    assert code == 0
    assert out.startswith("Ready, with warnings.\n")
    assert "A has 4 pictures: enough for a model of tone and colour only" in out


def test_check_as_json_and_as_a_page(cli, pair, tmp_path):
    page = tmp_path / "check.html"
    code, out, err = cli("check", *pair, "--json", "--html", page, "--jobs", 1)
    assert (code, err) == (0, f"wrote {page}\n")
    assert json.loads(out)["verdict"] == "ready, with warnings"
    assert page.read_text().startswith("<!doctype html>")
    code, _, err = cli("check", *pair, "--html", page)
    assert code == 2
    assert "--overwrite" in err
    assert cli("check", *pair, "--html", page, "--overwrite")[0] == 0


def test_an_unreadable_file_is_exit_code_1(cli, pair):
    (pair[0] / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    code, out, _ = cli("check", *pair)
    assert code == 1
    assert "A/broken.jpg (" in out


def test_wrong_calls_are_exit_code_2_in_one_line(cli, pair, tmp_path):
    (tmp_path / "empty").mkdir()
    for arguments in (
        (pair[0], pair[0]),
        (pair[0], tmp_path),
        (tmp_path / "no", pair[1]),
        (tmp_path / "empty", pair[1]),
    ):
        code, out, err = cli("check", *arguments)
        assert (code, out) == (2, "")
        assert err.startswith("diptych: ")
        assert err.count("\n") == 1
