"""The generator `render` as an ONNX graph of standard operators, for a picture of any size.

Nothing in it asks for the size of the picture and computes with the answer: then the sizes of its tensors could not be known
before it is run, and such a graph is refused. Where an index or a length is needed, ones along a side of the picture are summed
up. The tensors `diptych.runtime.render.TENSORS` have fixed names, so that the runtime finds its parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.core.color import LUMA
from diptych.export._graph import Graph, Name
from diptych.networks import Render
from diptych.networks.modules import denoiser
from diptych.networks.modules import render as module
from diptych.runtime.bundle import INPUT, OUTPUT

Weights = Mapping[str, NDArray[Any]]

_BLOCK = 8  # the denoiser needs sides that are multiples of this


class _Side(NamedTuple):
    """One side of the picture: 1, 2, ..., L and L, in double precision ``(1, 1, 1, L)`` and ``(1, 1, 1, 1)``."""

    ends: Name
    length: Name


def draw_graph(config: Render, weights: Weights) -> Graph:
    """Return the graph of a network: from the tensor ``image`` to ``enhanced``."""
    graph = Graph()
    rows, columns = (_side(graph, axis) for axis in (2, 3))
    thumbnail = _thumbnail(graph, config.thumbnail, rows, columns)
    _predict(graph, config, weights, thumbnail)
    even = _even(graph, INPUT, "exposure")
    if config.denoiser != "none":
        even = _denoise(graph, weights, even, rows, columns)
    _render(graph, config, even, rows, columns)
    _call(graph, OUTPUT)
    return graph


def _call(graph: Graph, name: Name) -> Name:
    """Give the output of the last node a fixed name."""
    graph.nodes[-1].output[0] = name
    return name


def _side(graph: Graph, axis: int) -> _Side:
    starts, stops = graph.whole([0, 0, 0]), graph.whole([1, 1, 1])
    line = graph.add("Slice", INPUT, starts, stops, graph.whole([0, 1, 5 - axis]))
    if axis == 2:
        line = graph.add("Transpose", line, perm=[0, 1, 3, 2])
    zeros = graph.add("Mul", graph.cast(line, "float64"), graph.double(0))
    ones = graph.add("Add", zeros, graph.double(1))
    return _Side(graph.add("CumSum", ones, graph.whole(3)), graph.add("ReduceSum", ones, graph.whole([3]), keepdims=1))


def _thumbnail(graph: Graph, side: int, rows: _Side, columns: _Side) -> Name:
    down, across = (_averaging(graph, one, side) for one in (rows, columns))
    narrow = graph.add("MatMul", INPUT, graph.add("Transpose", across, perm=[0, 1, 3, 2]))
    graph.add("MatMul", down, narrow)
    return _call(graph, "thumbnail")


def _averaging(graph: Graph, line: _Side, cells: int) -> Name:
    """Return the matrix ``(1, 1, cells, L)`` that averages pixels over cells of equal length: their overlaps."""
    length = graph.add("Div", line.length, graph.double(cells))
    first = graph.add("Mul", length, np.arange(cells, dtype=np.float64).reshape(1, 1, cells, 1))
    stop = graph.add("Min", line.ends, graph.add("Add", first, length))
    start = graph.add("Max", graph.add("Sub", line.ends, graph.double(1)), first)
    overlap = graph.add("Max", graph.add("Sub", stop, start), graph.double(0))
    return graph.cast(graph.add("Div", overlap, length), "float32")


def _predict(graph: Graph, config: Render, weights: Weights, thumbnail: Name) -> None:
    """Write the tensors ``exposure``, ``curve`` and ``grid``, the average over the thumbnail and its mirror image."""
    graph.add("Add", graph.add("ReduceMean", _luma(graph, config, thumbnail), graph.whole([1, 2, 3])), module.FLOOR)
    exposure = _call(graph, "exposure")
    both = graph.add("Concat", thumbnail, _mirrored(graph, thumbnail, config.thumbnail), axis=0)
    exposures = graph.add("Concat", exposure, exposure, axis=0)
    light = _luma(graph, config, both)
    logarithm = graph.add("Add", graph.add("Mul", graph.add("Log", graph.add("Add", light, 0.01)), 0.25), 0.5)
    maps = graph.add("Concat", _even(graph, both, exposures), logarithm, axis=1)
    for index, stride in enumerate((2, 2, 1, 2, 1)):
        maps = _leaky(graph, _convolution(graph, weights, f"encoder.{2 * index}", maps, stride))
    whole = _whole(graph, config, weights, maps, light, exposures)
    local = _leaky(graph, _convolution(graph, weights, "local.0", maps))
    local = _convolution(graph, weights, "local.2", local)
    mixed = graph.add("Unsqueeze", _linear(graph, weights, "to_maps", whole), graph.whole([2, 3]))
    local = _leaky(graph, graph.add("Add", local, mixed))
    _curve(graph, config, weights, whole)
    straight, mirrored = graph.add(
        "Split", _convolution(graph, weights, "to_grid", local), axis=0, outputs=2, num_outputs=2
    )
    cells = _mean(graph, straight, _mirrored(graph, mirrored, config.grid))
    channels = config.channels_in
    graph.reshape(cells, 0, channels * (channels + 1), config.depth, config.grid, config.grid)
    _call(graph, "grid")


def _mirrored(graph: Graph, value: Name, length: int) -> Name:
    """Return the mirror image of maps of this many columns."""
    ends = [graph.whole([number]) for number in (-1, -length - 1, 3, -1)]
    return str(graph.add("Slice", value, *ends))


def _mean(graph: Graph, first: Name, second: Name) -> Name:
    return str(graph.add("Mul", graph.add("Add", first, second), 0.5))


def _whole(graph: Graph, config: Render, weights: Weights, maps: Name, light: Name, exposures: Name) -> Name:
    """Return what is known of the picture as a whole."""
    for index in range(2):
        maps = _leaky(graph, _convolution(graph, weights, f"context.{2 * index}", maps, 2))
    axes = graph.whole([2, 3])
    pooled = [graph.add("Squeeze", graph.add(pool, maps), axes) for pool in ("GlobalAveragePool", "GlobalMaxPool")]
    count = config.thumbnail**2
    values = graph.add("Flatten", light, axis=1)
    ordered = graph.add("TopK", values, graph.whole([count]), axis=1, largest=0, sorted=1, outputs=2)[0]
    places = graph.whole([int(count * share) for share in module.QUANTILES])
    quantiles = graph.add("Add", graph.add("Gather", ordered, places, axis=1), module.FLOOR)
    mean = graph.add("Flatten", exposures, axis=1)
    logarithms = [graph.add("Add", graph.add("Mul", graph.add("Log", one), 0.3), 0.6) for one in (mean, quantiles)]
    whole = graph.add("Concat", *pooled, *logarithms, mean, axis=1)
    for index in range(2):
        whole = _leaky(graph, _linear(graph, weights, f"mixing.{2 * index}", whole))
    return str(whole)


def _curve(graph: Graph, config: Render, weights: Weights, whole: Name) -> None:
    rises = graph.add("Softplus", graph.add("Add", _linear(graph, weights, "to_curve", whole), module.SOFTPLUS_ONE))
    values = graph.add("Div", graph.add("CumSum", rises, graph.whole(1)), float(config.knots))
    of_both = graph.add("Split", values, axis=0, outputs=2, num_outputs=2)
    graph.add("Pad", _mean(graph, *of_both), graph.whole([0, 1, 0, 0]))
    _call(graph, "curve")


def _render(graph: Graph, config: Render, even: Name, rows: _Side, columns: _Side) -> None:
    """Add the nodes from compressed values to the result."""
    channels = config.channels_in
    values = _through_curve(graph, config, even)
    guide = graph.clip(_luma(graph, config, values))
    zeros = graph.add("Mul", guide, 0.0)
    across = graph.add("Add", zeros, _centres(graph, columns))
    down = graph.add("Add", zeros, graph.add("Transpose", _centres(graph, rows), perm=[0, 1, 3, 2]))
    places = graph.add("Concat", across, down, _from_minus_one(graph, guide), axis=1)
    places = graph.add("Unsqueeze", graph.add("Transpose", places, perm=[0, 2, 3, 1]), graph.whole([1]))
    sampled = graph.add("GridSample", "grid", places, mode="linear", padding_mode="border", align_corners=0)
    factors = _split(graph, graph.add("Squeeze", sampled, graph.whole([2])), [channels + 1] * channels)
    terms = graph.add("Concat", values, graph.add("Add", zeros, 1.0), axis=1)
    sums = [graph.add("ReduceSum", graph.add("Mul", one, terms), graph.whole([1]), keepdims=1) for one in factors]
    change = graph.add("Concat", *sums, axis=1)
    graph.clip(graph.add("Add", values, change))


def _through_curve(graph: Graph, config: Render, values: Name) -> Name:
    """Return the values after the curve: read from it as from a picture of one row."""
    table = graph.add("Unsqueeze", "curve", graph.whole([1, 2]))
    found = []
    for channel in _split(graph, values, [1] * config.channels_in):
        place = graph.add("Transpose", _from_minus_one(graph, channel), perm=[0, 2, 3, 1])
        places = graph.add("Concat", place, graph.add("Mul", place, 0.0), axis=3)
        found.append(graph.add("GridSample", table, places, mode="linear", padding_mode="border", align_corners=1))
    return str(graph.add("Concat", *found, axis=1))


def _split(graph: Graph, value: Name, sizes: list[int]) -> list[Name]:
    if len(sizes) == 1:
        return [value]
    return list(graph.add("Split", value, graph.whole(sizes), axis=1, outputs=len(sizes)))


def _centres(graph: Graph, line: _Side) -> Name:
    """Return where the pixels' centres lie between -1 and 1."""
    twice = graph.add("Sub", graph.add("Mul", line.ends, graph.double(2)), graph.double(1))
    return graph.cast(graph.add("Sub", graph.add("Div", twice, line.length), graph.double(1)), "float32")


def _from_minus_one(graph: Graph, value: Name) -> Name:
    return str(graph.add("Sub", graph.add("Mul", value, 2.0), 1.0))


def _even(graph: Graph, values: Name, exposure: Name) -> Name:
    above = graph.add("Mul", values, graph.add("Add", exposure, 1.0))
    return str(graph.add("Div", above, graph.add("Add", values, exposure)))


def _luma(graph: Graph, config: Render, values: Name) -> Name:
    if config.channels_in == 1:
        return values
    weighted = graph.add("Mul", values, np.asarray(LUMA, np.float32).reshape(1, 3, 1, 1))
    return str(graph.add("ReduceSum", weighted, graph.whole([1]), keepdims=1))


def _leaky(graph: Graph, value: Name) -> Name:
    return str(graph.add("LeakyRelu", value, alpha=module.SLOPE))


def _linear(graph: Graph, weights: Weights, name: str, value: Name) -> Name:
    return str(graph.add("Gemm", value, weights[f"{name}.weight"], weights[f"{name}.bias"], transB=1))


def _convolution(graph: Graph, weights: Weights, name: str, value: Name, stride: int = 1) -> Name:
    return _convolve(graph, value, weights[f"{name}.weight"], weights[f"{name}.bias"], stride)


def _convolve(graph: Graph, value: Name, kernel: NDArray[Any], bias: NDArray[Any], stride: int) -> Name:
    side = kernel.shape[-1]
    pads = [(side - stride + 1) // 2 if side % 2 == 0 else side // 2] * 4
    options: dict[str, Any] = {"kernel_shape": [side] * 2, "strides": [stride] * 2, "pads": pads}
    return str(graph.add("Conv", value, kernel, bias, **options))


def _denoise(graph: Graph, weights: Weights, even: Name, rows: _Side, columns: _Side) -> Name:
    """Return compressed values without their noise; on the way are ``continued`` and ``denoised``."""
    whole = even
    for axis, line in ((2, rows), (3, columns)):
        whole = graph.add("Gather", whole, _continued(graph, line), axis=axis)
    whole = _call(graph, "continued")
    seen = graph.add("Mul", graph.add("Sub", whole, 0.5), denoiser.CONTRAST)
    half = _rectified(graph, _unshuffled(graph, weights, "denoiser.to_half.0", seen))
    half = _chain(graph, weights, "denoiser.to_half", half, (2,))
    quarter = _chain(graph, weights, "denoiser.to_quarter", half, (0, 2), stride=2)
    eighth = _chain(graph, weights, "denoiser.to_eighth", quarter, (0, 2, 4), stride=2)
    quarter = _joined(graph, weights, ("denoiser.from_eighth", "denoiser.join_quarter"), eighth, quarter)
    half = _joined(graph, weights, ("denoiser.from_quarter", "denoiser.join_half"), quarter, half)
    blocks = _convolution(graph, weights, "denoiser.last", half)
    change = graph.add("DepthToSpace", blocks, blocksize=2, mode="CRD")
    graph.clip(graph.add("Add", whole, change))
    cut = _call(graph, "denoised")
    for axis, line in ((2, rows), (3, columns)):
        cut = graph.add("Gather", cut, _listed(graph, _before(graph, line.ends)), axis=axis)
    return cut


def _joined(graph: Graph, weights: Weights, names: tuple[str, str], coarse: Name, fine: Name) -> Name:
    larger = _resize(graph, _convolution(graph, weights, names[0], coarse), [1, 1, 2, 2])
    return _chain(graph, weights, names[1], _rectified(graph, graph.add("Add", larger, fine)), (1, 3))


def _chain(graph: Graph, weights: Weights, name: str, value: Name, places: tuple[int, ...], *, stride: int = 1) -> Name:
    for place in places:
        value = _rectified(graph, _convolution(graph, weights, f"{name}.{place}", value, stride))
        stride = 1
    return value


def _rectified(graph: Graph, value: Name) -> Name:
    return str(graph.add("Relu", value))


def _unshuffled(graph: Graph, weights: Weights, name: str, value: Name) -> Name:
    """Return a convolution on blocks of 2 x 2 px as one on pixels, with a kernel of 6 x 6 moved by two."""
    kernel = weights[f"{name}.weight"]
    made, inside = kernel.shape[0], kernel.shape[1] // 4
    blocks = kernel.reshape(made, inside, 2, 2, 3, 3).transpose(0, 1, 4, 2, 5, 3)
    return _convolve(graph, value, np.ascontiguousarray(blocks.reshape(made, inside, 6, 6)), weights[f"{name}.bias"], 2)


def _resize(graph: Graph, value: Name, scales: list[int]) -> Name:
    options: dict[str, Any] = {
        "mode": "nearest",
        "nearest_mode": "floor",
        "coordinate_transformation_mode": "asymmetric",
    }
    return str(graph.add("Resize", value, "", graph.constant(scales), **options))


def _continued(graph: Graph, line: _Side) -> Name:
    """Return the indices along a side that continue it to the multiple by reflection, as often as that takes."""
    longer = graph.add("Pad", graph.cast(line.ends, "float32"), graph.whole([0] * 7 + [_BLOCK - 1]))
    blocks = graph.add("MaxPool", longer, kernel_shape=[1, _BLOCK], strides=[1, _BLOCK])
    ones = graph.add("Add", graph.add("Mul", _resize(graph, blocks, [1, 1, 1, _BLOCK]), 0.0), 1.0)
    index = _before(graph, graph.add("CumSum", ones, graph.whole(3)))
    length = graph.cast(line.length, "int64")
    twice = graph.add("Add", length, length)
    place = graph.add("Mod", index, twice)
    mirrored = graph.add("Sub", graph.add("Sub", twice, graph.whole([1])), place)
    return _listed(graph, graph.add("Min", place, mirrored))


def _before(graph: Graph, ends: Name) -> Name:
    return str(graph.add("Sub", graph.cast(ends, "int64"), graph.whole([1])))


def _listed(graph: Graph, line: Name) -> Name:
    return str(graph.add("Squeeze", line, graph.whole([0, 1, 2])))
