"""Building ONNX graphs node by node, and removing unused nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import onnx

Name = str
"""A value in the graph."""


class Graph:
    """The nodes and constants of a graph. Arrays and numbers given as inputs become constants, numbers in float32."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: ArrayLike, dtype: str = "float32") -> Name:
        """Add an array."""
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, operator: str, *inputs: Name | float | NDArray[Any], outputs: int = 1, **attributes: Any) -> Any:
        """Add a node and return its output, or its outputs."""
        from onnx import helper

        names = [self._name(one) for one in inputs]
        made = [f"{operator.lower()}_{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(operator, names, made, **attributes))
        return made[0] if outputs == 1 else made

    def _name(self, one: Name | float | NDArray[Any]) -> Name:
        if isinstance(one, str):
            return one
        return self.constant(one, one.dtype.name if isinstance(one, np.ndarray) else "float32")

    def integers(self, numbers: int | Sequence[int]) -> Name:
        """Add integers (int64), as indices and shapes are."""
        return self.constant(numbers, "int64")

    def double(self, number: float) -> Name:
        """Add a number in double precision."""
        return self.constant([number], "float64")

    def cast(self, value: Name, dtype: str) -> Name:
        """Convert values to another dtype."""
        from onnx import helper

        return str(self.add("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype))))

    def clip(self, value: Name) -> Name:
        """Clip values to [0, 1]."""
        return str(self.add("Clip", value, 0.0, 1.0))

    def reshape(self, value: Name, *shape: int) -> Name:
        """Reshape values."""
        return str(self.add("Reshape", value, self.integers(shape)))

    def side(self, value: Name, axis: int) -> Name:
        """Return the length of an axis, as a tensor with one value."""
        return str(self.add("Shape", value, start=axis, end=axis + 1))

    def include(self, model: onnx.ModelProto, source: Name) -> Name:
        """Add the nodes of a model with one input and one output, reading `source`; return its output."""
        prefix = f"network_{len(self.nodes)}_"
        renamed = {model.graph.input[0].name: source, "": ""}
        for tensor in model.graph.initializer:
            renamed[tensor.name] = prefix + tensor.name
            self.constants.append(type(tensor).FromString(tensor.SerializeToString()))
            self.constants[-1].name = renamed[tensor.name]
        for node in model.graph.node:
            renamed |= {name: prefix + name for name in node.output if name}
            copied = type(node).FromString(node.SerializeToString())
            copied.input[:] = [renamed[name] for name in node.input]
            copied.output[:] = [renamed[name] for name in node.output]
            copied.name = prefix + node.name if node.name else ""  # names must differ, unless there are none
            self.nodes.append(copied)
        return renamed[model.graph.output[0].name]


def without_unused(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove, in place, nodes and constants that no output needs; return the model."""
    needed, kept = {value.name for value in model.graph.output}, []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            kept.append(type(node).FromString(node.SerializeToString()))
            needed |= set(node.input)
    constants = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    for field, values in (("node", kept[::-1]), ("initializer", constants)):
        model.graph.ClearField(field)
        getattr(model.graph, field).extend(values)
    return model
