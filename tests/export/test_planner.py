"""The generator that plans as a bundle: proven, stored in halves, and refused where a graph would have to decide alone."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch

from diptych.core.image import from_float
from diptych.export import ExportError, Request, build
from diptych.export.onnx import to_bundle
from diptych.export.planner import NumbersModule
from diptych.export.sessions import open_session
from diptych.export.whole import to_whole
from diptych.networks import from_dict
from diptych.recipes import Recipe, step
from diptych.runtime import NetworkPlanner, read_bundle
from diptych.runtime.graph_check import OPERATORS
from planner_helpers import CONFIGS, trained


@pytest.fixture(scope="module")
def generators():
    """Return planners, one with a step before it."""
    return {"colour": trained("colour", preprocess=Recipe(step("gamma", gamma=0.9))), "grey": trained("grey")}


@pytest.fixture(scope="module")
def bundles(generators):
    """Return them exported, one with its weights in float16."""
    half = {"colour": False, "grey": False, "half": True}
    return {name: to_bundle(generators.get(name, generators["colour"]), half=is_half) for name, is_half in half.items()}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_export_is_proven_and_says_what_it_is(bundles, name):
    metadata = bundles[name].metadata
    assert metadata.provenance["export"]["difference_from_pytorch"] < 1e-4
    assert metadata.provenance["export"]["opset"] == 18
    assert from_dict(metadata.generator) == CONFIGS[name]
    assert (metadata.kind, metadata.format, metadata.outputs) == ("planner", 2, CONFIGS[name].outputs)
    assert {node.op_type for node in onnx.load_from_string(bundles[name].model).graph.node} <= OPERATORS


@pytest.mark.parametrize("name", CONFIGS)
def test_the_graph_takes_any_number_of_thumbnails(bundles, generators, name):
    session, table = open_session(bundles[name].model), NumbersModule(generators[name].module)
    for count in (1, 2, 5):
        batch = np.random.default_rng(count).random((count, CONFIGS[name].channels_in, 32, 32), np.float32) ** 3
        with torch.inference_mode():
            expected = table(torch.from_numpy(batch)).numpy()
        assert np.abs(session.run(None, {"thumbnail": batch})[0] - expected).max() < 1e-4


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("name", CONFIGS)
def test_the_planner_does_what_torch_does(bundles, generators, name, dtype):
    image = from_float(0.2 * np.random.default_rng(1).random((45, 60, CONFIGS[name].channels_in)) ** 2, np.dtype(dtype))
    made = NetworkPlanner(bundles[name], threads=1)(image)
    expected = generators[name](image)
    assert made.dtype == expected.dtype
    difference = np.abs(made.astype(float) - expected.astype(float)).max() / (
        np.iinfo(dtype).max if dtype[0] == "u" else 1
    )
    assert difference < 0.006  # numbers are rounded to three digits


def test_exporting_again_gives_the_same_bytes(bundles, generators):
    assert to_bundle(generators["grey"]).model == bundles["grey"].model


def test_weights_in_halves(bundles, tmp_path):
    assert len(bundles["half"].model) < 0.8 * len(bundles["colour"].model)
    assert bundles["half"].metadata.provenance["weights"] == "float16"
    path = tmp_path / "half.onnx"
    path.write_bytes(bundles["half"].model)
    image = np.random.default_rng(0).integers(0, 60, (40, 50, 3), np.uint8)
    whole, half = (
        NetworkPlanner(bundle, threads=1).numbers(image) for bundle in (bundles["colour"], read_bundle(path))
    )
    assert whole != half
    assert all(abs(whole[name] - half[name]) < 0.02 for name in whole)


@pytest.mark.parametrize("target", ["int8", "tvm", "cube", "tensorrt"])
def test_other_targets_cannot_decide(bundles, generators, target):
    for source in (bundles["colour"], generators["colour"]):
        with pytest.raises(ExportError, match=f"the target {target} does not.*diptych show PHOTO --plan"):
            build(target, Request(source=source, pictures=[np.zeros((8, 8, 3), np.uint8)]))


def test_a_whole_graph_cannot_either(bundles):
    with pytest.raises(ExportError, match="a graph of the kind whole does not"):
        build("onnx", Request(source=bundles["colour"], whole=True))
    with pytest.raises(ExportError, match="no graph of the kind whole"):
        to_whole(bundles["colour"])


def test_the_target_is_the_bundle(bundles):
    artefact = build("onnx", Request(source=bundles["colour"]))
    assert artefact.content == bundles["colour"].model
    assert isinstance(artefact.enhancer(), NetworkPlanner)
