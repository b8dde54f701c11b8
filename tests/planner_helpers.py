"""Planners of random weights, and bundles of planners that need no torch."""

from __future__ import annotations

import numpy as np

from diptych.networks import Planner
from diptych.runtime import BundleMetadata, make_bundle

CONFIGS = {
    "colour": Planner(width=4, thumbnail=32, dropout=0.3),
    "grey": Planner(width=4, thumbnail=32, channels_in=1, channels_out=1),
}

NEUTRAL = {
    "exposure": 0.0,
    "gamma": 1.0,
    "shadows": 0.0,
    "local": 0.0,
    "protect": 0.0,
    "follow": 1.0,
    "saturation": 1.0,
}
NEUTRAL |= {"warmth": 0.0, "tint": 0.0, "color_floor": 0.0, "spread": 0.5}

DARK = NEUTRAL | {"exposure": 4.0, "shadows": 2.0, "local": 0.5, "warmth": 0.1, "spread": 0.7}
"""Numbers for a dark picture."""


def awaken(module, *, strength=0.3, seed=7):
    """Give weights to the last layer, which begins at 0, so that pictures differ in their numbers."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        module.head.weight.add_(strength * torch.randn(module.head.weight.shape, generator=generator))
        module.head.bias.add_(strength * torch.randn(module.head.bias.shape, generator=generator))
    return module


def trained(name="colour", *, seed=3, **more):
    """Return a generator whose weights do something, as a training would leave it."""
    from diptych.networks import build
    from diptych.training.generator_file import TrainedGenerator

    module = awaken(build(CONFIGS[name], seed=seed), seed=seed).eval().requires_grad_(False)
    return TrainedGenerator(CONFIGS[name], module, name=name, **more)


def planner_model(numbers, *, channels=3, side=32, slope=0.0):
    """Return a graph that says these numbers, plus `slope` times the mean of the thumbnail."""
    from onnx import TensorProto, helper, numpy_helper

    count = len(numbers)
    constants = {
        "base": np.array(list(numbers.values()), np.float32),
        "slope": np.full((1, count), slope, np.float32),
        "axes": np.array([1, 2, 3]),
    }
    nodes = [
        helper.make_node("ReduceMean", ["thumbnail", "axes"], ["mean"], keepdims=0),
        helper.make_node("Reshape", ["mean", "column"], ["tall"]),
        helper.make_node("MatMul", ["tall", "slope"], ["wide"]),
        helper.make_node("Add", ["wide", "base"], ["numbers"]),
    ]
    constants["column"] = np.array([-1, 1])
    graph = helper.make_graph(
        nodes,
        "planner",
        [helper.make_tensor_value_info("thumbnail", TensorProto.FLOAT, ["n", channels, side, side])],
        [helper.make_tensor_value_info("numbers", TensorProto.FLOAT, ["n", count])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def planner_metadata(numbers, *, channels=3, **facts):
    """Return the metadata of such a graph."""
    known = {"name": "evening", "kind": "planner", "outputs": tuple(numbers), "format": 2}
    sizes = {"channels_in": channels, "channels_out": channels, "multiple": 1, "receptive_field_radius": 0}
    return BundleMetadata(**(known | sizes | facts))


def planner_bundle(numbers=DARK, *, channels=3, side=32, slope=0.0, **facts):
    """Return the bundle of such a graph."""
    model = planner_model(numbers, channels=channels, side=side, slope=slope)
    return make_bundle(model.SerializeToString(), planner_metadata(numbers, channels=channels, **facts))
