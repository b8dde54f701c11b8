"""The generator `render` as an ONNX model for pictures of any size, with its weights in float32 or float16."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diptych.export._render_graph import draw_graph
from diptych.export.halves import stored_in_halves
from diptych.networks.modules.render import RenderModule
from diptych.runtime.bundle import INPUT, OUTPUT

if TYPE_CHECKING:
    from diptych.training.generator_file import TrainedGenerator

OPSET = 20
"""The first operator set whose GridSample reads from a grid of three axes."""


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
    graph = draw_graph(module)
    channels = module.config.channels_in
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, "h", "w"]) for name in (INPUT, OUTPUT)
    ]
    made = helper.make_graph(graph.nodes, "render", ends[:1], ends[1:], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    return stored_in_halves(model).SerializeToString(deterministic=True)
