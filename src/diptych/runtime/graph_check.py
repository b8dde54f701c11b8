"""What a graph must be before it is run: plain operators on plain tensors, nothing outside the file, nothing enormous.

ONNX Runtime is written to run graphs, not to doubt them. What is refused here never reaches it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from diptych.core.errors import BundleError
from diptych.runtime import graph_cost
from diptych.runtime.graph_ends import BLOCK, MARGIN, UnfitError, check_ends, made_of_picture
from diptych.runtime.metadata import BundleMetadata

if TYPE_CHECKING:
    import onnx

OPSETS = range(13, 22)
"""Versions of the operator set that are accepted."""

_MAXIMUM_IR = 10
_MAXIMUM_NODES = 20_000
_MAXIMUM_SETTING = 1024  # kernel sizes, strides, pads: attributes that multiply work or memory
_LARGE = 1024  # values; larger weights are not needed to tell the shapes
_PER_PIXEL = 4096  # values of one tensor for each pixel of the picture
_FREE = 1 << 22  # values a tensor may have whatever the size of the picture
_MAXIMUM_WEIGHT = 1 << 28

_MAKERS = ("ConstantOfShape", "Expand", "OneHot", "Pad", "Range", "Resize", "Tile")  # of much from little

_WORDS = """
    Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast CastLike Ceil Clip Concat Constant ConstantOfShape Conv
    ConvTranspose Cos CumSum DepthToSpace DequantizeLinear Div Elu Equal Erf Exp Expand Flatten Floor Gather GatherElements
    GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HardSigmoid
    HardSwish Identity InstanceNormalization LayerNormalization LeakyRelu Less LessOrEqual Log MatMul Max MaxPool Mean Min
    Mish Mod Mul Neg Not OneHot Or PRelu Pad Pow QLinearConv QuantizeLinear Range Reciprocal ReduceL2 ReduceMax ReduceMean
    ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize Round ScatterElements ScatterND Selu Shape Sigmoid
    Sign Sin Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tanh Tile TopK Transpose Unsqueeze
    Where Xor
"""

OPERATORS = frozenset(_WORDS.split())
"""The operators a graph may be made of: arithmetic, convolution, resampling, rearrangement, quantisation. None holds a graph,
reads a file or runs other code."""


def check_graph(model: onnx.ModelProto, metadata: BundleMetadata, source: str) -> None:
    """Refuse a model that does not fit its metadata or that this version will not run; `source` names it in messages.

    Raises
    ------
    BundleError
        Naming the file and what is wrong.
    """
    try:
        _check_versions(model)
        weights = _check_weights(model.graph)
        _check_nodes(model.graph)
        _check_values(model.graph, weights)
        check_ends(model.graph, metadata)
        _check_shapes(model, metadata)
    except UnfitError as unfit:
        raise BundleError(f"{source}: {unfit}") from None


def _check_versions(model: onnx.ModelProto) -> None:
    if not 7 <= model.ir_version <= _MAXIMUM_IR:
        raise UnfitError(f"ONNX IR version {model.ir_version} is not one of 7 to {_MAXIMUM_IR}; export the model again")
    if len(model.functions) or len(model.training_info) or len(model.graph.sparse_initializer):
        raise UnfitError(
            "has functions, training or sparse tensors, which a bundle does not have; export the model again"
        )
    for opset in model.opset_import:
        if opset.domain not in ("", "ai.onnx"):
            raise UnfitError(
                f"needs the operators of '{opset.domain[:80]}', which are not ONNX's own; export it without them"
            )
        if opset.version not in OPSETS:
            raise UnfitError(
                f"needs version {opset.version} of the operator set, this Diptych runs {OPSETS[0]} to {OPSETS[-1]}; "
                f"upgrade Diptych, or export the model for an older one"
            )
    if len(model.opset_import) != 1:
        raise UnfitError("does not name one operator set; export the model again")


def _check_weights(graph: onnx.GraphProto) -> set[str]:
    names = set()
    for tensor in graph.initializer:
        _check_tensor(tensor)
        if tensor.name in names or not tensor.name:
            raise UnfitError(f"has two weights named '{tensor.name[:80]}'; the file is damaged")
        names.add(tensor.name)
    return names


def _check_tensor(tensor: onnx.TensorProto) -> None:
    import onnx

    name = tensor.name[:80]
    if tensor.data_location != onnx.TensorProto.DEFAULT or len(tensor.external_data):
        raise UnfitError(
            f"keeps the weight '{name}' in another file; a bundle is one file: export with the weights inside"
        )
    if tensor.data_type not in _item_sizes():
        raise UnfitError(f"'{name}' is of a type (number {tensor.data_type}) that a bundle does not have")
    if tensor.HasField("segment") or any(side < 0 for side in tensor.dims) or len(tensor.dims) > 8:
        raise UnfitError(f"'{name}' has a shape that no tensor has; the file is damaged")
    count = math.prod(tensor.dims)
    if count > _MAXIMUM_WEIGHT or _held(tensor) != count:
        raise UnfitError(f"'{name}' says it has {count} values and does not; the file is damaged")


def _item_sizes() -> dict[int, tuple[int, str]]:
    from onnx import TensorProto as Tensor

    return {
        Tensor.FLOAT: (4, "float_data"),
        Tensor.DOUBLE: (8, "double_data"),
        Tensor.FLOAT16: (2, "int32_data"),
        Tensor.INT64: (8, "int64_data"),
        Tensor.INT32: (4, "int32_data"),
        Tensor.INT8: (1, "int32_data"),
        Tensor.UINT8: (1, "int32_data"),
        Tensor.INT16: (2, "int32_data"),
        Tensor.UINT16: (2, "int32_data"),
        Tensor.BOOL: (1, "int32_data"),
    }


_DATA_FIELDS = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")


def _held(tensor: onnx.TensorProto) -> float:
    """Return how many values the tensor holds; infinity if it holds them in a way that contradicts its type."""
    size, own = _item_sizes()[tensor.data_type]
    lengths = {name: len(getattr(tensor, name)) for name in _DATA_FIELDS}
    raw = len(tensor.raw_data)
    used = [name for name, length in lengths.items() if length]
    if (raw and used) or raw % size or any(name != own for name in used):
        return math.inf
    return raw // size if raw else lengths[own]


def _check_nodes(graph: onnx.GraphProto) -> None:
    if len(graph.node) > _MAXIMUM_NODES:
        raise UnfitError(f"has {len(graph.node)} nodes, more than {_MAXIMUM_NODES}")
    for node in graph.node:
        if node.domain not in ("", "ai.onnx") or node.op_type not in OPERATORS or node.overload:
            name = f"{node.domain}:{node.op_type}" if node.domain else node.op_type
            raise UnfitError(
                f"the operator {name[:80]} is not on the list of those a bundle may use; export without it"
            )
        for attribute in node.attribute:
            _check_attribute(node.op_type, attribute)


def _check_attribute(operator: str, attribute: onnx.AttributeProto) -> None:
    import onnx

    kinds = onnx.AttributeProto
    if attribute.type in (kinds.INT, kinds.INTS):
        numbers = [attribute.i, *attribute.ints]
        limit = 1 << 16 if attribute.name in ("group", "num_groups") else _MAXIMUM_SETTING
        # Constants are data, and the least and greatest integers are words for "from the end".
        if not operator.startswith("Constant") and any(abs(number) > limit for number in numbers):
            raise UnfitError(f"{operator}: {attribute.name[:80]} is out of any bounds; the file is damaged")
    elif attribute.type == kinds.TENSOR:
        _check_tensor(attribute.t)
    elif attribute.type not in (kinds.FLOAT, kinds.FLOATS, kinds.STRING):
        raise UnfitError(f"{operator}: {attribute.name[:80]} is of a kind that a bundle does not have")
    if attribute.ref_attr_name or len(attribute.graphs) or attribute.HasField("g"):
        raise UnfitError(f"{operator}: holds a graph; a bundle has one graph")


def _check_values(graph: onnx.GraphProto, weights: set[str]) -> None:
    known = weights | {value.name for value in graph.input}
    if weights & {value.name for value in graph.input}:
        raise UnfitError("takes its own weights as inputs; export the model again")
    for node in graph.node:
        for name in node.input:
            if name and name not in known:
                raise UnfitError(f"{node.op_type} uses '{name[:80]}' before it is there; the file is damaged")
        for name in node.output:
            if name and name in known:
                raise UnfitError(f"'{name[:80]}' is made twice; the file is damaged")
            known.add(name)
    if not {value.name for value in graph.output} <= known:
        raise UnfitError("does not make its output; the file is damaged")


def _check_shapes(model: onnx.ModelProto, metadata: BundleMetadata) -> None:
    """Let ONNX check the graph without its weights, and look at the size of everything it makes from a small picture."""
    side = _side(model, metadata)
    try:
        inferred = _inferred(model, metadata)
    except Exception as error:  # the checker's own errors, and whatever else it raises on hostile bytes
        raise UnfitError(f"is not a valid ONNX graph ({_line(error)}); export the model again") from None
    limit = max(_FREE, _PER_PIXEL * side * side)
    for value in inferred.graph.value_info:
        if math.prod(_sides(value)) > limit:
            raise UnfitError(
                f"'{value.name[:80]}' is enormous ({_sides(value)} for {side} x {side} px); the file is damaged"
            )
    _check_cost(inferred.graph, side * side)
    if metadata.kind != "whole":
        _check_all_known(inferred.graph, inferred.graph.node)
        made = _sides(inferred.graph.output[0])
        if made != made_of_picture(metadata, side):
            raise UnfitError(f"makes {made} of a picture of {side} x {side} px; its multiple or its layers are wrong")


def _check_cost(graph: onnx.GraphProto, pixels: int) -> None:
    """Refuse a graph whose tensors and multiplications are enormous together, if none is for itself."""
    shapes = {value.name: _sides(value) for value in (*graph.input, *graph.value_info, *graph.output)}
    weights = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    # Large weights are inputs of the skeleton.
    held = sum(map(math.prod, weights.values())) + sum(math.prod(_sides(value)) for value in graph.input[1:])
    first = graph_cost.before_picture(graph.node, graph.input[0].name)
    _check_all_known(graph, [node for node in first if node.op_type in _MAKERS])
    constant = graph_cost.cost(first, shapes | weights)
    whole = graph_cost.cost(graph.node, shapes | weights)
    free = graph_cost.FREE_VALUES + 2 * held
    for made, pictures, word in ((constant, 0, "before it sees a picture"), (whole, pixels, "for a small picture")):
        if made.values > free + pictures * graph_cost.VALUES_PER_PIXEL:
            raise UnfitError(f"makes {made.values} values {word}; that is out of any bounds, the file is damaged")
        if made.multiplications > graph_cost.FREE_MULTIPLICATIONS + pictures * graph_cost.MULTIPLICATIONS_PER_PIXEL:
            raise UnfitError(
                f"takes {made.multiplications} multiplications {word}; that is out of any bounds, the file is damaged"
            )


def _side(model: onnx.ModelProto, metadata: BundleMetadata) -> int:
    """Return the side of the small picture that a graph is checked with."""
    if metadata.kind == "planner":
        return _sides(model.graph.input[0])[-1]
    if metadata.kind == "denoiser":
        return BLOCK * (2 * MARGIN + 17)
    # An odd number of multiples: a graph that needs more than it says does not fit.
    return metadata.multiple * (64 // metadata.multiple | 1)


def _inferred(model: onnx.ModelProto, metadata: BundleMetadata) -> onnx.ModelProto:
    """Return a model without its weights, with the shapes of all tensors for a small picture."""
    import onnx

    skeleton, side = without_weights(model), _side(model, metadata)
    shape = (side, side, metadata.channels_in) if metadata.kind == "whole" else (1, metadata.channels_in, side, side)
    for dimension, size in zip(skeleton.graph.input[0].type.tensor_type.shape.dim, shape, strict=True):
        dimension.dim_value = size
    onnx.checker.check_model(skeleton)
    return onnx.shape_inference.infer_shapes(skeleton, check_type=True, strict_mode=True, data_prop=True)


def _check_all_known(graph: onnx.GraphProto, nodes: Iterable[onnx.NodeProto]) -> None:
    """Refuse tensors whose size depends on values: they could be of any size."""
    known = {value.name for value in (*graph.value_info, *graph.output) if _is_known(value.type.tensor_type)}
    for node in nodes:
        for name in node.output:
            if name and name not in known:
                raise UnfitError(
                    f"the size of '{name[:80]}' ({node.op_type}) is not known beforehand; export it without"
                )


def _is_known(tensor: onnx.TypeProto.Tensor) -> bool:
    return tensor.HasField("shape") and all(side.HasField("dim_value") for side in tensor.shape.dim)


def without_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy of a model in which large weights are inputs of the same type and shape."""
    import onnx

    skeleton = onnx.ModelProto(ir_version=model.ir_version)
    skeleton.opset_import.extend(model.opset_import)
    graph = skeleton.graph
    graph.name = "skeleton"
    graph.node.extend(model.graph.node)
    graph.input.extend(model.graph.input)
    graph.output.extend(model.graph.output)
    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) <= _LARGE:
            graph.initializer.append(tensor)
        else:
            graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
    return skeleton


def _sides(value: onnx.ValueInfoProto) -> list[int]:
    return [side.dim_value or 1 for side in value.type.tensor_type.shape.dim]


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."
