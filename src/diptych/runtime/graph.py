"""Looking at a graph and cutting it up: how large each map is, how far an output sees, which part makes which map."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from diptych.runtime.graph_check import without_weights
from diptych.runtime.graph_ends import INPUT

if TYPE_CHECKING:
    import onnx

_ONE_BY_ONE = """
Abs Add BatchNormalization Cast CastLike Ceil Clip DequantizeLinear Div Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity
InstanceNormalization LeakyRelu Log Max Mean Min Mish Mul Neg PRelu Pow QuantizeLinear Reciprocal Relu Round Selu Sigmoid Sign
Softplus Softsign Sqrt Sub Sum Tanh Where
"""
_POINTWISE = frozenset(_ONE_BY_ONE.split())
"""Operators whose values each depend on one value of a map; normalisation, once its statistics are known."""

_NO_MAPS = frozenset({"MatMul", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "TopK"})
"""Operators whose results are no pictures of the size of their input."""

_ARENA = 1.1  # what the gaps in ONNX Runtime's memory cost

NORMALISATION = "InstanceNormalization"


class NotLocalError(Exception):
    """A graph whose outputs do not depend on a neighbourhood only, or whose operators are not understood here."""


@dataclass(frozen=True)
class Map:
    """A tensor that is a picture: its channels, their type, and how many input px its values are apart."""

    channels: int
    dtype: np.dtype[Any]
    scale: Fraction

    @property
    def bytes_per_pixel(self) -> float:
        """Memory for each px of the input."""
        return float(self.channels * self.dtype.itemsize / self.scale**2)


class Graph:
    """An ONNX graph and the maps in it.

    Parameters
    ----------
    model : ModelProto
        A checked model of the kind ``network``.
    multiple : int
        Sides of its pictures are multiples of this.
    """

    def __init__(self, model: onnx.ModelProto, multiple: int) -> None:
        self.model = model
        self.nodes = list(model.graph.node)
        self.maker = {name: node for node in self.nodes for name in node.output if name}
        self.weights = {tensor.name: tensor for tensor in model.graph.initializer}
        self.maps = _maps(model, multiple)

    def part(self, given: Collection[str], wanted: Collection[str]) -> list[onnx.NodeProto]:
        """Return the nodes that make the wanted tensors from the given ones, in order."""
        needed, nodes = set(wanted) - set(given), []
        for node in reversed(self.nodes):
            if needed & set(node.output):
                nodes.append(node)
                needed |= set(node.input) - set(given)
        return nodes[::-1]

    def root(self, name: str, stops: Collection[str]) -> str:
        """Return the map that a map is made from by operators on single values alone, which are cheap to repeat."""
        while name not in stops and name in self.maker and self.maker[name].op_type in _POINTWISE:
            inputs = {one for one in self.maker[name].input if one in self.maps}
            if len(inputs) != 1:
                break
            name = inputs.pop()
        return name

    def period(self, names: Iterable[str]) -> int:
        """Return after how many rows of the input the rows of all these maps begin anew."""
        return int(max((self.maps[name].scale for name in names if name in self.maps), default=1))

    def halo(self, given: Collection[str], wanted: Collection[str]) -> int:
        """Return how many rows of the input beyond whole periods of the wanted maps their values depend on.

        Raises
        ------
        NotLocalError
            If a node between them sees the whole picture, or is not understood.
        """
        nodes = self.part(given, wanted)
        for node in nodes:
            if node.op_type in _NO_MAPS and any(name in self.maps for name in node.input):
                raise NotLocalError(f"{node.op_type} is not computed in pieces")
        low = 1 << 20  # far from the borders
        high = low + self.period([name for node in nodes for name in node.output] + list(wanted))
        seen = {name: (int(low // self.maps[name].scale), int((high - 1) // self.maps[name].scale)) for name in wanted}
        for node in reversed(nodes):
            spans = [seen[name] for name in node.output if name in seen]
            if spans:
                span = back(node, self.weights, min(first for first, _ in spans), max(last for _, last in spans))
                for name in node.input:
                    if name in self.maps:
                        old = seen.get(name, span)
                        seen[name] = (min(old[0], span[0]), max(old[1], span[1]))
        ends = [(*seen[name], self.maps[name].scale) for name in given if name in seen]
        return int(max((max(low - first * scale, (last + 1) * scale - high) for first, last, scale in ends), default=0))

    def peak(self, nodes: Sequence[onnx.NodeProto], given: Collection[str], wanted: Collection[str]) -> float:
        """Return the bytes for each px of the input that the maps take when they are most, beside the given ones.

        ONNX Runtime took 0.93 and 1.09 times the sum for a `mobile` and a `unet`, its arena included.
        """
        last = {name: index for index, node in enumerate(nodes) for name in node.input}
        alive: set[str] = set()
        most = 0.0
        for index, node in enumerate(nodes):
            alive |= {name for name in node.output if name in self.maps}
            # A convolution lays its input or output out anew, to compute on several channels at a time.
            more = self.size(node.output) + self.size(node.input) if node.op_type == "Conv" else 0.0
            most = max(most, _ARENA * (self.size(alive) + more))
            alive = {name for name in alive if last.get(name, -1) > index or name in wanted}
        return most

    def size(self, names: Iterable[str]) -> float:
        """Return the bytes that maps take for each px of the input."""
        return sum(self.maps[name].bytes_per_pixel for name in names if name in self.maps)

    def multiplications(self, node: onnx.NodeProto) -> float:
        """Return the multiplications of a convolution for each px of the input; 0 for other nodes."""
        if node.op_type not in ("Conv", "ConvTranspose") or node.input[1] not in self.weights:
            return 0.0
        tensor = self.maps[node.output[0] if node.op_type == "Conv" else node.input[0]]
        return float(math.prod(self.weights[node.input[1]].dims) / tensor.scale**2)

    def extract(self, given: Collection[str], wanted: Collection[str]) -> onnx.ModelProto:
        """Return a model that makes the wanted maps from the given ones, with the weights that it needs and no other."""
        import onnx

        nodes = self.part(given, wanted)
        model = onnx.ModelProto(ir_version=self.model.ir_version)
        model.opset_import.extend(self.model.opset_import)
        model.graph.name = "part"
        model.graph.node.extend(nodes)
        used = {name for node in nodes for name in node.input}
        model.graph.initializer.extend(tensor for name, tensor in self.weights.items() if name in used)
        model.graph.input.extend(self._value(name) for name in given if name in used)
        model.graph.output.extend(self._value(name) for name in wanted)
        return model

    def _value(self, name: str) -> onnx.ValueInfoProto:
        import onnx

        kind = onnx.helper.np_dtype_to_tensor_dtype(self.maps[name].dtype)
        return onnx.helper.make_tensor_value_info(name, kind, [1, self.maps[name].channels, None, None])


def _maps(model: onnx.ModelProto, multiple: int) -> dict[str, Map]:
    import onnx

    side = multiple * max(1, 64 // multiple)
    skeleton = without_weights(model)
    sides = skeleton.graph.input[0].type.tensor_type.shape.dim
    for dimension, size in zip(sides, (1, sides[1].dim_value, side, side), strict=True):
        dimension.dim_value = size
    graph = onnx.shape_inference.infer_shapes(skeleton, data_prop=True).graph
    types = {value.name: value.type.tensor_type for value in (*graph.input, *graph.value_info, *graph.output)}
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    scales = {INPUT: Fraction(1)}
    for node in model.graph.node:
        found = [scales[name] for name in node.input if name in scales]
        if found and node.op_type not in _NO_MAPS:
            scales |= dict.fromkeys(node.output, max(found) * _scaling(node, weights))
    return {
        name: Map(types[name].shape.dim[1].dim_value, _dtype(types[name]), scale)
        for name, scale in scales.items()
        if name in types and len(types[name].shape.dim) == 4
    }


def _dtype(tensor: onnx.TypeProto.Tensor) -> np.dtype[Any]:
    import onnx

    return onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)


def _scaling(node: onnx.NodeProto, weights: Mapping[str, onnx.TensorProto]) -> Fraction:
    """Return how much farther apart the values of a node's output are than those of its input."""
    if node.op_type in ("Conv", "AveragePool", "MaxPool"):
        return Fraction(setting(node, "strides", [1])[0])
    if node.op_type == "ConvTranspose":
        return 1 / Fraction(setting(node, "strides", [1])[0])
    if node.op_type == "DepthToSpace":
        return Fraction(1, _block(node))
    try:
        return 1 / Fraction(float(_numbers(node, 2, weights)[2])) if node.op_type == "Resize" else Fraction(1)
    except (NotLocalError, IndexError, ZeroDivisionError):
        return Fraction(1)


def setting(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """Return the value of an attribute of a node."""
    import onnx

    for attribute in node.attribute:
        if attribute.name == name:
            return onnx.helper.get_attribute_value(attribute)
    return default


def back(node: onnx.NodeProto, weights: Mapping[str, onnx.TensorProto], low: int, high: int) -> tuple[int, int]:
    """Return the first and last row of its input that rows low to high of a node's output depend on.

    Raises
    ------
    NotLocalError
        If they depend on all rows, or the operator is not understood.
    """
    if node.op_type in _POINTWISE or (node.op_type == "Concat" and setting(node, "axis", 0) == 1):
        return low, high
    if node.op_type in ("Conv", "ConvTranspose", "AveragePool", "MaxPool"):
        return _back_window(node, weights, low, high)
    if node.op_type == "Pad":
        before = int(_numbers(node, 1, weights)[2])
        return low - before, high - before
    if node.op_type == "DepthToSpace":
        return low // _block(node), high // _block(node)
    if node.op_type == "Resize":
        factor = float(_numbers(node, 2, weights)[2])
        more = 0 if setting(node, "mode", b"nearest") == b"nearest" else 2
        return math.floor(low / factor) - more, math.floor(high / factor) + more
    raise NotLocalError(f"{node.op_type} is not computed in pieces")


def _back_window(node: onnx.NodeProto, weights: Mapping[str, onnx.TensorProto], low: int, high: int) -> tuple[int, int]:
    if setting(node, "auto_pad", b"NOTSET") != b"NOTSET":
        raise NotLocalError(f"{node.op_type} with auto_pad")
    rows = _kernel(node, weights)
    step, padding = setting(node, "strides", [1])[0], setting(node, "pads", [0])[0]
    span = (rows - 1) * setting(node, "dilations", [1])[0]
    if node.op_type == "ConvTranspose":
        return -((span - padding - low) // step), (high + padding) // step
    return step * low - padding, step * high - padding + span


def _kernel(node: onnx.NodeProto, weights: Mapping[str, onnx.TensorProto]) -> int:
    sides = setting(node, "kernel_shape", None)
    if sides is None and node.input[1] not in weights:
        raise NotLocalError(f"{node.op_type} without the size of its kernel")
    return int(sides[0] if sides else weights[node.input[1]].dims[2])


def _block(node: onnx.NodeProto) -> int:
    return max(int(setting(node, "blocksize", 1)), 1)


def _numbers(node: onnx.NodeProto, index: int, weights: Mapping[str, onnx.TensorProto]) -> Any:
    import onnx

    if index >= len(node.input) or node.input[index] not in weights:
        raise NotLocalError(f"{node.op_type} with a size that is computed")
    return onnx.numpy_helper.to_array(weights[node.input[index]])
