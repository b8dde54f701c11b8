"""UGATIT through the gate of the exports: the same answers as PyTorch at any size, light and full."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from diptych.core.errors import ParameterError
from diptych.export import onnx as target
from diptych.networks import UGATIT, build
from diptych.recipes import Recipe
from diptych.runtime import OnnxEnhancer
from diptych.training.generator_file import TrainedGenerator


def generator(config):
    """Return a generator with weights that do something."""
    module = build(config, seed=3).eval().requires_grad_(False)
    draw = torch.Generator().manual_seed(5)
    for weight in module.parameters():
        if weight.dim() == 4 and weight.shape[-1] > 1:
            weight.normal_(0, (2 / weight[0].numel()) ** 0.5, generator=draw)
    return TrainedGenerator(config, module, Recipe(), Recipe(), {}, "small")


@pytest.fixture(scope="module", params=[True, False], ids=["light", "full"])
def made(request):
    one = generator(UGATIT(width=4, blocks=1, light=request.param, size=32))
    return one, target.to_bundle(one)


def test_the_graph_computes_what_the_module_does(made):
    one, bundle = made
    assert bundle.metadata.provenance["export"]["difference_from_pytorch"] < 1e-5
    assert bundle.metadata.multiple == 4
    enhance = OnnxEnhancer(bundle, threads=1)
    image = np.random.default_rng(0).random((37, 50, 3), np.float32)
    result = enhance(image)
    assert result.std() > 0.02
    assert np.abs(result - one(image)).max() < 1e-4


def test_too_little_memory_is_told(made):
    enhance = OnnxEnhancer(made[1], threads=1, memory=64 << 20)
    with pytest.raises(ParameterError, match="cannot be computed in pieces"):
        enhance(np.zeros((1200, 1200, 3), np.uint8))
