"""Cutting a part out of a graph between tensors whose names are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from diptych.core.errors import BundleError

if TYPE_CHECKING:
    import onnx

Shape = Sequence[int | str]
"""Sides of a tensor; a name for one that is free."""


def extract_part(
    model: onnx.ModelProto,
    given: Mapping[str, Shape],
    wanted: Mapping[str, Shape],
    *,
    source: str,
    renamed: Mapping[str, str] | None = None,
) -> bytes:
    """Return a model that makes the wanted tensors from the given ones, all of float32.

    Parameters
    ----------
    model : ModelProto
        A checked model.
    given, wanted : mapping
        Shapes by the names of tensors.
    source : str
        What to call the model in error messages.
    renamed : mapping, optional
        Other names for tensors of the part.

    Raises
    ------
    BundleError
        If the graph lacks one of the tensors, or the part needs something else that is not in it.
    """
    import onnx

    nodes = _nodes(model.graph, set(given), set(wanted), source)
    names = dict(renamed or {})
    part = onnx.ModelProto(ir_version=model.ir_version)
    part.opset_import.extend(model.opset_import)
    part.graph.name = "part"
    for node in nodes:
        copied = part.graph.node.add()
        copied.CopyFrom(node)
        copied.input[:] = [names.get(name, name) for name in node.input]
        copied.output[:] = [names.get(name, name) for name in node.output]
    used = {name for node in nodes for name in node.input}
    part.graph.initializer.extend(tensor for tensor in model.graph.initializer if tensor.name in used)
    for values, shapes in ((part.graph.input, given), (part.graph.output, wanted)):
        values.extend(_value(names.get(name, name), shape) for name, shape in shapes.items())
    return part.SerializeToString(deterministic=True)


def with_float32_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model whose weights that are stored in float16 and made float32 by a node are float32 themselves."""
    import onnx

    changed = onnx.ModelProto.FromString(model.SerializeToString())
    halves = {one.name: one for one in changed.graph.initializer if one.data_type == onnx.TensorProto.FLOAT16}
    kept = []
    for node in changed.graph.node:
        to = [attribute.i for attribute in node.attribute if attribute.name == "to"]
        if node.op_type != "Cast" or node.input[0] not in halves or to != [onnx.TensorProto.FLOAT]:
            kept.append(type(node).FromString(node.SerializeToString()))
            continue
        values = onnx.numpy_helper.to_array(halves[node.input[0]]).astype(np.float32)
        changed.graph.initializer.append(onnx.numpy_helper.from_array(values, node.output[0]))
    changed.graph.ClearField("node")
    changed.graph.node.extend(kept)
    return changed


def _nodes(graph: onnx.GraphProto, given: set[str], wanted: set[str], source: str) -> list[onnx.NodeProto]:
    needed, nodes = set(wanted), []
    made = {name for node in graph.node for name in node.output}
    for name in sorted((given | wanted) - made):
        raise BundleError(f"{source}: its graph has no tensor '{name}', which a render has; export it again")
    for node in reversed(graph.node):
        if needed & set(node.output) - given:
            nodes.append(node)
            needed |= set(node.input)
    known = {tensor.name for tensor in graph.initializer} | given | {name for node in nodes for name in node.output}
    for name in sorted(needed - known - {""}):
        raise BundleError(f"{source}: '{sorted(wanted)[0]}' needs '{name[:80]}' as well; export it again")
    return nodes[::-1]


def _value(name: str, shape: Shape) -> onnx.ValueInfoProto:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
