"""The whole graph does in 8 bits what the recipe, the network and the recipe after it do in Diptych."""

from __future__ import annotations

import dataclasses

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from diptych.export import ExportError
from diptych.export.sessions import open_session
from diptych.export.whole import to_whole
from diptych.recipes import Recipe, step
from diptych.runtime import Bundle, BundleMetadata, OnnxEnhancer, make_bundle

NAMES = ("stretch", "each", "gamma", "levels", "specify", "specify each", "all")


def with_steps(bundle: Bundle, before: Recipe | None = None, after: Recipe | None = None) -> Bundle:
    texts = {"preprocess": before.to_toml() if before else "", "postprocess": after.to_toml() if after else ""}
    return dataclasses.replace(bundle, metadata=dataclasses.replace(bundle.metadata, **texts))


def copying(channels: int, multiple: int = 4) -> Bundle:
    """Return a network that hands back its input."""
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, "h", "w"])
        for name in ("image", "enhanced")
    ]
    graph = helper.make_graph([helper.make_node("Identity", ["image"], ["enhanced"])], "copy", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    metadata = BundleMetadata(
        name="copy", channels_in=channels, channels_out=channels, multiple=multiple, receptive_field_radius=0
    )
    return make_bundle(model.SerializeToString(), metadata)


def run(bundle: Bundle, picture: np.ndarray) -> np.ndarray:
    return open_session(bundle.model).run(None, {"image": picture})[0]


def odd_pictures(channels: int) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    return [
        rng.integers(0, 256, (1, 1, channels), np.uint8),
        rng.integers(0, 256, (1, 9, channels), np.uint8),
        np.full((5, 6, channels), 77, np.uint8),
        (rng.random((23, 14, channels)) ** 4 * 120).astype(np.uint8),
        rng.choice(np.uint8([0, 3, 250]), (17, 31, channels)),
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("channels", [1, 3])
def test_steps_are_those_of_the_operators(name, place, channels, recipes, pictures):
    if name == "specify each" and channels == 1:
        pytest.skip("its table has three rows")
    recipe = recipes[name]
    whole = to_whole(with_steps(copying(channels), **{place: recipe}))
    for picture in [*odd_pictures(channels), pictures[1][:, :, :channels]]:
        expected = recipe(picture).astype(int)
        result = run(whole, np.ascontiguousarray(picture))
        assert result.dtype == np.uint8
        assert np.abs(result - expected).max() <= 1
        assert (result != expected).mean() < 0.06


@pytest.mark.parametrize("name", ["unet", "resnet", "mobile"])
def test_the_network_is_padded_and_cut(name, bundles, pictures, recipes):
    bundle = with_steps(bundles[name], recipes["stretch"], recipes["gamma"])
    whole = to_whole(bundle)
    enhancer = OnnxEnhancer(bundle, threads=1)
    for picture in [*odd_pictures(3), *pictures]:
        expected = enhancer(picture).astype(int)
        assert np.abs(run(whole, picture) - expected).max() <= 1
    assert expected.std() > 10


def test_the_runtime_runs_it_too(bundles, pictures, recipes):
    bundle = with_steps(bundles["unet"], recipes["all"])
    whole = to_whole(bundle)
    assert (whole.metadata.kind, whole.metadata.preprocess) == ("whole", "")
    assert whole.metadata.provenance["steps_inside"]["preprocess"] == recipes["all"].to_toml()
    assert np.array_equal(OnnxEnhancer(whole, threads=1)(pictures[0]), run(whole, pictures[0]))


def test_what_is_not_needed_is_not_there(bundles, recipes):
    plain = onnx.load_from_string(to_whole(bundles["unet"]).model).graph
    fixed = onnx.load_from_string(to_whole(with_steps(bundles["unet"], recipes["gamma"])).model).graph
    counted = onnx.load_from_string(to_whole(with_steps(bundles["unet"], recipes["stretch"])).model).graph
    assert [sum(node.op_type == "ScatterElements" for node in one.node) for one in (plain, fixed, counted)] == [0, 0, 1]


@pytest.mark.parametrize("name", ["denoise_nlm", "develop"])
def test_a_step_without_a_form_in_the_graph_is_named(bundles, name):
    bundle = with_steps(bundles["unet"], after=Recipe(step("gamma"), step(name)))
    with pytest.raises(
        ExportError, match=rf"{name} cannot be part of a graph \(gamma, levels, .*remove it.*`whole=True`"
    ):
        to_whole(bundle)
    with pytest.raises(ExportError, match="includes its steps already"):
        to_whole(to_whole(bundles["unet"]))
