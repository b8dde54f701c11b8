"""The examples: units and compose files are valid and call commands that exist; plugins load and do their work."""

from __future__ import annotations

import importlib.util
import inspect
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Literal, get_args, get_origin

import numpy as np
import pytest
import typer

import diptych as dp
from diptych.cli.app import app

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
UNIT = EXAMPLES / "watch" / "diptych-watch.service"


def check_command(words: list[str]) -> None:
    """Parse a command as the command line does, without doing it."""
    program, name, *rest = words
    assert Path(program).name == "diptych"
    group = typer.main.get_command(app)
    with group.commands[name].make_context(name, rest):
        pass


def settings(unit: Path) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE))


def test_the_unit_calls_a_command_that_exists():
    found = settings(UNIT)
    check_command(found["ExecStart"].split())
    variables = dict(one.split("=") for one in found["Environment"].split())
    assert set(re.findall(r"\$\{(\w+)\}", found["ExecStart"])) <= variables.keys()
    assert found["ReadWritePaths"] == variables["OUT"]
    assert found["KillSignal"] == "SIGTERM"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_unit_is_valid(tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/diptych/bin/diptych", shutil.which("true")))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_compose_file_is_valid():
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load((EXAMPLES / "watch" / "compose.yaml").read_text())["services"]
    watch = services["watch"]
    check_command(watch["command"])
    assert (EXAMPLES / "watch" / watch["build"] / "Dockerfile").is_file()
    targets = {one.split(":")[1]: one.split(":")[2:] for one in watch["volumes"]}
    assert targets == {"/incoming": ["ro"], "/done": []}
    assert set(targets) < set(watch["command"])


def load(folder: Path, name: str):
    """Import a package of the examples, and the file beside it."""
    spec = importlib.util.spec_from_file_location(name, folder / name / "__init__.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def napari():
    return load(EXAMPLES / "napari", "diptych_napari")


def test_the_manifest_of_napari_has_every_operator(napari):
    yaml = pytest.importorskip("yaml")
    spec = importlib.util.spec_from_file_location("make_manifest", EXAMPLES / "napari" / "make_manifest.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    text = maker.TARGET.read_text("utf-8")
    assert text == maker.manifest(), "run python examples/napari/make_manifest.py"
    found = yaml.safe_load(text)
    commands = {one["id"]: one["python_name"] for one in found["contributions"]["commands"]}
    assert [one["command"] for one in found["contributions"]["widgets"]] == list(commands)
    assert len(commands) == len(dp.operators.names()) + 1
    for name in commands.values():
        module, function = name.split(":")
        assert module == "diptych_napari"
        assert callable(getattr(napari, function))


def test_the_entry_point_of_napari_names_its_manifest():
    project = tomllib.loads((EXAMPLES / "napari" / "pyproject.toml").read_text())["project"]
    module, file = project["entry-points"]["napari.manifest"][project["name"]].split(":")
    assert (EXAMPLES / "napari" / module / file).is_file()


@pytest.mark.parametrize("name", ["enhance", *dp.operators.names()])
def test_widgets_are_made_of_the_declarations(napari, name):
    function = getattr(napari, name)
    found = inspect.signature(function)
    assert found.return_annotation == found.parameters["image"].annotation == "napari.types.ImageData"
    assert function.__annotations__.keys() == {*found.parameters, "return"}
    for one in list(found.parameters.values())[1:]:
        if get_origin(one.annotation) is Literal:
            assert one.default in get_args(one.annotation)
        elif one.annotation not in (bool, "napari.types.ImageData"):
            kind, limits = get_args(one.annotation)
            assert isinstance(one.default, kind)
            assert limits["min"] <= one.default <= limits["max"]
    image = np.random.default_rng(0).integers(0, 90, (24, 32, 3), np.uint8)
    references = {
        key: image for key, one in found.parameters.items() if key != "image" and isinstance(one.annotation, str)
    }
    assert function(image, **references).dtype == np.uint8


def test_layers_of_any_kind(napari):
    rng = np.random.default_rng(0)
    stack = rng.integers(0, 60000, (3, 20, 30), np.uint16)
    assert np.array_equal(napari.gaussian(stack, sigma=2.0)[1], dp.operators.gaussian(stack[1], sigma=2.0))
    floats = rng.normal(100, 20, (20, 30))
    same = napari.gaussian(floats, sigma=0.0)
    assert np.allclose(same, floats, atol=1e-3)
    colors = rng.integers(0, 99, (2, 20, 30, 4), np.uint8)
    lit = napari.gamma(colors, gamma=0.5)
    assert lit.shape == colors.shape
    assert np.array_equal(lit[..., 3], colors[..., 3])
    assert lit[..., :3].mean() > colors[..., :3].mean()


@pytest.fixture(scope="module")
def comfy():
    pytest.importorskip("torch")
    return load(EXAMPLES / "comfyui", "diptych_nodes")


def test_nodes_have_what_comfyui_asks_for(comfy):
    assert comfy.NODE_CLASS_MAPPINGS.keys() == comfy.NODE_DISPLAY_NAME_MAPPINGS.keys()
    assert len(comfy.NODE_CLASS_MAPPINGS) == len(dp.operators.names()) + 2
    for node in comfy.NODE_CLASS_MAPPINGS.values():
        inputs = node.INPUT_TYPES()["required"]
        assert inputs["image"] == ("IMAGE",)
        assert node.RETURN_TYPES == ("IMAGE",)
        assert callable(getattr(node, node.FUNCTION))
        assert node.CATEGORY.startswith("Diptych")


def test_nodes_run(comfy):
    import torch

    images = torch.rand(2, 24, 32, 3, generator=torch.Generator().manual_seed(0)) * 0.2
    for name, node in comfy.NODE_CLASS_MAPPINGS.items():
        values = {}
        for key, one in node.INPUT_TYPES()["required"].items():
            if key != "image":
                kind, *options = one
                values[key] = images if kind == "IMAGE" else options[0]["default"] if options else kind[0]
        (result,) = node().run(images, **values)
        assert result.shape == images.shape, name
        assert result.dtype == torch.float32
        assert 0 <= float(result.min()) <= float(result.max()) <= 1
    (lit,) = comfy.Enhance().run(images, strength=1.0, brightness=1.0)
    assert lit.mean() > 2 * images.mean()
