"""TensorRT, where it is not: what is missing is said, and the graph is checked against its list."""

from __future__ import annotations

import dataclasses

import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from diptych.export import ExportError, UnavailableError
from diptych.export.int8 import to_int8
from diptych.export.pictures import as_batches
from diptych.export.tensorrt import PROVIDER, SUPPORTED, TABLE, check_machine, options, unsupported_operators
from diptych.runtime.graph_check import OPERATORS


@pytest.mark.parametrize("name", ["unet", "resnet", "mobile"])
def test_every_operator_of_the_generators_is_in_the_list(name, bundles):
    assert unsupported_operators(bundles[name].model) == {}


def test_the_list_names_operators():
    known = {schema.name for schema in onnx.defs.get_all_schemas()}
    assert known >= SUPPORTED
    assert {"Conv", "InstanceNormalization", "Resize", "Tanh", "Concat", "LeakyRelu"} <= SUPPORTED
    assert not SUPPORTED & {"Mod", "ConvInteger", "QLinearConv", "Mish"}
    assert OPERATORS - SUPPORTED  # else there is nothing to check


def _with_mish(bundle):
    model = onnx.load_from_string(bundle.model)
    model.graph.node[-1].output[0] = "drawn"
    model.graph.node.append(helper.make_node("Mish", ["drawn"], ["enhanced"]))
    return dataclasses.replace(bundle, model=model.SerializeToString())


def test_an_operator_outside_the_list_is_named(bundles):
    odd = _with_mish(bundles["unet"])
    assert unsupported_operators(odd.model) == {"Mish": 1}
    with pytest.raises(ExportError, match=r"TensorRT has no Mish \(1\)"):
        check_machine(odd)


def test_zero_points_are_found(bundles, pictures):
    batches = as_batches(pictures, bundles["unet"].metadata, side=32)
    model = to_int8(bundles["unet"], batches, calibrate="minmax", wanted=0).bundle
    assert "QuantizeLinear with a zero point" in unsupported_operators(model.model)
    with pytest.raises(ExportError, match="starts from a float32 network"):
        check_machine(model)


def test_computed_weights_are_found():
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8, 8]) for name in ("image", "enhanced")]
    nodes = [
        helper.make_node("Exp", ["image"], ["weights"]),
        helper.make_node("Conv", ["image", "weights"], ["enhanced"]),
    ]
    model = helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:]))
    assert unsupported_operators(model.SerializeToString()) == {"Conv with computed weights": 1}


@pytest.mark.skipif(PROVIDER in onnxruntime.get_available_providers(), reason="the provider is here")
def test_without_the_provider_it_says_how_to_get_it(bundles):
    with pytest.raises(UnavailableError, match=r"has no TensorrtExecutionProvider.*onnxruntime-gpu tensorrt"):
        check_machine(bundles["unet"])


def test_options_are_those_of_the_provider(tmp_path):
    half, eight = (options(tmp_path, precision=name, calibrated=True) for name in ("float16", "int8"))
    assert half["trt_fp16_enable"] == "True"
    assert half["trt_engine_cache_path"] == str(tmp_path)
    assert "trt_int8_enable" not in half
    assert eight["trt_int8_calibration_table_name"] == TABLE
