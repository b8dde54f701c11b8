"""What a graph costs by the shapes of its tensors: values and multiplications, of all nodes together.

Each tensor may be within bounds and their sum not, so the sum is bounded too: for each px of the picture, and beside it. What
does not depend on the picture is computed when ONNX Runtime opens the graph, and kept: it may be little more than the weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

VALUES_PER_PIXEL = 1 << 14
"""Of all tensors together, for each px of the picture; a `resnet` of 9 blocks has 1,500."""
MULTIPLICATIONS_PER_PIXEL = 1 << 23
"""A `resnet` of 9 blocks has 870,000."""
FREE_VALUES = 1 << 24
"""Beside the picture and the weights."""
FREE_MULTIPLICATIONS = 1 << 31

Shapes = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Cost:
    """Values that are made, and multiplications."""

    values: int
    multiplications: int


def cost(nodes: Iterable[onnx.NodeProto], shapes: Shapes) -> Cost:
    """Add up what nodes cost by the shapes of the tensors; those of unknown shape count nothing."""
    values = products = 0
    for node in nodes:
        values += sum(_size(shapes, name) for name in node.output)
        products += _multiplications(node, shapes)
    return Cost(values, products)


def before_picture(nodes: Iterable[onnx.NodeProto], picture: str) -> list[onnx.NodeProto]:
    """Return the nodes that do not depend on the picture."""
    after, found = {picture}, []
    for node in nodes:
        if after.isdisjoint(node.input):
            found.append(node)
        else:
            after.update(node.output)
    return found


def _size(shapes: Shapes, name: str) -> int:
    return math.prod(shapes[name]) if name in shapes else 0


def _multiplications(node: onnx.NodeProto, shapes: Shapes) -> int:
    inputs = [shapes.get(name, ()) for name in node.input]
    made = _size(shapes, node.output[0]) if node.output else 0
    if node.op_type in ("Conv", "QLinearConv") and len(inputs) > 1:
        return made * math.prod(inputs[3 if node.op_type == "QLinearConv" else 1][1:])
    if node.op_type == "ConvTranspose" and len(inputs) > 1:
        return math.prod(inputs[0]) * math.prod(inputs[1][1:])
    if node.op_type in ("MatMul", "Gemm") and inputs:
        transposed = node.op_type == "Gemm" and any(one.name == "transA" and one.i for one in node.attribute)
        return made * (inputs[0][0 if transposed else -1] if inputs[0] else 1)
    if node.op_type in ("AveragePool", "MaxPool"):
        return made * math.prod(side for one in node.attribute if one.name == "kernel_shape" for side in one.ints)
    return 0
