"""``list``, ``show``, ``doctor``, ``demo`` and the program itself."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import diptych as dp
from diptych import networks, operators
from diptych.runtime import packaged_denoiser


def test_list(cli):
    code, out, _ = cli("list", "operators")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(operators.names())
    rows = json.loads(cli("list", "operators", "--json")[1])
    assert rows[0]["parameters"]
    assert "auto" in cli("list", "recipes")[1]
    assert [row["name"] for row in json.loads(cli("list", "generators", "--json")[1])] == list(
        networks.names(role="generator")
    )
    models = json.loads(cli("list", "models", "--json")[1])
    assert [model["name"] for model in models] == ["low_light", "denoise"]
    assert {model["licence"] for model in models} == {"Apache-2.0"}
    assert all(isinstance(model["scores"], dict) for model in models)
    assert cli("list", "everything")[0] == 2


@pytest.mark.parametrize("name", operators.names())
def test_show_an_operator(cli, name):
    code, out, _ = cli("show", name)
    assert code == 0
    assert f"--op {name}" in out
    assert json.loads(cli("show", name, "--json")[1])["name"] == name


def test_show_recipes_and_files(cli, tmp_path):
    assert "diptych show PICTURE --plan" in cli("show", "auto")[1]
    dp.Recipe(dp.step("gamma", gamma=0.5), name="lift").save(tmp_path / "r.toml")
    assert "gamma gamma=0.5" in cli("show", tmp_path / "r.toml")[1]
    dp.write(tmp_path / "p.png", np.zeros((4, 6), np.uint16))
    assert json.loads(cli("show", tmp_path / "p.png", "--json")[1])["depth"] == "uint16"
    for words in ("licence: Apache-2.0", "outputs: exposure, gamma"):
        assert words in cli("show", "low_light")[1]
    assert "--set forward.name=mobile" in cli("show", "mobile")[1]
    code, _, err = cli("show", "gama")
    assert (code, "did you mean 'gamma'" in err) == (2, True)


def test_no_file_name_acts_on_the_terminal(cli, tmp_path):
    name = "a\x1b[31m\n\u202e.png"
    dp.write(tmp_path / name, np.zeros((4, 6), np.uint8))
    for arguments in (["show", tmp_path / name], ["enhance", tmp_path], ["score", tmp_path, "--metrics", "noise"]):
        _, out, err = cli(*arguments)
        assert "\x1b" not in out + err
        assert "\u202e" not in out + err
        assert r"a\x1b[31m\n\u202e" in out + err


def test_a_full_standard_output_is_one_line():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "diptych", "list", "operators", "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "cannot write" in done.stderr


def test_flags_have_no_type_in_the_help():
    import typer

    from diptych.cli.app import app

    for name in typer.main.get_command(app).commands:
        done = subprocess.run(
            [sys.executable, "-m", "diptych", name, "--help"], capture_output=True, text=True, check=True
        )
        assert "bool" not in done.stdout.lower()
        assert "--help" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["enhanse"], "diptych: no such command 'enhanse'; did you mean 'enhance'?"),
        (["doctor", "--jsn"], "diptych: no such option"),
        (["list", "operator"], "diptych: invalid value for 'KIND': 'operator' is not one of"),
        (["list"], "diptych: missing argument 'KIND'; give one of operators, recipes"),
        (["enhance", "a.png", "--jobs", "two"], "diptych: invalid value for '--jobs'"),
        (["train", "a", "b", "c", "-o", "run"], "diptych: got unexpected extra argument(s) (c); see diptych train"),
        (["score", ""], "diptych: an argument is empty"),
        (["show", "qqqqqqqq"], "diptych list has the names"),
        (["show", "."], "diptych: .: is a folder; give the files in it"),
        (["serve", "--max-bytes", "much"], "diptych: --max-bytes: 'much' is not a size"),
    ],
)
def test_a_wrong_call_is_answered_in_one_line(cli, arguments, line):
    code, out, err = cli(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert line in err


def test_a_plan_as_json_has_the_steps_of_its_toml(cli, pictures):
    code, out, _ = cli("show", pictures / "a.png", "--plan", "--json")
    assert code == 0
    steps = json.loads(out)["steps"]
    _, text, _ = cli("show", pictures / "a.png", "--plan")
    assert steps == [step.as_dict() for step in dp.Recipe.from_toml(text).steps]


def test_the_help_says_defaults_and_whole_sentences(cli):
    _, out, _ = cli("enhance", "--help")
    assert "[default: NAME.enhanced.SUFFIX]" in out
    _, out, _ = cli("--help")
    assert "Commands:" in out
    assert "..." not in out.partition("Commands:")[2]


def test_show_plans_for_a_picture(cli, tmp_path):
    dp.write(tmp_path / "p.png", np.random.default_rng(0).integers(0, 40, (64, 64, 3), np.uint8))
    code, out, _ = cli("show", tmp_path / "p.png", "--plan")
    assert code == 0
    recipe = dp.Recipe.from_toml(out).bind(packaged_denoiser())
    assert recipe == dp.plan(dp.read(tmp_path / "p.png"))


def test_doctor(cli):
    code, out, _ = cli("doctor")
    assert code == 0
    assert "all required packages are installed" in out
    report = json.loads(cli("doctor", "--json")[1])
    assert report["missing"] == []
    assert {"onnx", "onnxruntime", "numpy"} <= set(report["packages"])
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert set(report["extras"]) == set(project["optional-dependencies"]) - {"dev"}
    assert all(one["packages"] and one["brings"] and one["megabytes"] for one in report["extras"].values())


def test_doctor_names_what_an_extra_lacks(cli, monkeypatch):
    def version(name):
        if name in ("torch", "onnxruntime"):
            raise importlib.metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(importlib.metadata, "version", version)
    code, out, _ = cli("doctor")
    assert code == 1
    assert "missing: onnxruntime; install with: pip install --force-reinstall diptych" in out
    assert "lacks torch: pip install 'diptych[train]'" in out


def test_demo(cli, tmp_path):
    code, _, err = cli("demo", "-o", tmp_path / "demo.png")
    assert code == 0, err
    both = dp.read(tmp_path / "demo.png").pixels
    half = both.shape[1] // 2
    assert both[:, half:].mean() > 1.25 * both[:, :half].mean()
    assert "develop" in err
    assert cli("demo", "-o", tmp_path / "demo.png")[0] == 2
    assert cli("demo", "-o", tmp_path / "demo.png", "--overwrite")[0] == 0


def test_the_program_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "diptych", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"diptych {dp.__version__}"


def test_no_arguments_show_the_help(cli):
    _, out, err = cli()
    assert "enhance" in out + err


def test_compilation_is_told_once(tmp_path):
    dp.write(tmp_path / "a.png", np.zeros((64, 64, 3), np.uint8))
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    said = []
    for name in ("b.png", "c.png"):
        arguments = ["enhance", tmp_path / "a.png", "-o", tmp_path / name, "--op", "clahe"]
        command = [sys.executable, "-m", "diptych", *map(str, arguments)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        said.append("compiling kernels for this machine, once" in done.stderr)
    assert said == [True, False]


def test_progress_in_a_file_is_a_line_twice_a_minute(capsys, monkeypatch):
    from diptych.cli import progress

    now = iter(range(0, 1000, 20))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(now)))
    assert list(progress.track("abcd", 4, "checking")) == list("abcd")
    assert capsys.readouterr().err.splitlines() == ["checking: 2 of 4, 0.05 a second, 40 s left"]
