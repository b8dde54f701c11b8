"""The generator that renders as a bundle: proven, stored in halves, whole, and shown."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch

from diptych.export import ExportError, Request, build
from diptych.export.halves import halved
from diptych.export.onnx import to_bundle
from diptych.export.whole import to_whole
from diptych.networks import from_dict
from diptych.recipes import Recipe, step
from diptych.runtime import open_enhancer, read_bundle
from diptych.runtime.graph_check import OPERATORS
from export_helpers import generator as painter
from render_helpers import CONFIGS, trained


@pytest.fixture(scope="module")
def proven():
    """Return exported bundles, one with its weights in float16."""
    return {
        half: to_bundle(trained("clean", preprocess=Recipe(step("gamma", gamma=0.9))), half=half)
        for half in (False, True)
    }


def test_the_export_is_proven_and_says_what_it_is(proven):
    metadata = proven[False].metadata
    assert metadata.provenance["export"]["difference_from_pytorch"] < 1e-4
    assert metadata.provenance["export"]["opset"] == 20
    assert from_dict(metadata.generator) == CONFIGS["clean"]
    assert (metadata.kind, metadata.multiple, metadata.receptive_field_radius) == (
        "network",
        1,
        CONFIGS["clean"].receptive_field_radius,
    )
    assert {node.op_type for node in onnx.load_from_string(proven[False].model).graph.node} <= OPERATORS


def test_weights_in_halves(proven, tmp_path):
    assert len(proven[True].model) < 0.6 * len(proven[False].model)
    assert proven[True].metadata.provenance["weights"] == "float16"
    path = tmp_path / "half.onnx"
    path.write_bytes(proven[True].model)
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    whole, half = (open_enhancer(bundle, threads=1)(image).astype(int) for bundle in (proven[False], read_bundle(path)))
    assert 0 < np.abs(whole - half).max() <= 3


def test_halving_leaves_the_generator_as_it_is():
    generator = trained("plain")
    before = {name: value.clone() for name, value in generator.module.state_dict().items()}
    after = halved(generator).module.state_dict()
    assert all(torch.equal(before[name], value) for name, value in generator.module.state_dict().items())
    assert any(not torch.equal(before[name], after[name]) for name in before)
    with pytest.raises(ExportError, match="half is for the generators planner and render"):
        to_bundle(painter("mobile"), half=True)


def test_the_graph_takes_several_pictures_of_any_size(proven):
    from diptych.export.sessions import open_session

    session, module = open_session(proven[False].model), trained("clean").module
    rng = np.random.default_rng(4)
    for size in ((1, 1), (3, 17), (29, 8), (70, 95)):
        batch = rng.random((3, 3, *size), np.float32)
        with torch.inference_mode():
            expected = module(torch.from_numpy(batch)).numpy()
        assert np.abs(session.run(None, {"image": batch})[0] - expected).max() < 1e-4


def test_whole_with_its_steps(proven):
    from diptych.export.sessions import open_session

    image = np.random.default_rng(5).integers(0, 200, (37, 50, 3), np.uint8)
    made = open_session(to_whole(proven[False]).model).run(None, {"image": image})[0]
    expected = open_enhancer(proven[False], threads=1)(image)
    assert np.abs(made.astype(int) - expected).max() <= 1


def test_a_target_with_halves():
    artefact = build("onnx", Request(source=trained("plain"), half=True))
    assert len(artefact.content) < 0.6 * len(build("onnx", Request(source=trained("plain"))).content)
    image = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    assert artefact.enhancer()(image).shape == image.shape
