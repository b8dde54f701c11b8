"""What the generators' operators become in TVM: tensor expressions that `_tvm_schedules` knows how to schedule.

Everything stays in the layout ``(1, C, H, W)`` of the graph: pictures are wide, so that neighbours along a row make full
vectors whatever the number of channels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tvm import relax, te, tirx
from tvm.ir.expr import GenericConst

_PIXELS = 32
"""Pixels of a register tile: two vectors of 512 bits. With eight channels, sixteen accumulators, which hide the latency of the
multiply-add and leave registers for the operands."""


class Tile(NamedTuple):
    """The results that a thread accumulates in registers: channels by rows by columns, in vectors along columns."""

    channels: int
    rows: int
    columns: int


def largest_divisor(number: int, limit: int) -> int:
    """Return the largest divisor that is not over the limit: tiles of that size leave no rest."""
    return max(divisor for divisor in range(1, max(1, limit) + 1) if number % divisor == 0)


def tile_of(channels: int, height: int, width: int) -> Tile:
    """Return the register tile for a result of this size."""
    columns = largest_divisor(width, _PIXELS)
    return Tile(largest_divisor(channels, 8), largest_divisor(height, _PIXELS // columns), columns)


class _Geometry(NamedTuple):
    """Sizes of a convolution; `spread` puts that many minus one zeros between the inputs (transposed convolutions)."""

    channels: int
    height: int
    width: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]  # top, left, bottom, right
    spread: tuple[int, int] = (1, 1)

    def result(self, axis: int) -> int:
        """Return the height (axis 0) or width (axis 1) of the result."""
        return (self.padded(axis) - self.kernel[axis]) // self.stride[axis] + 1

    def padded(self, axis: int) -> int:
        """Return the height (axis 0) or width (axis 1) with zeros between and around."""
        inside = ((self.height, self.width)[axis] - 1) * self.spread[axis] + 1
        return inside + self.padding[axis] + self.padding[axis + 2]


def convolution(builder: Any, call: Any) -> Any:
    """Lower ``relax.nn.conv2d`` with constant weights."""
    data, weight = call.args
    attributes = call.attrs
    if not isinstance(weight, GenericConst) or _pair(attributes.dilation) != (1, 1):
        return _as_topi("relax.nn.conv2d", builder, call)
    values = weight.value.numpy()
    top, left, bottom, right = (int(side) for side in attributes.padding)
    geometry = _Geometry(*_sizes(data), values.shape[2:], _pair(attributes.strides), (top, left, bottom, right))
    return _lower(builder, call, values, int(attributes.groups), geometry)


def transposed_convolution(builder: Any, call: Any) -> Any:
    """Lower ``relax.nn.conv2d_transpose`` with constant weights: the convolution of the input with zeros put between."""
    data, weight = call.args
    attributes = call.attrs
    if not isinstance(weight, GenericConst) or _pair(attributes.dilation) != (1, 1):
        return _as_topi("relax.nn.conv2d_transpose", builder, call)
    groups = int(attributes.groups)
    values = weight.value.numpy()[:, :, ::-1, ::-1]
    inputs, outputs, rows, columns = values.shape
    values = values.reshape(groups, inputs // groups, outputs, rows, columns).swapaxes(1, 2)
    values = values.reshape(groups * outputs, inputs // groups, rows, columns)
    top, left, bottom, right = (int(side) for side in attributes.padding)
    below, beside = _pair(attributes.output_padding)
    around = (rows - 1 - top, columns - 1 - left, rows - 1 - bottom + below, columns - 1 - right + beside)
    geometry = _Geometry(*_sizes(data), (rows, columns), (1, 1), around, _pair(attributes.strides))
    return _lower(builder, call, values, groups, geometry)


def _lower(builder: Any, call: Any, values: NDArray[Any], groups: int, geometry: _Geometry) -> Any:
    if min(geometry.padding) < 0:
        return _as_topi(call.op.name, builder, call)
    if groups == 1:
        expression, packed = _full(values, geometry)
    elif groups == geometry.channels == len(values):
        expression, packed = _depthwise(values, geometry)
    else:
        return _as_topi(call.op.name, builder, call)
    weight = relax.const(np.ascontiguousarray(packed))
    return builder.call_te(expression, call.args[0], weight, primfunc_name_hint="convolution")


def _full(values: NDArray[Any], geometry: _Geometry) -> tuple[Callable[..., Any], NDArray[Any]]:
    outputs, inputs, rows, columns = values.shape
    height, width = geometry.result(0), geometry.result(1)
    block = tile_of(outputs, height, width).channels
    packed = values.reshape(outputs // block, block, inputs, rows, columns).transpose(0, 2, 3, 4, 1)

    def expression(data: Any, weight: Any) -> Any:
        padded = _padded(data, geometry)
        i, ky, kx = (te.reduce_axis((0, size), name) for size, name in ((inputs, "i"), (rows, "ky"), (columns, "kx")))

        def value(_: Any, o: Any, y: Any, x: Any) -> Any:
            product = padded(i, y * geometry.stride[0] + ky, x, kx) * weight[o // block, i, ky, kx, o % block]
            return te.sum(product, [i, ky, kx])

        return te.compute((1, outputs, height, width), value, "full_convolution")

    return expression, packed


def _depthwise(values: NDArray[Any], geometry: _Geometry) -> tuple[Callable[..., Any], NDArray[Any]]:
    channels, _, rows, columns = values.shape

    def expression(data: Any, weight: Any) -> Any:
        padded = _padded(data, geometry)
        ky, kx = te.reduce_axis((0, rows), "ky"), te.reduce_axis((0, columns), "kx")

        def value(_: Any, c: Any, y: Any, x: Any) -> Any:
            return te.sum(padded(c, y * geometry.stride[0] + ky, x, kx) * weight[c, ky, kx], [ky, kx])

        return te.compute((1, channels, geometry.result(0), geometry.result(1)), value, "depthwise_convolution")

    return expression, values[:, 0]


def _padded(data: Any, geometry: _Geometry) -> Callable[..., Any]:
    """Return a reader ``(channel, row, column of the result, column of the kernel)`` of the zero-padded input.

    Columns are kept apart by their remainder by the stride, so that what neighbouring results read lies side by side.
    """
    top, left = geometry.padding[:2]
    (down, across), stride = geometry.spread, geometry.stride[1]
    bottom, right = top + (geometry.height - 1) * down, left + (geometry.width - 1) * across

    def value(c: Any, y: Any, remainder: Any, column: Any) -> Any:
        x = column * stride + remainder
        inside = [y >= top, y <= bottom, x >= left, x <= right]
        inside += [tirx.floormod(y - top, down) == 0] if down > 1 else []
        inside += [tirx.floormod(x - left, across) == 0] if across > 1 else []
        there = data[0, c, tirx.floordiv(y - top, down), tirx.floordiv(x - left, across)]
        return te.if_then_else(tirx.all(*inside), there, tirx.const(0.0, "float32"))

    shape = (geometry.channels, geometry.padded(0), stride, -(-geometry.padded(1) // stride))
    buffer = te.compute(shape, value, "padded")
    return lambda c, y, x, kx: buffer[c, y, kx % stride, x + kx // stride]


def instance_normalisation(builder: Any, call: Any) -> Any:
    """Lower ``relax.nn.instance_norm``: scale and shift of each channel first, then one multiply-add for each value.

    The second part can be fused with what follows it. The variance is the mean square of the deviations, taken in a second pass
    while the channel is in the cache: the difference of mean squares would lose digits.
    """
    data, scale, shift = call.args
    epsilon = float(call.attrs.epsilon)
    channels, height, width = _sizes(data)
    statistics = builder.emit(
        builder.call_te(
            lambda x, g, b: _statistics(x, g, b, epsilon), data, scale, shift, primfunc_name_hint="statistics"
        )
    )

    def expression(x: Any, known: Any) -> Any:
        shape = (1, channels, height, width)
        return te.compute(shape, lambda n, c, i, j: x[n, c, i, j] * known[0, c] + known[1, c], "normalised")

    return builder.call_te(expression, data, statistics, primfunc_name_hint="normalise")


def _statistics(data: Any, scale: Any, shift: Any, epsilon: float) -> Any:
    channels, height, width = (int(side) for side in data.shape[1:])
    lanes = largest_divisor(height * width, 64)
    count = height * width

    def at(c: Any, step: Any, lane: Any) -> Any:
        place = step * lanes + lane
        return data[0, c, place // width, place % width]

    def total(name: str, value: Callable[..., Any]) -> Any:
        step, lane = te.reduce_axis((0, count // lanes), "step"), te.reduce_axis((0, lanes), "lane")
        partial = te.compute((channels, lanes), lambda c, k: te.sum(value(c, step, k), step), f"{name}_lanes")
        return te.compute((channels,), lambda c: te.sum(partial[c, lane], lane), name)

    sums = total("sum", at)

    def square(c: Any, step: Any, lane: Any) -> Any:
        deviation = at(c, step, lane) - sums[c] * (1.0 / count)
        return deviation * deviation

    squares = total("squares", square)
    gain = te.compute(
        (channels,), lambda c: scale[c] / te.sqrt(squares[c] * (1.0 / count) + tirx.const(epsilon, "float32")), "gain"
    )

    def value(part: Any, c: Any) -> Any:
        return te.if_then_else(part == 0, gain[c], shift[c] - sums[c] * (1.0 / count) * gain[c])

    return te.compute((2, channels), value, "statistics")


def _sizes(data: Any) -> tuple[int, int, int]:
    _, channels, height, width = (int(side) for side in data.ty.shape)
    return channels, height, width


def _pair(values: Any) -> tuple[int, int]:
    first, second = (int(value) for value in values)
    return first, second


def _as_topi(name: str, builder: Any, call: Any) -> Any:
    """Lower an operator as TVM does by itself: right, and slow."""
    import tvm

    return tvm.ir.Op.get(name).get_attr("FLegalize")(builder, call)
