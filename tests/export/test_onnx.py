"""What is exported computes what PyTorch does, in a graph that can be quantised and deployed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import pytest
import torch

from diptych.core.errors import BundleError, TrainingError
from diptych.export import ExportError, read_source, torch_export
from diptych.export import onnx as target
from diptych.export.sessions import open_session
from diptych.networks import from_dict
from diptych.runtime import read_bundle
from diptych.training.generator_file import save_generator
from export_helpers import CONFIGS, generator


@pytest.mark.parametrize("name", CONFIGS)
def test_the_graph_computes_what_the_module_does(name, bundles):
    module = generator(name).module
    session = open_session(bundles[name].model)
    rng = np.random.default_rng(1)
    for height, width in ((36, 8), (40, 68), (4, 4)):
        batch = rng.random((2, 3, height, width), np.float32)
        # On the smallest picture PyTorch's float32 is noise: see measure_parity.
        precise = torch.float64 if height * width == 16 else torch.float32
        expected = module.to(precise)(torch.from_numpy(batch).to(precise)).numpy()
        assert height * width == 16 or expected.std() > 0.02
        assert np.abs(session.run(None, {"image": batch})[0] - expected).max() < 1e-4


@pytest.mark.parametrize("name", CONFIGS)
def test_the_graph_is_simple(name, bundles):
    graph = onnx.load_from_string(bundles[name].model).graph
    count = Counter(node.op_type for node in graph.node)
    assert not count.keys() & {"Shape", "Reshape", "Gather", "Slice", "Identity", "Constant", "Cast"}
    module = generator(name).module
    kinds = [type(part).__name__ for part in module.modules()]
    assert count["InstanceNormalization"] == kinds.count("InstanceNorm")
    assert count["Conv"] == kinds.count("Conv2d")
    assert [opset.version for opset in onnx.load_from_string(bundles[name].model).opset_import] == [torch_export.OPSET]


def test_the_metadata_says_what_ships(bundles):
    metadata = bundles["unet"].metadata
    assert from_dict(metadata.generator) == CONFIGS["unet"]
    assert (metadata.multiple, metadata.receptive_field_radius, metadata.kind) == (
        4,
        CONFIGS["unet"].receptive_field_radius,
        "network",
    )
    proof = metadata.provenance["export"]
    assert proof["mode"] == "eval"
    assert 0 < proof["difference_from_pytorch"] < torch_export.TOLERANCE
    assert proof["difference_of_train_mode"] == 0  # nothing in these networks depends on the mode
    assert metadata.provenance["steps"] == 7


def test_ten_sizes_with_the_smallest_and_oblong_ones():
    sizes = [batch.shape[2:] for batch in target._pictures(4, 3)]
    assert len(set(sizes)) == 10
    assert sizes[0] == (4, 4)
    assert any(height > width for height, width in sizes)
    assert any(height < width for height, width in sizes)
    assert max(height * width for height, width in sizes) >= 256 * 192


def test_a_graph_that_differs_is_refused(bundles, monkeypatch):
    one = generator("unet")
    weight = next(one.module.parameters())
    with torch.no_grad():
        weight += 1e-3
    monkeypatch.setattr(target, "to_onnx", lambda other: bundles["unet"].model)
    with pytest.raises(ExportError, match=r"away from PyTorch, more than 0\.0001; nothing is written"):
        target.to_bundle(one)


def test_a_module_whose_modes_differ_is_told(bundles, monkeypatch):
    class Moody(type(generator("unet").module)):
        def forward(self, image):
            return super().forward(image) + (0.25 if self.training else 0.0)

    one = generator("unet")
    one.module.__class__ = Moody
    parity = target.measure_parity(one, bundles["unet"].model)
    assert parity.difference < torch_export.TOLERANCE
    assert parity.between_modes == pytest.approx(0.25, abs=1e-4)
    assert not one.module.training


def test_sources(bundles, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(ExportError, match=r"has no best\.safetensors"):
        read_source(run)
    save_generator(run / "best.safetensors", generator("unet"))
    assert read_source(run).config == read_source(run / "best.safetensors").config == CONFIGS["unet"]
    (tmp_path / "model.onnx").write_bytes(bundles["unet"].model)
    assert read_source(tmp_path / "model.onnx").metadata == read_bundle(tmp_path / "model.onnx").metadata
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    for name, error in (("bad.safetensors", TrainingError), ("bad.onnx", BundleError), ("model.pt", ExportError)):
        with pytest.raises(error, match=name):
            read_source(tmp_path / name)
