"""The tone operators in ONNX: nodes that turn the histogram of a picture into a function of values.

They compute what `diptych.core.tones` computes with arrays; the tests compare both. `Values` is the histogram of a
picture: the values that occur, and how often.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from diptych.export._graph import Graph, Name

LEVELS = 65536
"""Levels on which the distribution of a float picture is counted, as in `diptych.core.tones`."""

_POINTS = 257

Curve = Callable[[Name], Name]
"""Adds the nodes that map values ``(..., C)`` to new values, not clipped."""


@dataclass(frozen=True)
class Values:
    """A histogram: `levels` ``(L, C)`` float32, rising along L, and `counts` ``(L, C)`` int32; L <= 2 ** bits."""

    levels: Name
    counts: Name
    channels: int
    bits: int


def count_levels(graph: Graph, indices: Name, levels: int, channels: int) -> Name:
    """Return how often each level occurs in each channel: ``(L, C)`` int32, of integers ``(H, W, C)`` below L."""
    zeros = graph.add("Expand", graph.constant(0, "int32"), graph.integers([levels, channels]))
    rows = graph.reshape(graph.cast(indices, "int32"), -1, channels)
    ones = graph.add("Expand", graph.constant(1, "int32"), graph.add("Shape", rows))
    return str(graph.add("ScatterElements", zeros, rows, ones, axis=0, reduction="add"))


def values_of_floats(graph: Graph, picture: Name, channels: int) -> Values:
    """Return the histogram of a float picture in [0, 1] on 65,536 levels."""
    steps = graph.add("Range", graph.integers(0), graph.integers(LEVELS), graph.integers(1))
    even = graph.reshape(graph.add("Div", graph.cast(steps, "float32"), float(LEVELS - 1)), -1, 1)
    counts = count_levels(graph, nearest_levels(graph, picture), LEVELS, channels)
    return Values(graph.add("Expand", even, graph.integers([LEVELS, channels])), counts, channels, 16)


def nearest_levels(graph: Graph, picture: Name) -> Name:
    """Return the nearest of 65,536 levels for every value, as floats."""
    return str(graph.add("Round", graph.add("Mul", picture, float(LEVELS - 1))))


def look_up(graph: Graph, table: Name, indices: Name, channels: int) -> Name:
    """Return the values of a table ``(L, C)`` at integers ``(..., C)`` below L."""
    places = graph.cast(indices, "int32")
    if channels > 1:
        places = graph.add("Mul", places, graph.constant([channels], "int32"))
        places = graph.add("Add", places, graph.constant(np.arange(channels), "int32"))
    return str(graph.add("Gather", graph.reshape(table, -1), places))


def gamma(graph: Graph, values: Values, *, gamma: float) -> Curve:
    """``v ** gamma``."""
    return lambda picture: graph.add("Pow", picture, gamma)


def levels(graph: Graph, values: Values, *, black: float, white: float, gamma: float) -> Curve:
    """``clip((v - black) / (white - black)) ** gamma``."""
    scale = float(np.float32(1) / np.float32(white - black))

    def curve(picture: Name) -> Name:
        straight = graph.add("Mul", graph.add("Sub", picture, black), scale)
        return straight if gamma == 1 else graph.add("Pow", graph.clip(straight), gamma)

    return curve


def stretch(graph: Graph, values: Values, *, low: float, high: float, channels: str) -> Curve:
    """``(v - P_low) / (P_high - P_low)``; as it is where the percentiles coincide."""
    given = values if channels == "each" else _together(graph, values)
    black, white = (_percentile(graph, given, q) for q in (low, high))
    flat = graph.add("LessOrEqual", white, black)
    offset = graph.add("Where", flat, 0.0, black)
    width = graph.add("Where", flat, 1.0, graph.add("Sub", white, black))
    return lambda picture: graph.add("Div", graph.add("Sub", picture, offset), width)


def specify_histogram(graph: Graph, values: Values, *, quantiles: Any, amount: float) -> Curve:
    """The piecewise linear curve from the quantiles of the picture to the given ones."""
    given = values if len(quantiles) > 1 else _together(graph, values)
    probabilities = np.linspace(0, 1, _POINTS)
    rows = [np.interp(probabilities, np.linspace(0, 1, len(row)), row) for row in quantiles]
    target = graph.constant(np.stack(rows, axis=1))  # (257, C)
    source = _quantiles(graph, given, probabilities)
    joined = _means_of_equals(graph, source, target)

    def curve(picture: Name) -> Name:
        new = _interpolated(graph, picture, source, joined, values.channels)
        moved = graph.add("Mul", graph.add("Sub", new, picture), amount)
        return graph.add("Add", picture, moved)

    return curve


def _together(graph: Graph, values: Values) -> Values:
    """Return the histogram of all channels together, in rising order."""
    if values.channels == 1:
        return values
    flat = graph.reshape(values.levels, -1)
    sorted_levels, order = graph.add("TopK", flat, graph.add("Shape", flat), outputs=2, axis=0, largest=0, sorted=1)
    counts = graph.add("Gather", graph.reshape(values.counts, -1), order)
    return Values(
        graph.reshape(sorted_levels, -1, 1), graph.reshape(counts, -1, 1), 1, values.bits + values.channels.bit_length()
    )


def _cumulative(graph: Graph, values: Values) -> tuple[Name, Name]:
    """Return how many values lie at or below each level ``(L, C)``, and how many there are ``(1, C)``, as doubles."""
    # float32 counts to 16 million only; not every runtime sums integers.
    counts = graph.cast(values.counts, "float64")
    total = graph.add("ReduceSum", counts, graph.integers([0]), keepdims=1)
    return graph.add("CumSum", counts, graph.integers(0)), total


def _percentile(graph: Graph, values: Values, q: float) -> Name:
    """Return a percentile as `numpy.percentile` defines it, ``(1, C)``."""
    below, total = _cumulative(graph, values)
    last = graph.add("Sub", total, graph.double(1))
    position = graph.add("Mul", last, graph.double(q / 100))
    rank = graph.add("Floor", position)
    share = graph.cast(graph.add("Sub", position, rank), "float32")
    low = _value_at(graph, values, below, rank)
    high = _value_at(graph, values, below, graph.add("Min", graph.add("Add", rank, graph.double(1)), last))
    return graph.add("Add", low, graph.add("Mul", share, graph.add("Sub", high, low)))


def _value_at(graph: Graph, values: Values, below: Name, rank: Name) -> Name:
    """Return the value with this rank (from 0): the first level that more than so many values lie at or below."""
    passed = graph.cast(graph.add("LessOrEqual", below, rank), "int64")
    index = graph.add("ReduceSum", passed, graph.integers([0]), keepdims=1)
    return graph.add("GatherElements", values.levels, index, axis=0)


def _quantiles(graph: Graph, values: Values, probabilities: Any) -> Name:
    """Return the values at these probabilities, ``(257, C)``, on the 65,536 levels."""
    below, total = _cumulative(graph, values)
    ranks = graph.add("Max", graph.add("Mul", total, probabilities[:, np.newaxis]), graph.double(1))
    index = _search(graph, below, ranks, "Less", 1 << values.bits)
    found = graph.add("GatherElements", values.levels, index, axis=0)
    rounded = graph.add("Round", graph.add("Mul", found, float(LEVELS - 1)))
    return str(graph.add("Div", rounded, float(LEVELS - 1)))


def _search(graph: Graph, rising: Name, keys: Name, comparison: str, most: int) -> Name:
    """Return how many of the values ``(L, C)``, which rise along L, are less (or equal) than each key ``(K, C)``.

    A binary search, with its steps written out: `most` is a power of two that is not less than L.
    """
    length = graph.side(rising, 0)
    found = graph.add("Mul", graph.cast(keys, "int64"), graph.integers([0]))
    while most:
        further = graph.add("Add", found, graph.integers([most]))
        inside = graph.add("LessOrEqual", further, length)
        at = graph.add("Sub", graph.add("Min", further, length), graph.integers([1]))
        passed = graph.add(comparison, graph.add("GatherElements", rising, at, axis=0), keys)
        found = graph.add("Where", graph.add("And", inside, passed), further, found)
        most //= 2
    return str(found)


def _means_of_equals(graph: Graph, source: Name, target: Name) -> Name:
    """Return the targets, averaged where several quantiles of the picture are the same value."""
    other = graph.add("Unsqueeze", source, graph.integers([1]))
    same = graph.cast(graph.add("Equal", other, graph.add("Unsqueeze", source, graph.integers([0]))), "float32")
    spread = graph.add("Mul", same, graph.add("Unsqueeze", target, graph.integers([0])))  # (257, 257, C)
    axis = graph.integers([1])
    total, number = (graph.add("ReduceSum", part, axis, keepdims=0) for part in (spread, same))
    mean = graph.add("Div", total, number)
    first, last = (graph.add("Gather", source, graph.integers([index]), axis=0) for index in (0, -1))
    # A flat picture stays as it is.
    return graph.add("Where", graph.add("Equal", first, last), source, mean)


def _interpolated(graph: Graph, picture: Name, source: Name, target: Name, channels: int) -> Name:
    """Return the values ``(L, C)`` after the curve through the points ``(source, target)``, each ``(257, C or 1)``."""
    shape = graph.constant([_POINTS, channels], "int64")
    expanded = [graph.add("Expand", one, shape) for one in (source, target)]
    passed = _search(graph, expanded[0], picture, "LessOrEqual", 512)
    last = graph.integers([_POINTS - 1])
    at = graph.add("Max", graph.add("Sub", passed, graph.integers([1])), graph.integers([0]))
    after = graph.add("Min", passed, last)
    x0, y0 = (graph.add("GatherElements", one, at, axis=0) for one in expanded)
    x1, y1 = (graph.add("GatherElements", one, after, axis=0) for one in expanded)
    step = graph.add("Sub", x1, x0)
    share = graph.add("Div", graph.add("Sub", picture, x0), graph.add("Max", step, 1e-12))
    # The curve is constant before the first point and after the last one.
    share = graph.add("Where", graph.add("Greater", step, 0.0), share, 0.0)
    return graph.add("Add", y0, graph.add("Mul", share, graph.add("Sub", y1, y0)))


CURVES: dict[str, Callable[..., Curve]] = {
    "gamma": gamma,
    "levels": levels,
    "specify_histogram": specify_histogram,
    "stretch": stretch,
}
"""The operators that can be part of a graph."""
