"""Convolutions with few output channels, such as the last one of a generator, computed in blocks of 2 x 2 px.

The kernels of ONNX Runtime compute 16 output channels together; where there are 3, most of that is wasted. Such a convolution
is replaced by one that gives the values of a block of 2 x 2 px as 12 channels at half the size, followed by DepthToSpace. Where
nearest-neighbour upsampling by two comes just before, the convolution reads its input, because a block sees each value twice.

References
----------
Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network,
CVPR 2016.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diptych.export._graph import without_unused
from diptych.runtime.graph import Graph, setting

if TYPE_CHECKING:
    import onnx

_FEW = 4


def in_blocks(model: onnx.ModelProto, multiple: int) -> onnx.ModelProto:
    """Return an equivalent model whose convolutions with at most 4 output channels at full size are computed in blocks.

    Parameters
    ----------
    model : ModelProto
        A network for pictures whose sides are multiples of `multiple`.
    multiple : int
        If it is odd, blocks do not fit, and the model is returned unchanged.
    """
    changed = type(model).FromString(model.SerializeToString())
    graph = Graph(changed, multiple)
    for node in list(changed.graph.node):
        if multiple % 2 == 0 and _suits(node, graph):
            _replace(changed.graph, node, graph)
    return without_unused(changed)


def _suits(node: onnx.NodeProto, graph: Graph) -> bool:
    if node.op_type != "Conv" or node.input[1] not in graph.weights:
        return False
    maps = graph.maps.get(node.output[0])
    few = maps is not None and maps.scale == 1 and maps.channels <= _FEW
    plain = {"group": 1, "auto_pad": b"NOTSET", "strides": [1, 1], "dilations": [1, 1]}
    return few and all(setting(node, name, value) == value for name, value in plain.items())


def _replace(graph: onnx.GraphProto, node: onnx.NodeProto, known: Graph) -> None:
    from onnx import helper, numpy_helper

    weights = [numpy_helper.to_array(known.weights[name]) for name in node.input[1:]]
    kernel, pads, source = _blocks(weights[0]), setting(node, "pads", [0, 0, 0, 0]), node.input[0]
    maker = known.maker.get(source)
    if maker is not None and _doubles(maker, known) and kernel.shape[2:] == (4, 4) and list(pads) == [1, 1, 1, 1]:
        kernel, source = _before_doubling(kernel), maker.input[0]
    strides = [2, 2] if source == node.input[0] else [1, 1]
    names = [f"{node.output[0]}/{part}" for part in ("kernel", "bias")][: len(weights)]
    for name, values in zip(names, [kernel, *(np.repeat(bias, 4) for bias in weights[1:])], strict=True):
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
    blocks = f"{node.output[0]}/blocks"
    made = [
        helper.make_node(
            "Conv",
            [source, *names],
            [blocks],
            f"{node.name}/blocks",
            kernel_shape=kernel.shape[2:],
            strides=strides,
            pads=pads,
        ),
        helper.make_node("DepthToSpace", [blocks], list(node.output), node.name, blocksize=2, mode="CRD"),
    ]
    index = list(graph.node).index(node)
    graph.node.remove(node)
    for offset, one in enumerate(made):
        graph.node.insert(index + offset, one)


def _blocks(kernel: NDArray[Any]) -> NDArray[Any]:
    """Return the kernel of the convolution with stride 2 that gives the block of 2 x 2 values of each channel."""
    outputs, inputs, rows, columns = kernel.shape
    larger = np.zeros((outputs, 2, 2, inputs, rows + 1, columns + 1), kernel.dtype)
    for down in (0, 1):
        for right in (0, 1):
            larger[:, down, right, :, down : down + rows, right : right + columns] = kernel
    return larger.reshape(4 * outputs, inputs, rows + 1, columns + 1)


def _before_doubling(kernel: NDArray[Any]) -> NDArray[Any]:
    """Return the kernel for the maps before upsampling: of four rows, the second and third see the same value."""
    for axis in (2, 3):
        first, second, third, last = np.split(kernel, 4, axis)
        kernel = np.concatenate([first, second + third, last], axis)
    return kernel


def _doubles(node: onnx.NodeProto, graph: Graph) -> bool:
    """Return whether a node is nearest-neighbour upsampling by two."""
    from onnx import numpy_helper

    if node.op_type != "Resize" or len(node.input) != 3 or node.input[2] not in graph.weights:
        return False
    twice = numpy_helper.to_array(graph.weights[node.input[2]]).tolist() == [1, 1, 2, 2]
    kinds = {
        "mode": b"nearest",
        "nearest_mode": b"floor",
        "coordinate_transformation_mode": b"asymmetric",
    }
    return twice and all(setting(node, name, b"") == value for name, value in kinds.items())
