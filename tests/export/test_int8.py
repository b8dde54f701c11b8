"""8 bits: near enough to the floats, with what hurts kept in floats, and fine-tuning where that is not enough."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from diptych.core.errors import ParameterError
from diptych.export import ExportError
from diptych.export.distance import decibels
from diptych.export.finetune import fine_tune, quantised
from diptych.export.int8 import WEIGHT_LIMIT, rank_layers, to_int8
from diptych.export.pictures import as_batches
from diptych.export.sessions import open_session
from diptych.export.whole import to_whole
from export_helpers import CONFIGS, generator


@pytest.fixture(scope="module")
def batches(bundles, pictures):
    return as_batches(pictures, bundles["unet"].metadata, side=64)


@pytest.fixture(scope="module")
def plain(bundles, batches):
    return to_int8(bundles["unet"], batches, calibrate="minmax", wanted=0)


def test_convolutions_have_signed_weights_per_channel_and_unsigned_values(plain):
    graph = onnx.load_from_string(plain.bundle.model).graph
    constants = constants_of(graph)
    made = {node.output[0]: node for node in graph.node}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert convolutions
    assert makers_of_weights(convolutions, made) == ["DequantizeLinear"] * (len(convolutions) - 1) + [None]
    for node in convolutions[:-1]:
        values, scale, _ = (constants[name] for name in made[node.input[1]].input)
        assert values.dtype == np.int8
        assert scale.shape == (len(values),)
        assert made[node.input[0]].op_type == "DequantizeLinear"
    rounded = [node for node in graph.node if node.op_type == "QuantizeLinear"]
    assert all(constants[node.input[2]].dtype == np.uint8 for node in rounded)
    assert plain.bundle.metadata.precision == "int8"


def constants_of(graph):
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def quantised_weights(model: bytes) -> list[np.ndarray]:
    """Return the stored weights of every convolution that is computed in 8 bits."""
    graph = onnx.load_from_string(model).graph
    constants, made = constants_of(graph), {node.output[0]: node for node in graph.node}
    makers = [made.get(node.input[1]) for node in graph.node if node.op_type in ("Conv", "ConvTranspose")]
    return [constants[maker.input[0]] for maker in makers if maker is not None]


def largest_pair(weights: np.ndarray) -> int:
    """Return the largest sum of two products of an output channel, whichever the kernel adds: activations go up to 255."""
    magnitudes = np.abs(weights.reshape(len(weights), -1).astype(int))
    padded = np.pad(magnitudes, ((0, 0), (1, 0)))  # a kernel with one weight has no second
    return int(255 * np.partition(padded, -2, axis=1)[:, -2:].sum(axis=1).max())


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("wanted", [0, 60], ids=["all layers", "some in floats"])
def test_no_pair_of_products_leaves_16_bits(name, wanted, bundles, pictures):
    """AVX2 without VNNI adds two products with saturation at 32767: the law that makes the answer that of every processor."""
    batches = as_batches(pictures, bundles[name].metadata, side=32)
    found = to_int8(bundles[name], batches, calibrate="minmax", wanted=wanted, seconds=1)
    for model in (found.bundle.model, to_whole(found.bundle).model):
        weights = quantised_weights(model)
        assert weights
        assert max(largest_pair(one) for one in weights) <= 32767


def test_the_law_sees_weights_of_8_bits(plain):
    """The law above can fail: the same weights rounded to the full range break it."""
    weights = [np.clip(one.astype(int) * 2, -127, 127) for one in quantised_weights(plain.bundle.model)]
    assert max(largest_pair(one) for one in weights) > 32767
    assert largest_pair(np.array([[127]])) == 127 * 255
    assert largest_pair(np.array([[-64, 3, 64]])) == 32640


def test_weights_use_the_range_that_they_have(plain):
    for weights in quantised_weights(plain.bundle.model):
        extremes = np.abs(weights.reshape(len(weights), -1)).max(axis=1)
        assert extremes.max() == WEIGHT_LIMIT
        assert (extremes >= WEIGHT_LIMIT - 1).all()


def makers_of_weights(convolutions, made):
    return [made[node.input[1]].op_type if node.input[1] in made else None for node in convolutions]


def test_the_decibels_are_those_of_the_held_out_pictures(plain, bundles, batches):
    both = [open_session(bundle.model) for bundle in (plain.bundle, bundles["unet"])]
    results = [
        np.concatenate([session.run(None, {"image": batch})[0].ravel() for batch in batches[1::2]]) for session in both
    ]
    assert plain.decibels == pytest.approx(decibels(*results), abs=1e-3)
    assert plain.decibels > 25
    assert len(plain.kept_float) == 1  # the last


def test_layers_that_hurt_stay_in_floats(plain, bundles, batches):
    spared = to_int8(bundles["unet"], batches, calibrate="minmax", wanted=60)
    assert spared.decibels > plain.decibels + 0.2
    assert spared.kept_float[0] == plain.kept_float[0]
    assert len(spared.kept_float) == 2  # of four
    nodes = onnx.load_from_string(spared.bundle.model).graph.node
    makers = {name: node.op_type for node in nodes for name in node.output}
    free = [node for node in nodes if node.op_type == "Conv" and makers.get(node.input[1]) != "DequantizeLinear"]
    assert len(free) == len(spared.kept_float)
    assert spared.bundle.metadata.provenance["int8"]["kept_float"] == list(spared.kept_float)


def test_all_ways_to_calibrate_are_tried(bundles, batches):
    single = {
        way: to_int8(bundles["unet"], batches, calibrate=way, wanted=0) for way in ("minmax", "percentile", "entropy")
    }
    best = to_int8(bundles["unet"], batches, wanted=0)
    assert best.decibels == max(one.decibels for one in single.values())
    assert single[best.calibration].decibels == best.decibels


def test_layers_are_ranked_by_what_they_gain_within_the_time():
    gains = {"a": 1.0, "b": 4.0, "c": 2.0, "d": 3.0}
    assert rank_layers("abcd", gains.__getitem__, 60) == ["b", "d", "c", "a"]
    asked = []
    assert rank_layers("abcd", lambda name: asked.append(name) or 0.0, -1) == ["a", "b", "c", "d"]
    assert asked == ["a"]


def test_one_file_with_everything_in_8_bits(plain, pictures):
    whole = to_whole(plain.bundle)
    assert (whole.metadata.kind, whole.metadata.precision) == ("whole", "int8")
    result = open_session(whole.model).run(None, {"image": pictures[0]})[0]
    assert result.shape == pictures[0].shape


def test_wrong_starts_are_refused(plain, bundles, batches):
    with pytest.raises(ExportError, match="starts from a float32 network"):
        to_int8(plain.bundle, batches)
    with pytest.raises(ExportError, match="needs pictures"):
        to_int8(bundles["unet"], [])
    with pytest.raises(ParameterError, match="calibrate = 'mean'"):
        to_int8(bundles["unet"], batches, calibrate="mean")


def _error(module, teacher, batches) -> float:
    with torch.no_grad(), quantised(module):
        pairs = [(module(torch.from_numpy(batch)), teacher(torch.from_numpy(batch))) for batch in batches]
    return float(np.mean([(one - other).abs().mean() for one, other in pairs]))


def test_fine_tuning_lowers_the_error(batches):
    teacher = generator("unet")
    before = [weight.clone() for weight in teacher.module.parameters()]
    tuned = fine_tune(teacher, batches, steps=200, learning_rate=2e-4, crop=64)
    assert all(torch.equal(one, other) for one, other in zip(before, teacher.module.parameters(), strict=True))
    worse, better = (_error(one.module, teacher.module, batches) for one in (generator("unet"), tuned))
    assert better < 0.96 * worse  # most of the error is the rounding of values, which no weight can undo
    assert tuned.provenance["fine_tuned"]["steps"] == 200
    assert not hasattr(tuned.module, "parametrizations")


def test_fine_tuning_is_decided_by_its_seed(batches):
    first, again, other = (fine_tune(generator("unet"), batches, steps=2, crop=32, seed=seed) for seed in (1, 1, 2))
    weights = [torch.cat([part.flatten() for part in one.module.parameters()]) for one in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_the_rounding_of_the_fine_tuning_is_that_of_the_runtime(plain, batches):
    module = generator("unet").module
    batches = batches[::2]  # those that the ranges are of
    with torch.no_grad(), quantised(module):
        simulated = [module(torch.from_numpy(batch)).numpy() for batch in batches]
    session = open_session(plain.bundle.model)
    exact = [generator("unet").module(torch.from_numpy(batch)).numpy() for batch in batches]
    real = [session.run(None, {"image": batch})[0] for batch in batches]
    losses = [np.mean([decibels(a, b) for a, b in zip(some, exact, strict=True)]) for some in (simulated, real)]
    assert losses[0] == pytest.approx(losses[1], abs=3)


def test_fine_tuning_needs_pictures_and_steps(batches):
    with pytest.raises(ParameterError, match="steps = 0"):
        fine_tune(generator("unet"), batches, steps=0)
    with pytest.raises(ParameterError, match="0 pictures"):
        fine_tune(generator("unet"), [])
