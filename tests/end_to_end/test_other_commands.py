"""``list``, ``show``, ``doctor``, ``demo`` and the program itself."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import diptych as dp
from diptych import operators


def test_list(cli):
    code, out, _ = cli("list", "operators")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(operators.names())
    rows = json.loads(cli("list", "operators", "--json")[1])
    assert rows[0]["parameters"]
    assert "auto" in cli("list", "recipes")[1]
    assert cli("list", "everything")[0] == 2


@pytest.mark.parametrize("name", operators.names())
def test_show_an_operator(cli, name):
    code, out, _ = cli("show", name)
    assert code == 0
    assert f"--op {name}" in out
    assert json.loads(cli("show", name, "--json")[1])["name"] == name


def test_show_recipes_and_files(cli, tmp_path):
    assert "auto" in cli("show", "auto")[1]
    dp.Recipe(dp.step("gamma", gamma=0.5), name="lift").save(tmp_path / "r.toml")
    assert "gamma gamma=0.5" in cli("show", tmp_path / "r.toml")[1]
    dp.write(tmp_path / "p.png", np.zeros((4, 6), np.uint16))
    assert json.loads(cli("show", tmp_path / "p.png", "--json")[1])["depth"] == "uint16"
    code, _, err = cli("show", "gama")
    assert (code, "did you mean 'gamma'" in err) == (2, True)


def test_show_plans_auto_for_a_picture(cli, tmp_path):
    dp.write(tmp_path / "p.png", np.random.default_rng(0).integers(0, 40, (64, 64, 3), np.uint8))
    code, out, _ = cli("show", tmp_path / "p.png", "--plan")
    assert code == 0
    recipe = dp.Recipe.from_toml(out)
    assert recipe == dp.auto.plan(dp.read(tmp_path / "p.png").pixels)


def test_doctor(cli):
    code, out, _ = cli("doctor")
    assert code == 0
    assert "all required packages are installed" in out
    assert json.loads(cli("doctor", "--json")[1])["missing"] == []


def test_demo(cli, tmp_path):
    code, _, err = cli("demo", "-o", tmp_path / "demo.png")
    assert code == 0, err
    both = dp.read(tmp_path / "demo.png").pixels
    half = both.shape[1] // 2
    assert both[:, half:].mean() > 2 * both[:, :half].mean()
    assert cli("demo", "-o", tmp_path / "demo.png")[0] == 2
    assert cli("demo", "-o", tmp_path / "demo.png", "--overwrite")[0] == 0


def test_the_program_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "diptych", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"diptych {dp.__version__}"


def test_no_arguments_show_the_help(cli):
    _, out, err = cli()
    assert "enhance" in out + err
