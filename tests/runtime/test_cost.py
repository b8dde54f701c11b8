"""Graphs whose tensors or multiplications are enormous together are refused, ordinary ones are far from the bounds."""

from __future__ import annotations

import pytest

from diptych.core.errors import BundleError
from diptych.runtime import OnnxEnhancer, default_model, read_bundle
from diptych.runtime.bundle import bundle_of
from diptych.runtime.graph import Graph, NotLocalError
from diptych.runtime.graph_cost import Cost, before_picture, cost
from diptych.runtime.metadata import BundleMetadata
from diptych.runtime.stages import plan
from hostile_files import model, products, tensors
from runtime_networks import NETWORKS, make

onnx = pytest.importorskip("onnx")
node = onnx.helper.make_node


def test_multiplications_are_bounded_together():
    with pytest.raises(BundleError, match=r"m\.onnx: makes [0-9]+ values before it sees a picture"):
        bundle_of(products(200), source="m.onnx")
    with pytest.raises(BundleError, match=r"m\.onnx: takes [0-9]+ multiplications before it sees a picture"):
        bundle_of(products(40, side=512), source="m.onnx")
    assert OnnxEnhancer(bundle_of(products(3, side=8), source="m.onnx"))


def test_tensors_are_bounded_together():
    with pytest.raises(BundleError, match=r"m\.onnx: makes [0-9]+ values before it sees a picture"):
        bundle_of(tensors(40), source="m.onnx")


def test_what_depends_on_the_picture_is_bounded_too():
    nodes = [node("Concat", ["image"] * 64, ["t0"], axis=1)]
    nodes += [node("Relu", [f"t{index}"], [f"t{index + 1}"]) for index in range(200)]
    nodes += [node("ReduceMean", ["t200", "axes"], ["mean"]), node("Add", ["image", "mean"], ["enhanced"])]
    with pytest.raises(BundleError, match=r"m\.onnx: makes [0-9]+ values for a small picture"):
        bundle_of(model(nodes, {"axes": [1]}), source="m.onnx")


def test_constants_of_unknown_size_are_refused_in_whole_graphs_too():
    proto = onnx.load_from_string(make("whole").model)
    proto.graph.node.insert(0, node("ConstantOfShape", ["unknown"], ["large"]))
    proto.graph.node.insert(0, node("Cast", ["side"], ["unknown"], to=7))
    proto.graph.initializer.append(onnx.helper.make_tensor("side", 1, [2], [1e5, 1e5]))
    with pytest.raises(BundleError, match=r"m\.onnx: the size of 'large'"):
        bundle_of(proto.SerializeToString(), source="m.onnx")


def test_costs_are_those_of_the_definition():
    shapes = {"a": [1, 3, 10, 10], "w": [8, 3, 3, 3], "b": [1, 8, 10, 10], "v": [8, 2, 2, 2], "c": [1, 2, 20, 20]}
    shapes |= {"m": [6, 4], "n": [4, 5], "p": [6, 5], "q": [1, 8, 5, 5]}
    assert cost([node("Conv", ["a", "w"], ["b"])], shapes) == Cost(800, 800 * 27)
    assert cost([node("ConvTranspose", ["b", "v"], ["c"])], shapes) == Cost(800, 800 * 8)
    assert cost([node("MatMul", ["m", "n"], ["p"]), node("Gemm", ["m", "n"], ["p"])], shapes) == Cost(60, 240)
    assert cost([node("MaxPool", ["b"], ["q"], kernel_shape=[2, 2])], shapes) == Cost(200, 800)
    nodes = [node("Add", ["w", "w"], ["x"]), node("Mul", ["image", "x"], ["y"]), node("Neg", ["y"], ["z"])]
    assert before_picture(nodes, "image") == nodes[:1]


def test_ordinary_models_are_far_from_the_bounds(monkeypatch):
    from diptych.runtime import graph_cost

    for name in ("VALUES_PER_PIXEL", "MULTIPLICATIONS_PER_PIXEL", "FREE_VALUES", "FREE_MULTIPLICATIONS"):
        monkeypatch.setattr(graph_cost, name, getattr(graph_cost, name) // 10)
    assert read_bundle(default_model())
    for name in (*NETWORKS, "whole"):
        assert make(name)


def test_plans_that_would_take_minutes_are_not_made():
    def chain(kind: str, number: int) -> Graph:
        names = ["image", *(f"t{index}" for index in range(number - 1)), "enhanced"]
        more = ["s", "s"] if kind == "InstanceNormalization" else []
        nodes = [node(kind, [names[i], *more], [names[i + 1]]) for i in range(number)]
        proto = onnx.load_from_string(model(nodes, {}))
        proto.graph.initializer.append(onnx.helper.make_tensor("s", 1, [3], [1.0] * 3))
        return Graph(proto, 1)

    assert plan(chain("InstanceNormalization", 20))
    for graph in (chain("InstanceNormalization", 1000), chain("Relu", 3000)):
        with pytest.raises(NotLocalError):
            plan(graph)


def test_metadata_that_is_nested_deeply_is_refused():
    values = BundleMetadata(name="a", channels_in=3, channels_out=3, multiple=1, receptive_field_radius=0).to_json()
    deep = values.replace('"scores": {}', '"scores": ' + '{"a": ' * 40 + "1" + "}" * 40)
    assert deep != values
    with pytest.raises(BundleError, match=r"m: its metadata is damaged"):
        BundleMetadata.from_json(deep, source="m")
