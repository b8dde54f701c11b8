"""The file format: what goes in comes out, and everything else is refused in one line that names the file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import diptych
from diptych import networks
from diptych.core.errors import BundleError, ParameterError, PhotoExistsError
from diptych.recipes import Recipe, step
from diptych.runtime import BundleMetadata, OnnxEnhancer, make_bundle, read_bundle, save_bundle
from diptych.runtime.bundle import check_bundle
from diptych.runtime.known import known_metadata
from runtime_networks import NETWORKS, hourglass, make


def metadata(**more) -> BundleMetadata:
    return BundleMetadata(
        **({"name": "small", "channels_in": 3, "channels_out": 3, "multiple": 8, "receptive_field_radius": 60} | more)
    )


def test_what_is_saved_is_read(tmp_path):
    path = tmp_path / "small.onnx"
    config = networks.UNet(width=4, depth=3)
    given = metadata(
        summary="dark to light",
        generator=networks.to_dict(config),
        preprocess=Recipe(step("stretch")).to_toml(),
        licence="CC0-1.0",
        provenance={"steps": 7, "data": {"a": [1, 2.5, None, True]}},
        scores={"psnr": 21.5},
    )
    save_bundle(path, hourglass(), given)
    read = read_bundle(path)
    assert read.metadata == given
    assert read.source == str(path)
    assert networks.from_dict(read.metadata.generator) == config
    model = onnx.load_from_string(read.model)
    assert (model.producer_name, len(model.metadata_props)) == ("diptych", 1)
    assert len(model.graph.node) == len(onnx.load_from_string(hourglass()).graph.node)


def test_models_in_the_package_are_what_the_table_says(tmp_path):
    models = Path(diptych.__file__).parent / "models"
    table = json.loads((models / "checked.json").read_text())
    assert len(table) == len(list(models.glob("*.onnx")))
    for path in models.glob("*.onnx"):
        model = path.read_bytes()
        assert read_bundle(path) == check_bundle(model, source=str(path))
        assert table[hashlib.sha256(model).hexdigest()]["bytes"] == len(model)
        (tmp_path / "changed.onnx").write_bytes(model[:-1] + bytes([model[-1] ^ 1]))
        assert known_metadata((tmp_path / "changed.onnx").read_bytes()) is None


def test_metadata_of_0_1_is_read():
    today = metadata(
        preprocess=Recipe(step("stretch")).to_toml(), postprocess=Recipe(step("gamma", gamma=0.8)).to_toml()
    )
    named = {"receptive_field_radius": "reach", "preprocess": "before", "postprocess": "after"}
    stored = {named.get(key, key): value for key, value in json.loads(today.to_json()).items()}
    assert BundleMetadata.from_json(json.dumps(stored)) == today


def test_the_same_model_gives_the_same_bytes(tmp_path):
    for name in ("a.onnx", "b.onnx"):
        save_bundle(tmp_path / name, hourglass(), metadata())
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_nothing_is_overwritten_unasked(tmp_path):
    path = tmp_path / "small.onnx"
    path.write_bytes(b"mine")
    with pytest.raises(PhotoExistsError):
        save_bundle(path, hourglass(), metadata())
    assert path.read_bytes() == b"mine"
    save_bundle(path, hourglass(), metadata(), overwrite=True)
    assert read_bundle(path).metadata.name == "small"


def test_names_of_source_files_are_left_out(tmp_path):
    model = onnx.load_from_string(hourglass())
    entry = model.graph.node[0].metadata_props.add()
    entry.key, entry.value = "stack_trace", "/home/somebody/secret.py"
    model.doc_string = "/home/somebody"
    save_bundle(tmp_path / "small.onnx", model.SerializeToString(), metadata())
    assert b"somebody" not in (tmp_path / "small.onnx").read_bytes()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": 3},
        {"kind": "half"},
        {"channels_in": 0},
        {"channels_out": 3.0},
        {"multiple": True},
        {"receptive_field_radius": -1},
        {"precision": "int4"},
        {"preprocess": "not = a recipe"},
        {"kind": "whole", "preprocess": Recipe(step("stretch")).to_toml()},
        {"provenance": {"seed": float("nan")}},
        {"provenance": {"seed": 1j}},
        {"scores": {1: 2}},
        {"format": 4},
        {"format": 0},
    ],
    ids=str,
)
def test_wrong_facts_are_refused(wrong):
    with pytest.raises((ParameterError, ValueError)) as caught:
        metadata(**wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"name": "patchgan"}, {"name": "unet", "channels_in": 1}], ids=str)
def test_a_generator_that_is_none_is_not_written(wrong):
    with pytest.raises(ParameterError, match="generator"):
        make_bundle(hourglass(), metadata(generator=wrong))


# Each changes a good model into one that is refused, and says which words the message has.


def _with_metadata(change):
    def spoil(model):
        values = json.loads(model.metadata_props[0].value)
        change(values)
        model.metadata_props[0].value = json.dumps(values)

    return spoil


def _external(model):
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"


def _function(model):
    model.functions.append(helper.make_function("own", "F", ["a"], ["b"], [], [helper.make_opsetid("", 18)]))


def _subgraph(model):
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "ab"]
    body = helper.make_graph([helper.make_node("Relu", ["a"], ["b"])], "body", ends[:1], ends[1:])
    model.graph.node[0].attribute.append(helper.make_attribute("body", body))


def _loop(model):
    model.graph.node[0].op_type = "Loop"


def _foreign_domain(model):
    model.graph.node[0].domain = "com.example"


def _sparse(model):
    values = numpy_helper.from_array(np.ones(1, np.float32), "sparse")
    indices = numpy_helper.from_array(np.zeros(1, np.int64), "indices")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4]))


def _two_inputs(model):
    model.graph.input.append(helper.make_tensor_value_info("other", TensorProto.FLOAT, [1]))


def _renamed(model):
    model.graph.output[0].name = model.graph.node[-1].output[0] = "result"


def _attribute(name, *values):
    def spoil(model):
        for node in model.graph.node:
            for attribute in node.attribute:
                if attribute.name == name:
                    attribute.ints[:] = values
                    return

    return spoil


def _huge(model):
    scales = numpy_helper.from_array(np.array([1, 1, 20000, 20000], np.float32), "huge")
    model.graph.initializer.append(scales)
    next(node for node in model.graph.node if node.op_type == "Resize").input[2] = "huge"


def _set(path, value):
    def spoil(model):
        *way, last = path.split(".")
        place = model
        for word in way:
            place = place[int(word)] if word.isdigit() else getattr(place, word)
        setattr(place, last, value)

    return spoil


_SHAPE = "graph.input.0.type.tensor_type.shape.dim"

REFUSED = {
    "newer format": (_with_metadata(lambda v: v.update(format=4)), "newer Diptych"),
    "format of a wrong type": (_with_metadata(lambda v: v.update(format="1")), "not a version"),
    "unknown fact": (_with_metadata(lambda v: v.update(nmae="x")), "did you mean 'name'"),
    "missing fact": (_with_metadata(lambda v: v.pop("receptive_field_radius")), "lacks"),
    "wrong channels": (_with_metadata(lambda v: v.update(channels_in=1)), "channels"),
    "a recipe that is none": (_with_metadata(lambda v: v.update(postprocess="format = 1\nstep = 3")), "postprocess"),
    "facts that are not JSON": (_set("metadata_props.0.value", "{"), "damaged"),
    "facts nested without end": (_set("metadata_props.0.value", "[" * 100_000), "damaged"),
    "foreign": (_set("metadata_props.0.key", "other"), "save_bundle"),
    "facts twice": (lambda model: model.metadata_props.append(model.metadata_props[0]), "twice"),
    "newer operators": (_set("opset_import.0.version", 99), "upgrade"),
    "newer IR": (_set("ir_version", 99), "IR version"),
    "other operators": (lambda model: model.opset_import.append(helper.make_opsetid("com.example", 1)), "com.example"),
    "external data": (_external, "another file"),
    "function": (_function, "functions"),
    "subgraph": (_subgraph, "kind that a bundle does not have"),
    "operator that loops": (_loop, "Loop"),
    "operator of a stranger": (_foreign_domain, "com.example"),
    "sparse weights": (_sparse, "sparse"),
    "two inputs": (_two_inputs, "image, other"),
    "another output": (_renamed, "'enhanced'"),
    "fixed size": (_set(f"{_SHAPE}.2.dim_value", 64), "any size, 3, 64, any size"),
    "doubles": (_set("graph.input.0.type.tensor_type.elem_type", TensorProto.DOUBLE), "says float32 (any size, 3,"),
    "rank 3": (
        lambda model: model.graph.input[0].type.tensor_type.shape.dim.pop(),
        "is float32 (any size, 3, any size)",
    ),
    "weight shorter than it says": (_set("graph.initializer.0.raw_data", b"\0" * 8), "says it has"),
    "weight of a negative size": (lambda m: m.graph.initializer[0].dims.__setitem__(0, -3), "shape"),
    "weight of an enormous size": (lambda m: m.graph.initializer[0].dims.__setitem__(0, 1 << 40), "says it has"),
    "weight of strings": (_set("graph.initializer.0.data_type", TensorProto.STRING), "type"),
    "weight twice": (lambda model: model.graph.initializer.append(model.graph.initializer[0]), "two weights"),
    "value out of nowhere": (lambda m: m.graph.node[0].input.__setitem__(0, "nothing"), "before it is there"),
    "value made twice": (lambda m: m.graph.node[1].output.__setitem__(0, "x0"), "made twice"),
    "enormous padding": (_attribute("pads", 1 << 30, 1 << 30, 1 << 30, 1 << 30), "out of any bounds"),
    "enormous enlargement": (_huge, "enormous"),
    "stride that does not fit": (_attribute("strides", 1, 1), "export the model again"),
    "no nodes": (lambda model: model.graph.ClearField("node"), "does not make"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, tmp_path):
    spoil, words = REFUSED[name]
    model = onnx.load_from_string(make("hourglass").model)
    spoil(model)
    path = tmp_path / "bad.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BundleError) as caught:
        read_bundle(path)
    message = str(caught.value)
    assert message.startswith(str(path)), message
    assert words in message
    assert "\n" not in message
    assert len(message) < 500
    with pytest.raises(BundleError):
        OnnxEnhancer(path)


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n\x1a\n" + b"0" * 100, b"import os"], ids=["empty", "picture", "text"]
)
def test_what_is_no_model_is_refused(content, tmp_path):
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"bad\.onnx: is not an ONNX file"):
        read_bundle(path)


def test_a_truncated_file_is_refused(bundle_file):
    path = bundle_file()
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BundleError, match=r"hourglass\.onnx"):
        read_bundle(path)


def test_files_that_cannot_be_read(tmp_path, bundle_file):
    with pytest.raises(BundleError, match=r"none\.onnx: cannot be read"):
        read_bundle(tmp_path / "none.onnx")
    with pytest.raises(BundleError, match="not a regular file"):
        read_bundle(tmp_path)
    with pytest.raises(BundleError, match="larger than 1000 bytes"):
        read_bundle(bundle_file(), max_bytes=1000)


def test_unfit_graphs_are_not_saved(tmp_path):
    path = tmp_path / "small.onnx"
    for wrong in (metadata(channels_out=1), metadata(multiple=4), metadata(kind="whole")):
        with pytest.raises(BundleError, match=r"small\.onnx"):
            save_bundle(path, hourglass(), wrong)
    assert not path.exists()


def test_all_networks_of_the_tests_are_bundles():
    for name in NETWORKS:
        assert make(name).metadata.name == name
