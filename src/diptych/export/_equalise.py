"""Equal standard deviations for the channels of a convolution before they are quantised with one scale.

The output of a convolution is quantised with one scale for all channels, so that a weak channel keeps few levels. Where an
instance normalisation follows, the gain of a channel is arbitrary: its weights may be multiplied by any number, and the network
computes the same (but for epsilon, which is compensated at the standard deviation measured on the pictures).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diptych.export._graph import without_unused
from diptych.export.pictures import Batch
from diptych.export.sessions import open_session
from diptych.runtime.bundle import INPUT

if TYPE_CHECKING:
    import onnx

_LARGEST_GAIN = 16.0  # a channel that is nearly constant on these pictures may not be on others
_EPSILON = 1e-5


def equalise(model: onnx.ModelProto, batches: Sequence[Batch]) -> onnx.ModelProto:
    """Return the model with equal standard deviations in the channels before each instance normalisation.

    Each channel is multiplied by the ratio of the median standard deviation to its own, between 1/16 and 16.

    References
    ----------
    Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019, section 4.1, where the
    neighbouring layers are balanced against each other; here the normalisation makes that unnecessary.
    """
    from onnx import numpy_helper

    pairs = _pairs(model.graph)
    equal = type(model).FromString(model.SerializeToString())
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in equal.graph.initializer}
    nodes = {node.name: node for node in equal.graph.node}
    for (convolution, norm), spread in zip(pairs, _spreads(model, pairs, batches), strict=True):
        middle = float(np.median(spread))
        if not middle > 0:
            continue
        factor = np.clip(middle / np.maximum(spread, 1e-12), 1 / _LARGEST_GAIN, _LARGEST_GAIN)
        # Keeps the weight of epsilon at the measured standard deviation.
        share = np.sqrt((spread**2 + _EPSILON / factor**2) / (spread**2 + _EPSILON))
        weight, scale = constants[convolution.input[1]], constants[norm.input[1]]
        _replace(equal.graph, nodes[convolution.name], 1, weight * factor[:, np.newaxis, np.newaxis, np.newaxis])
        _replace(equal.graph, nodes[norm.name], 1, scale * share)
    return without_unused(equal)


def _pairs(graph: onnx.GraphProto) -> list[tuple[onnx.NodeProto, onnx.NodeProto]]:
    """Return the convolutions without a bias whose output is read by an instance normalisation only."""
    uses = Counter(name for node in graph.node for name in node.input)
    makers = {node.output[0]: node for node in graph.node}
    found = []
    for norm in graph.node:
        maker = makers.get(norm.input[0]) if norm.op_type == "InstanceNormalization" else None
        if maker is not None and maker.op_type == "Conv" and len(maker.input) == 2 and uses[maker.output[0]] == 1:
            found.append((maker, norm))
    return found


def _spreads(model: onnx.ModelProto, pairs: Sequence[Any], batches: Sequence[Batch]) -> list[NDArray[np.float64]]:
    """Return the standard deviation of every channel of the convolutions, over the pictures."""
    from onnx import TensorProto, helper

    watched = type(model).FromString(model.SerializeToString())
    names = [convolution.output[0] for convolution, _ in pairs]
    watched.graph.ClearField("value_info")
    watched.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = open_session(watched.SerializeToString())
    variances = (
        [
            [values.astype(np.float64).var(axis=(0, 2, 3)) for values in session.run(names, {INPUT: batch})]
            for batch in batches
        ]
        if names
        else []
    )
    return [np.sqrt(np.mean(column, axis=0)) for column in zip(*variances, strict=True)]


def _replace(graph: onnx.GraphProto, node: onnx.NodeProto, index: int, values: NDArray[Any]) -> None:
    """Give a node a constant of its own; the old one may be shared."""
    from onnx import numpy_helper

    name = f"{node.name}_equal_{index}"
    graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), name))
    node.input[index] = name
