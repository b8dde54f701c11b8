"""The generator `render` as an ONNX graph of standard operators, for a picture of any size.

The layers are those of the module, with their weights, strides and slopes; the formulas around them are written here. Nothing
in the graph asks for the size of the picture and computes with the answer: then the sizes of its tensors could not be known
before it is run, and such a graph is refused. Where an index or a length is needed, ones along a side of the picture are summed
up. The tensors `diptych.runtime.render.TENSORS` have fixed names, so that the runtime finds its parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import nn

from diptych.core.color import LUMA
from diptych.export._graph import Graph, Name
from diptych.networks import Render
from diptych.networks.modules import denoiser
from diptych.networks.modules import render as network
from diptych.networks.modules.denoiser import Denoiser
from diptych.networks.modules.render import RenderModule
from diptych.runtime.bundle import INPUT, OUTPUT


class _Side(NamedTuple):
    """One side of the picture: 1, 2, ..., L and L, in double precision ``(1, 1, 1, L)`` and ``(1, 1, 1, 1)``."""

    ends: Name
    length: Name


def draw_graph(module: RenderModule) -> Graph:
    """Return the graph of a network: from the tensor ``image`` to ``enhanced``."""
    graph, config = Graph(), module.config
    rows, columns = (_side(graph, axis) for axis in (2, 3))
    thumbnail = _thumbnail(graph, config.thumbnail, rows, columns)
    _predict(graph, module, thumbnail)
    compressed = _compress_exposure(graph, INPUT, "exposure")
    if module.denoiser is not None:
        compressed = _denoise(graph, module.denoiser, compressed, rows, columns)
    _render(graph, config, compressed, rows, columns)
    _call(graph, OUTPUT)
    return graph


def _call(graph: Graph, name: Name) -> Name:
    """Give the output of the last node a fixed name."""
    graph.nodes[-1].output[0] = name
    return name


def _side(graph: Graph, axis: int) -> _Side:
    starts, stops = graph.integers([0, 0, 0]), graph.integers([1, 1, 1])
    line = graph.add("Slice", INPUT, starts, stops, graph.integers([0, 1, 5 - axis]))
    if axis == 2:
        line = graph.add("Transpose", line, perm=[0, 1, 3, 2])
    zeros = graph.add("Mul", graph.cast(line, "float64"), graph.double(0))
    ones = graph.add("Add", zeros, graph.double(1))
    return _Side(
        graph.add("CumSum", ones, graph.integers(3)), graph.add("ReduceSum", ones, graph.integers([3]), keepdims=1)
    )


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


def _predict(graph: Graph, module: RenderModule, thumbnail: Name) -> None:
    """Write the tensors ``exposure``, ``curve`` and ``grid``, the average over the thumbnail and its mirror image."""
    config = module.config
    graph.add("Add", graph.add("ReduceMean", _luma(graph, config, thumbnail), graph.integers([1, 2, 3])), network.FLOOR)
    exposure = _call(graph, "exposure")
    both = graph.add("Concat", thumbnail, _mirrored(graph, thumbnail, config.thumbnail), axis=0)
    exposures = graph.add("Concat", exposure, exposure, axis=0)
    light = _luma(graph, config, both)
    floored = graph.add("Add", light, network.LOG_FLOOR)
    logarithm = _logarithm(graph, floored, network.LOG_FACTOR, network.LOG_OFFSET)
    maps = graph.add("Concat", _compress_exposure(graph, both, exposures), logarithm, axis=1)
    maps = _layers(graph, module.encoder, maps)
    features = _features(graph, module, maps, light, exposures)
    local = _layers(graph, module.local, maps)
    mixed = graph.add("Unsqueeze", _layers(graph, [module.to_maps], features), graph.integers([2, 3]))
    local = graph.add("LeakyRelu", graph.add("Add", local, mixed), alpha=network.SLOPE)
    _curve(graph, module, features)
    cells = _layers(graph, [module.to_grid], local)
    straight, mirrored = graph.add("Split", cells, axis=0, outputs=2, num_outputs=2)
    cells = _mean(graph, straight, _mirrored(graph, mirrored, config.grid))
    channels = config.channels_in
    graph.reshape(cells, 0, channels * (channels + 1), config.depth, config.grid, config.grid)
    _call(graph, "grid")


def _mirrored(graph: Graph, value: Name, length: int) -> Name:
    """Return the mirror image of maps of this many columns."""
    ends = [graph.integers([number]) for number in (-1, -length - 1, 3, -1)]
    return str(graph.add("Slice", value, *ends))


def _mean(graph: Graph, first: Name, second: Name) -> Name:
    return str(graph.add("Mul", graph.add("Add", first, second), 0.5))


def _logarithm(graph: Graph, value: Name, factor: float, offset: float) -> Name:
    return str(graph.add("Add", graph.add("Mul", graph.add("Log", value), factor), offset))


def _features(graph: Graph, module: RenderModule, maps: Name, light: Name, exposures: Name) -> Name:
    """Return the features ``(N, F)`` of the picture as a whole: maps pooled, and the distribution of the luma."""
    maps = _layers(graph, module.context, maps)
    axes = graph.integers([2, 3])
    pooled = [graph.add("Squeeze", graph.add(pool, maps), axes) for pool in ("GlobalAveragePool", "GlobalMaxPool")]
    count = module.config.thumbnail**2
    values = graph.add("Flatten", light, axis=1)
    ordered = graph.add("TopK", values, graph.integers([count]), axis=1, largest=0, sorted=1, outputs=2)[0]
    places = graph.integers([int(count * share) for share in network.QUANTILES])
    quantiles = graph.add("Add", graph.add("Gather", ordered, places, axis=1), network.FLOOR)
    mean = graph.add("Flatten", exposures, axis=1)
    factor, offset = network.EXPOSURE_FACTOR, network.EXPOSURE_OFFSET
    logarithms = [_logarithm(graph, one, factor, offset) for one in (mean, quantiles)]
    return _layers(graph, module.mixing, graph.add("Concat", *pooled, *logarithms, mean, axis=1))


def _curve(graph: Graph, module: RenderModule, features: Name) -> None:
    steps = _layers(graph, [module.to_curve], features)
    rises = graph.add("Softplus", graph.add("Add", steps, network.SOFTPLUS_ONE))
    values = graph.add("Div", graph.add("CumSum", rises, graph.integers(1)), float(module.config.knots))
    of_both = graph.add("Split", values, axis=0, outputs=2, num_outputs=2)
    graph.add("Pad", _mean(graph, *of_both), graph.integers([0, 1, 0, 0]))
    _call(graph, "curve")


def _render(graph: Graph, config: Render, compressed: Name, rows: _Side, columns: _Side) -> None:
    """Add the nodes from compressed values to the result."""
    channels = config.channels_in
    values = _through_curve(graph, config, compressed)
    guide = graph.clip(_luma(graph, config, values))
    zeros = graph.add("Mul", guide, 0.0)
    across = graph.add("Add", zeros, _centres(graph, columns))
    down = graph.add("Add", zeros, graph.add("Transpose", _centres(graph, rows), perm=[0, 1, 3, 2]))
    places = graph.add("Concat", across, down, _from_minus_one(graph, guide), axis=1)
    places = graph.add("Unsqueeze", graph.add("Transpose", places, perm=[0, 2, 3, 1]), graph.integers([1]))
    sampled = graph.add("GridSample", "grid", places, mode="linear", padding_mode="border", align_corners=0)
    factors = _split(graph, graph.add("Squeeze", sampled, graph.integers([2])), [channels + 1] * channels)
    terms = graph.add("Concat", values, graph.add("Add", zeros, 1.0), axis=1)
    sums = [graph.add("ReduceSum", graph.add("Mul", one, terms), graph.integers([1]), keepdims=1) for one in factors]
    change = graph.add("Concat", *sums, axis=1)
    graph.clip(graph.add("Add", values, change))


def _through_curve(graph: Graph, config: Render, values: Name) -> Name:
    """Return the values after the curve: read from it as from a picture of one row."""
    table = graph.add("Unsqueeze", "curve", graph.integers([1, 2]))
    found = []
    for channel in _split(graph, values, [1] * config.channels_in):
        place = graph.add("Transpose", _from_minus_one(graph, channel), perm=[0, 2, 3, 1])
        places = graph.add("Concat", place, graph.add("Mul", place, 0.0), axis=3)
        found.append(graph.add("GridSample", table, places, mode="linear", padding_mode="border", align_corners=1))
    return str(graph.add("Concat", *found, axis=1))


def _split(graph: Graph, value: Name, sizes: list[int]) -> list[Name]:
    if len(sizes) == 1:
        return [value]
    return list(graph.add("Split", value, graph.integers(sizes), axis=1, outputs=len(sizes)))


def _centres(graph: Graph, line: _Side) -> Name:
    """Return where the pixels' centres lie between -1 and 1."""
    twice = graph.add("Sub", graph.add("Mul", line.ends, graph.double(2)), graph.double(1))
    return graph.cast(graph.add("Sub", graph.add("Div", twice, line.length), graph.double(1)), "float32")


def _from_minus_one(graph: Graph, value: Name) -> Name:
    return str(graph.add("Sub", graph.add("Mul", value, 2.0), 1.0))


def _compress_exposure(graph: Graph, values: Name, exposure: Name) -> Name:
    above = graph.add("Mul", values, graph.add("Add", exposure, 1.0))
    return str(graph.add("Div", above, graph.add("Add", values, exposure)))


def _luma(graph: Graph, config: Render, values: Name) -> Name:
    if config.channels_in == 1:
        return values
    weighted = graph.add("Mul", values, np.asarray(LUMA, np.float32).reshape(1, 3, 1, 1))
    return str(graph.add("ReduceSum", weighted, graph.integers([1]), keepdims=1))


def _layers(graph: Graph, layers: Iterable[nn.Module], value: Name) -> Name:
    """Add layers of the module one after the other."""
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            value = _convolution(graph, value, layer.stride[0], *_weights(layer))
        elif isinstance(layer, nn.Linear):
            value = graph.add("Gemm", value, *_weights(layer), transB=1)
        elif isinstance(layer, nn.LeakyReLU):
            value = graph.add("LeakyRelu", value, alpha=layer.negative_slope)
        elif isinstance(layer, nn.ReLU):
            value = graph.add("Relu", value)
        else:
            raise TypeError(f"no ONNX operator is known for the layer {type(layer).__name__}; add it to _layers")
    return value


def _weights(layer: nn.Conv2d | nn.Linear) -> tuple[NDArray[Any], NDArray[Any]]:
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()  # type: ignore[union-attr]


def _convolution(graph: Graph, value: Name, stride: int, kernel: NDArray[Any], bias: NDArray[Any]) -> Name:
    side = kernel.shape[-1]
    pads = [(side - stride + 1) // 2 if side % 2 == 0 else side // 2] * 4
    options: dict[str, Any] = {"kernel_shape": [side] * 2, "strides": [stride] * 2, "pads": pads}
    return str(graph.add("Conv", value, kernel, bias, **options))


def _denoise(graph: Graph, module: Denoiser, compressed: Name, rows: _Side, columns: _Side) -> Name:
    """Return compressed values without their noise; on the way are ``continued`` and ``denoised``."""
    for axis, line in ((2, rows), (3, columns)):
        compressed = graph.add("Gather", compressed, _continued(graph, line), axis=axis)
    continued = _call(graph, "continued")
    seen = graph.add("Mul", graph.add("Sub", continued, 0.5), denoiser.CONTRAST)
    first, *others = module.to_half
    half = _layers(graph, others, _on_pixels(graph, first, seen))
    quarter = _layers(graph, module.to_quarter, half)
    eighth = _layers(graph, module.to_eighth, quarter)
    quarter = _joined(graph, module.from_eighth, module.join_quarter, eighth, quarter)
    half = _joined(graph, module.from_quarter, module.join_half, quarter, half)
    blocks = _layers(graph, [module.last], half)
    change = graph.add("DepthToSpace", blocks, blocksize=2, mode="CRD")
    graph.clip(graph.add("Add", continued, change))
    cut = _call(graph, "denoised")
    for axis, line in ((2, rows), (3, columns)):
        cut = graph.add("Gather", cut, _listed(graph, _before(graph, line.ends)), axis=axis)
    return cut


def _joined(graph: Graph, convolution: nn.Module, join: Iterable[nn.Module], coarse: Name, fine: Name) -> Name:
    larger = _resize(graph, _layers(graph, [convolution], coarse), [1, 1, 2, 2])
    return _layers(graph, join, graph.add("Add", larger, fine))


def _on_pixels(graph: Graph, layer: nn.Module, value: Name) -> Name:
    """Return a convolution on blocks of 2 x 2 px as one on pixels, with a kernel of 6 x 6 moved by two."""
    assert isinstance(layer, nn.Conv2d)
    kernel, bias = _weights(layer)
    outputs, inputs = kernel.shape[0], kernel.shape[1] // 4
    blocks = kernel.reshape(outputs, inputs, 2, 2, 3, 3).transpose(0, 1, 4, 2, 5, 3)
    return _convolution(graph, value, 2, np.ascontiguousarray(blocks.reshape(outputs, inputs, 6, 6)), bias)


def _resize(graph: Graph, value: Name, scales: list[int]) -> Name:
    options: dict[str, Any] = {
        "mode": "nearest",
        "nearest_mode": "floor",
        "coordinate_transformation_mode": "asymmetric",
    }
    return str(graph.add("Resize", value, "", graph.constant(scales), **options))


def _continued(graph: Graph, line: _Side) -> Name:
    """Return the indices along a side that continue it to the multiple by reflection, as often as that takes."""
    longer = graph.add("Pad", graph.cast(line.ends, "float32"), graph.integers([0] * 7 + [denoiser.MULTIPLE - 1]))
    blocks = graph.add("MaxPool", longer, kernel_shape=[1, denoiser.MULTIPLE], strides=[1, denoiser.MULTIPLE])
    ones = graph.add("Add", graph.add("Mul", _resize(graph, blocks, [1, 1, 1, denoiser.MULTIPLE]), 0.0), 1.0)
    index = _before(graph, graph.add("CumSum", ones, graph.integers(3)))
    length = graph.cast(line.length, "int64")
    twice = graph.add("Add", length, length)
    place = graph.add("Mod", index, twice)
    mirrored = graph.add("Sub", graph.add("Sub", twice, graph.integers([1])), place)
    return _listed(graph, graph.add("Min", place, mirrored))


def _before(graph: Graph, ends: Name) -> Name:
    return str(graph.add("Sub", graph.cast(ends, "int64"), graph.integers([1])))


def _listed(graph: Graph, line: Name) -> Name:
    return str(graph.add("Squeeze", line, graph.integers([0, 1, 2])))
