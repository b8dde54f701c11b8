"""Models on the command line: ``enhance --model FILE`` and ``show FILE``."""

from __future__ import annotations

import json

import numpy as np
import pytest

import diptych as dp
from diptych.cli.app import main
from diptych.cli.arguments import parse_size
from diptych.core.errors import ParameterError
from diptych.recipes import Recipe, step
from diptych.runtime import OnnxEnhancer
from diptych.runtime.memory import available_memory, default_memory
from runtime_networks import photograph


@pytest.fixture
def cli(capsys):
    """Return a function that runs a command and returns exit code, output and errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main([str(one) for one in arguments])
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return run


def test_enhance_with_a_model(cli, bundle_file, tmp_path):
    path, picture, result = bundle_file(), tmp_path / "a.png", tmp_path / "b.png"
    dp.write(picture, photograph())
    code, _, errors = cli("enhance", picture, "-o", result, "--model", path, "--memory", "100MiB")
    assert code == 0, errors
    np.testing.assert_array_equal(dp.read(result).pixels, OnnxEnhancer(path)(photograph()))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--model", "none.onnx"], "none.onnx: cannot be read"),
        (["--model", "BAD"], "is not an ONNX file"),
        (["--model", "GOOD", "--memory", "much"], "not a size"),
        (["--model", "GOOD", "--memory", "1MiB"], "64 MiB"),
        (["--recipe", "auto", "--memory", "1GiB"], "--memory is for a model"),
        (["--model", "GOOD", "--recipe", "auto"], "exclude each other"),
    ],
)
def test_wrong_calls_touch_nothing(options, words, cli, bundle_file, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    dp.write(tmp_path / "a.png", photograph())
    names = {"GOOD": bundle_file(), "BAD": tmp_path / "bad.onnx"}
    code, _, errors = cli(
        "enhance", tmp_path / "a.png", "-o", tmp_path / "b.png", *(names.get(one, one) for one in options)
    )
    assert code == 2
    assert words in errors
    assert errors.count("\n") == 1
    assert not (tmp_path / "b.png").exists()


def test_a_picture_that_does_not_fit_the_model_fails_alone(cli, bundle_file, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    dp.write(folder / "grey.png", photograph()[..., 0])
    dp.write(folder / "colour.png", photograph())
    code, _, errors = cli("enhance", folder, "-o", tmp_path / "out", "--model", bundle_file("grey"))
    assert code == 1
    assert "takes 1; make it grey first" in errors
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["grey.png"]


def test_show_prints_the_facts(cli, bundle_file):
    path = bundle_file(
        summary="dark to light",
        licence="CC0-1.0",
        preprocess=Recipe(step("stretch")).to_toml(),
        provenance={"steps": 7, "note": "red \x1b[31m"},
    )
    code, out, _ = cli("show", path)
    assert code == 0
    for words in ("hourglass: dark to light", "licence: CC0-1.0", "multiple: 8", 'operator = "stretch"', "steps: 7"):
        assert words in out
    assert "\x1b" not in out
    code, out, _ = cli("show", path, "--json")
    assert code == 0
    facts = json.loads(out)
    assert facts["receptive_field_radius"] == 60
    assert facts["bytes"] == path.stat().st_size


def test_show_refuses_what_is_no_model(cli, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    code, _, errors = cli("show", tmp_path / "bad.onnx")
    assert code == 2
    assert "bad.onnx: is not an ONNX file" in errors


def test_sizes():
    assert parse_size("1GiB") == 1 << 30
    assert parse_size(" 0.5 gb") == 500_000_000
    for wrong in ("", "GiB", "1 TiB", "-1", "1e9", "nan"):
        with pytest.raises(ParameterError, match="write it as 1GiB"):
            parse_size(wrong)


def test_the_usual_memory_is_a_part_of_what_there_is():
    assert default_memory() >= 512 << 20
    assert default_memory() <= max(512 << 20, available_memory())
