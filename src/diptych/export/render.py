"""The generator `render` as an ONNX model for pictures of any size, with its weights in float32 or float16."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diptych.export._graph import Graph
from diptych.export._render_graph import draw_graph
from diptych.networks.modules.render import RenderModule
from diptych.runtime.bundle import INPUT, OUTPUT

if TYPE_CHECKING:
    import onnx

    from diptych.training.generator_file import TrainedGenerator

OPSET = 20
"""The first operator set whose GridSample reads from a grid of three axes."""

_SMALLEST_HALF = 64  # values; a smaller weight would save less than its Cast node takes


def render_graph(generator: TrainedGenerator) -> bytes:
    """Return the graph of a trained `render`: float32 ``(N, C, H, W)`` in [0, 1] of any size to the same.

    Parameters
    ----------
    generator : TrainedGenerator
        With a config of the type `diptych.networks.Render`. Weights that are exact in float16 (see `halved`) are stored as
        float16, with a Cast node that a runtime folds when it loads the graph.

    Returns
    -------
    bytes
        An ONNX model without metadata, of standard operators.
    """
    from onnx import TensorProto, helper

    module = generator.module
    assert isinstance(module, RenderModule)
    graph = _stored(draw_graph(module))
    channels = module.config.channels_in
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, "h", "w"]) for name in (INPUT, OUTPUT)
    ]
    made = helper.make_graph(graph.nodes, "render", ends[:1], ends[1:], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    return model.SerializeToString(deterministic=True)


def halved(generator: TrainedGenerator) -> TrainedGenerator:
    """Return the generator with its larger weights rounded to float16, which halves the file; it computes in float32.

    Parameters
    ----------
    generator : TrainedGenerator
        Any; it is not changed.

    Returns
    -------
    TrainedGenerator
        Its provenance has ``weights: float16``.
    """
    module = copy.deepcopy(generator.module)
    for weight in module.parameters():
        if weight.numel() > _SMALLEST_HALF:
            weight.data = weight.data.half().float()
    return dataclasses.replace(generator, module=module, provenance={**generator.provenance, "weights": "float16"})


def _stored(graph: Graph) -> Graph:
    """Return the graph with weights stored in float16 where that changes no value."""
    from onnx import TensorProto, helper, numpy_helper

    stored, casts = Graph(), []
    for tensor in graph.constants:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size <= _SMALLEST_HALF or not _is_half(values):
            stored.constants.append(tensor)
            continue
        half: onnx.TensorProto = numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}_half")
        stored.constants.append(half)
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
    stored.nodes = [*casts, *graph.nodes]
    return stored


def _is_half(values: NDArray[Any]) -> bool:
    with np.errstate(over="ignore"):
        return bool(np.array_equal(values.astype(np.float16).astype(np.float32), values))
