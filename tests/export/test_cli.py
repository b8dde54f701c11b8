"""``diptych export`` from the outside: what it writes, what it says, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import diptych as dp
from diptych.cli import app
from diptych.export.sessions import open_session
from diptych.export.tensorrt import PROVIDER
from diptych.export.whole import to_whole
from diptych.runtime import OnnxEnhancer, open_enhancer, read_bundle
from diptych.training.generator_file import save_generator
from export_helpers import generator
from planner_helpers import trained


@pytest.fixture
def run(capsys):
    """Return the command: arguments to exit code, output and errors."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            app.main(["export", *map(str, arguments)])
        streams = capsys.readouterr()
        return int(stop.value.code or 0), streams.out, streams.err

    return call


@pytest.fixture(scope="module")
def images(tmp_path_factory, pictures):
    folder = tmp_path_factory.mktemp("images")
    for index, picture in enumerate(pictures):
        dp.write(folder / f"{index}.png", picture)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory, bundles):
    path = tmp_path_factory.mktemp("model") / "unet.onnx"
    path.write_bytes(bundles["unet"].model)
    return path


def test_a_run_becomes_a_bundle(run, recipes, tmp_path):
    (tmp_path / "run").mkdir()
    one = generator("unet", preprocess=recipes["stretch"])
    save_generator(tmp_path / "run" / "best.safetensors", one)
    code, output, errors = run(tmp_path / "run", "-o", tmp_path / "a.onnx")
    assert (code, output) == (0, "")
    assert "largest difference from PyTorch" in errors
    picture = np.random.default_rng(0).integers(0, 200, (33, 18, 3), np.uint8)
    result = OnnxEnhancer(tmp_path / "a.onnx", threads=1)(picture)
    assert np.abs(result.astype(int) - one(picture)).max() <= 1


def test_a_planner_becomes_a_bundle_and_nothing_else(run, images, tmp_path):
    save_generator(tmp_path / "best.safetensors", trained("colour"))
    code, _, errors = run(tmp_path / "best.safetensors", "-o", tmp_path / "a.onnx")
    assert code == 0, errors
    assert "eval mode is exported\n" in errors
    picture = np.random.default_rng(0).integers(0, 40, (33, 18, 3), np.uint8)
    assert open_enhancer(tmp_path / "a.onnx", threads=1)(picture).shape == picture.shape
    for options in (("--target", "int8", "--images", images), ("--whole",)):
        code, _, errors = run(tmp_path / "a.onnx", "-o", tmp_path / "b.onnx", *options)
        assert code == 2
        assert "diptych show PHOTO --plan" in errors
    assert not (tmp_path / "b.onnx").exists()


def test_whole(run, model, tmp_path):
    code, _, _ = run(model, "-o", tmp_path / "a.onnx", "--whole")
    assert code == 0
    assert read_bundle(tmp_path / "a.onnx").metadata.kind == "whole"
    session = open_session((tmp_path / "a.onnx").read_bytes())
    assert session.run(None, {"image": np.zeros((5, 3, 3), np.uint8)})[0].shape == (5, 3, 3)


def test_the_example_needs_nothing_of_diptych(model, pictures, tmp_path):
    whole = to_whole(read_bundle(model))
    (tmp_path / "model.onnx").write_bytes(whole.model)
    (tmp_path / "network.onnx").write_bytes(model.read_bytes())
    dp.write(tmp_path / "dark.png", pictures[1])
    script = Path(__file__).resolve().parents[2] / "examples" / "deploy" / "onnxruntime_only.py"
    assert "diptych" not in {
        line.split()[1] for line in script.read_text().splitlines() if line.startswith(("import", "from"))
    }
    command = [sys.executable, script, "model.onnx", "dark.png", "bright.png"]
    subprocess.run(command, cwd=tmp_path, check=True)
    expected = open_session(whole.model).run(None, {"image": pictures[1]})[0]
    assert np.array_equal(dp.read(tmp_path / "bright.png").pixels, expected)
    done = subprocess.run(
        [*command[:2], "network.onnx", *command[3:]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "export it with --whole" in done.stderr


def test_cube(run, model, images, tmp_path):
    code, output, _ = run(model, "-o", tmp_path / "a.cube", "--target", "cube", "--images", images, "--json")
    assert code == 0
    facts = json.loads(output)
    assert facts["target"] == "cube"
    assert facts["decibels_of_lut"] > 5
    assert len((tmp_path / "a.cube").read_text().splitlines()) == 4 + 33**3


def test_verify_prints_the_table_and_writes_what_it_kept(run, model, images, tmp_path):
    code, output, errors = run(
        model, "-o", tmp_path / "a.onnx", "--verify", "--target", "int8", "--images", images,
        "--calibrate", "minmax", "--max-drop", "9 dB", "--json",
    )  # fmt: skip
    assert code == 0, errors
    facts = json.loads(output)
    assert [row["target"] for row in facts["targets"]] == ["onnx", "int8"]
    fastest = min(facts["targets"], key=lambda row: row["milliseconds"])
    assert facts["kept"] == fastest["target"]
    precision = {"onnx": "float32", "int8": "int8"}[facts["kept"]]
    assert read_bundle(tmp_path / "a.onnx").metadata.precision == precision
    assert f"a.onnx: {facts['kept']}, the fastest" in errors


@pytest.mark.skipif(PROVIDER in onnxruntime.get_available_providers(), reason="the provider is here")
def test_tensorrt_says_what_is_missing(run, model, images, tmp_path):
    code, _, errors = run(model, "-o", tmp_path / "a.onnx", "--target", "tensorrt", "--images", images)
    assert code == 1
    assert errors.startswith("diptych: tensorrt: this onnxruntime")
    assert "All operators of the graph" in errors
    assert list(tmp_path.iterdir()) == []


def test_wrong_calls_touch_nothing(run, model, images, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "grey").mkdir()
    dp.write(tmp_path / "grey" / "two.tiff", np.zeros((8, 8, 2), np.uint8))
    there = tmp_path / "there.onnx"
    there.write_bytes(b"mine")
    new = tmp_path / "new.onnx"
    int8 = ("--target", "int8")
    cases = [
        ([model, "-o", there], "exists already"),
        ([model, "-o", tmp_path / "no" / "a.onnx"], "does not exist"),
        ([model, "-o", tmp_path / "a.so"], "ends in .onnx"),
        ([model, "-o", new, *int8], "give a folder of your own with --images"),
        ([model, "-o", new, *int8, "--images", tmp_path / "empty"], "no pictures in it"),
        ([model, "-o", new, *int8, "--images", tmp_path / "none"], "no such folder"),
        ([model, "-o", new, *int8, "--images", tmp_path / "grey"], "has 2 channels and the model takes 3"),
        ([model, "-o", new, *int8, "--target", "onnx"], "add --verify"),
        ([model, "-o", new, "--target", "int4"], "no target named 'int4'; did you mean 'int8'?"),
        ([model, "-o", new, "--verify"], "give a folder of them with --images"),
        ([model, "-o", new, "--max-drop", "much"], "--max-drop much is not allowed"),
        ([model, "-o", new, "--size", "big"], "--size big is not allowed"),
        ([model, "-o", new, "--size", "64x64"], "--size is for --target tvm"),
        ([model, "-o", new, "--calibrate", "minmax"], "--calibrate is for --target int8"),
        ([model, "-o", new, "--reference", images], "add --verify"),
        ([tmp_path / "none", "-o", new], "is no run directory"),
        ([there, "-o", new], "is not an ONNX file"),
        ([model, "-o", new, *int8, "--images", images, "--max-drop", "0"], "--fine-tune 200"),
        (
            [model, "-o", new, *int8, "--images", images, "--max-drop", "0", "--fine-tune", "5"],
            "give the run directory",
        ),
    ]
    for arguments, message in cases:
        code, output, errors = run(*arguments)
        assert (code, output) == (2, ""), arguments
        assert message in errors, errors
        assert errors.startswith("diptych: ")
        assert errors.count("\n") == 1
    assert there.read_bytes() == b"mine"
    assert not new.exists()


def test_overwrite(run, model, tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"mine")
    assert run(model, "-o", tmp_path / "a.onnx", "--overwrite")[0] == 0
    assert read_bundle(tmp_path / "a.onnx").metadata.name == "small"


def test_a_grey_model_has_no_table_of_colours(run, tmp_path):
    save_generator(tmp_path / "grey.safetensors", generator(channels_in=1, channels_out=1))
    dp.write(tmp_path / "grey.png", np.zeros((32, 32), np.uint8))
    code, _, errors = run(
        tmp_path / "grey.safetensors", "-o", tmp_path / "a.cube", "--target", "cube", "--images", tmp_path / "grey.png"
    )
    assert (code, "the model takes 1; give another target" in errors) == (2, True)
