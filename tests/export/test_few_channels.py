"""Convolutions in blocks of 2 x 2 px give what they gave before."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from diptych.export._few_channels import in_blocks
from diptych.export.sessions import open_session

NEAREST = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
LINEAR = {"mode": "linear", "coordinate_transformation_mode": "asymmetric"}


def network(*, side=3, pads=(1, 1, 1, 1), made=3, bias=True, before=(), strides=(1, 1)):
    """Return a graph with 5 channels inside: a convolution by 1 x 1, what comes before the last one, and the last one."""
    random = np.random.default_rng(0)
    weights = {
        "widen": random.normal(size=(5, 3, 1, 1)),
        "kernel": random.normal(size=(made, 5, side, side)),
        "bias": random.normal(size=made),
    }
    weights = {name: values.astype(np.float32) for name, values in weights.items()}
    weights |= {"scales": np.array([1, 1, 2, 2], np.float32), "around": np.array([0, 0, 3, 3, 0, 0, 3, 3])}
    first = helper.make_node(
        "Conv", ["image", "widen"], ["wide"], strides=[2, 2] if "Resize" in str(before) else [1, 1]
    )
    inputs = ["inside" if before else "wide", "kernel", *(["bias"] if bias else [])]
    last = helper.make_node("Conv", inputs, ["last"], pads=list(pads), strides=list(strides))
    nodes = [first, *before, last, helper.make_node("Tanh", ["last"], ["enhanced"])]
    used = {name for node in nodes for name in node.input}
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", channels, "h", "w"])
        for name, channels in (("image", 3), ("enhanced", made))
    ]
    constants = [numpy_helper.from_array(values, name) for name, values in weights.items() if name in used]
    graph = helper.make_graph(nodes, "test", ends[:1], ends[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def resize(**kind):
    return helper.make_node("Resize", ["wide", "", "scales"], ["inside"], **kind)


def pad():
    return helper.make_node("Pad", ["wide", "around"], ["inside"], mode="edge")


def kinds(model):
    return Counter(node.op_type for node in model.graph.node)


@pytest.mark.parametrize(
    ("model", "sides"),
    [
        (network(), (4, 4)),
        (network(bias=False), (4, 4)),
        (network(side=1, pads=(0, 0, 0, 0)), (2, 2)),
        (network(side=7, pads=(0, 0, 0, 0), before=[pad()]), (8, 8)),
        (network(before=[resize(**NEAREST)]), (3, 3)),
        (network(side=5, pads=(2, 2, 2, 2), before=[resize(**NEAREST)]), (6, 6)),
        (network(before=[resize(**LINEAR)]), (4, 4)),
    ],
    ids=["plain", "no bias", "single", "padded", "doubled", "doubled, too large", "doubled otherwise"],
)
def test_the_same_in_blocks(model, sides):
    changed = in_blocks(model, 2)
    onnx.checker.check_model(changed, full_check=True)
    assert kinds(changed)["DepthToSpace"] == 1
    kernel = next(tensor for tensor in changed.graph.initializer if tensor.name == "last/kernel")
    assert tuple(kernel.dims) == (12, 5, *sides)
    assert kinds(changed)["Resize"] == (0 if sides == (3, 3) else kinds(model)["Resize"])
    picture = np.random.default_rng(1).random((2, 3, 6, 10), np.float32)
    before, after = (open_session(one.SerializeToString()).run(None, {"image": picture})[0] for one in (model, changed))
    np.testing.assert_allclose(after, before, atol=2e-6)


@pytest.mark.parametrize(
    ("model", "multiple"),
    [(network(), 3), (network(made=5), 2), (network(strides=(2, 2)), 2)],
    ids=["odd sides", "many channels", "strided"],
)
def test_others_stay(model, multiple):
    assert in_blocks(model, multiple).SerializeToString() == model.SerializeToString()


def test_a_kernel_at_the_wrong_place_is_seen(monkeypatch):
    """The comparison above can fail."""
    from diptych.export import _few_channels

    right = _few_channels._blocks
    monkeypatch.setattr(_few_channels, "_blocks", lambda kernel: right(kernel)[..., ::-1])
    picture = np.random.default_rng(1).random((1, 3, 6, 10), np.float32)
    models = network(), in_blocks(network(), 2)
    before, after = (open_session(one.SerializeToString()).run(None, {"image": picture})[0] for one in models)
    assert np.abs(after - before).max() > 0.1
