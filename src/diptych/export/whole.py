"""Network, preprocessing and postprocessing as one graph, uint8 ``(H, W, C)`` in and out, for programs with ONNX Runtime only.

Before the network a picture has 256 levels, so that steps work on a table of 256 values, and the picture is read twice: for
the histogram, and to look values up. After the network, the histogram has 65,536 levels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from diptych.export import _tone_graph as tones
from diptych.export._graph import Graph, Name, without_unused
from diptych.export.errors import ExportError
from diptych.recipes import Recipe
from diptych.recipes.steps import Step
from diptych.runtime import Bundle, make_bundle
from diptych.runtime.bundle import INPUT, OUTPUT

if TYPE_CHECKING:
    import onnx


def to_whole(bundle: Bundle) -> Bundle:
    """Return a bundle whose graph includes preprocessing and postprocessing.

    Parameters
    ----------
    bundle : Bundle
        A network in float32 or INT8, with its recipes.

    Returns
    -------
    Bundle
        Of the kind ``whole``: pictures of any size, rounding, padding to the multiple and cropping included.

    Raises
    ------
    ExportError
        If a step cannot be expressed in standard operators. The message names it, and the steps that can.

    Notes
    -----
    The result is within one level of that of Diptych's runtime. All operators are standard, and ONNX Runtime has them, also
    in its build for the browser.
    """
    import onnx

    metadata = bundle.metadata
    if metadata.kind == "planner":
        raise ExportError(f"{bundle.source}: a planner decides for each picture, which no graph of the kind whole does")
    if metadata.kind != "network":
        raise ExportError(f"{bundle.source}: includes its steps already; give the bundle of the network")
    recipes = [Recipe.from_toml(text) if text else Recipe() for text in (metadata.preprocess, metadata.postprocess)]
    for recipe in recipes:
        _check_steps(recipe.steps, bundle.source)
    graph = Graph()
    given = _preprocess(graph, recipes[0].steps, metadata.channels_in)
    drawn = _network(graph, onnx.load_from_string(bundle.model), given, metadata.multiple)
    _finish(graph, _postprocess(graph, recipes[1].steps, drawn, metadata.channels_out))
    model = _model(graph, (metadata.channels_in, metadata.channels_out), bundle.model)
    whole = dataclasses.replace(metadata, kind="whole", preprocess="", postprocess="", provenance=_provenance(bundle))
    return make_bundle(model, whole, source=bundle.source)


def _provenance(bundle: Bundle) -> dict[str, object]:
    inside = {name: text for name in ("preprocess", "postprocess") if (text := getattr(bundle.metadata, name))}
    return {**bundle.metadata.provenance, "steps_inside": inside}


def outside_graph(operators: Iterable[str]) -> list[str]:
    """Return those of some operators that cannot be part of a graph.

    >>> outside_graph(["median", "stretch"])
    ['median']
    """
    return [name for name in operators if name not in tones.CURVES]


def _check_steps(steps: Sequence[Step], source: str) -> None:
    for name in outside_graph(step.operator for step in steps):
        raise ExportError(
            f"{source}: the step {name} cannot be part of a graph ({', '.join(tones.CURVES)} can); "
            f"remove it from the recipe, or export without `whole=True` and run the bundle with Diptych"
        )


def _preprocess(graph: Graph, steps: Sequence[Step], channels: int) -> Name:
    """Return the preprocessed float picture ``(H, W, C)``."""
    if not steps:
        return str(graph.add("Div", graph.cast(INPUT, "float32"), 255.0))
    levels = np.repeat(np.linspace(0, 1, 256, dtype=np.float32)[:, np.newaxis], channels, axis=1)
    values = tones.Values(graph.constant(levels), tones.count_levels(graph, INPUT, 256, channels), channels, 8)
    for step in steps:
        curve = tones.CURVES[step.operator](graph, values, **dict(step.parameters))
        values = dataclasses.replace(values, levels=graph.clip(curve(values.levels)))
    return tones.look_up(graph, values.levels, INPUT, channels)


def _network(graph: Graph, model: onnx.ModelProto, picture: Name, multiple: int) -> Name:
    """Return the clipped output ``(H, W, C)`` of the network."""
    padded = picture
    for axis in (0, 1):
        padded = graph.add("Gather", padded, _continued(graph, axis, multiple), axis=axis)
    batch = graph.add("Unsqueeze", graph.add("Transpose", padded, perm=[2, 0, 1]), graph.integers([0]))
    drawn = graph.add("Squeeze", graph.include(model, batch), graph.integers([0]))
    ends = graph.add("Concat", graph.side(INPUT, 0), graph.side(INPUT, 1), axis=0)
    cut = graph.add("Slice", drawn, graph.integers([0, 0]), ends, graph.integers([1, 2]))
    return graph.clip(graph.add("Transpose", cut, perm=[1, 2, 0]))


def _continued(graph: Graph, axis: int, multiple: int) -> Name:
    """Return the indices along an axis that pad it to the multiple by repeated reflection."""
    length = graph.add("Squeeze", graph.side(INPUT, axis))
    one, several = graph.integers(1), graph.integers(multiple)
    pieces = graph.add("Div", graph.add("Add", length, graph.integers(multiple - 1)), several)
    index = graph.add("Range", graph.integers(0), graph.add("Mul", pieces, several), one)
    twice = graph.add("Add", length, length)
    place = graph.add("Mod", index, twice)
    return str(graph.add("Min", place, graph.add("Sub", graph.add("Sub", twice, one), place)))


def _postprocess(graph: Graph, steps: Sequence[Step], picture: Name, channels: int) -> Name:
    for step in steps:
        values = tones.values_of_floats(graph, picture, channels)
        curve = tones.CURVES[step.operator](graph, values, **dict(step.parameters))
        if step.operator == "specify_histogram":  # a search for every pixel would take longer than the network
            table = graph.clip(curve(values.levels))
            picture = tones.look_up(graph, table, tones.nearest_levels(graph, picture), channels)
        else:
            picture = graph.clip(curve(picture))
    return picture


def _finish(graph: Graph, picture: Name) -> None:
    from onnx import TensorProto, helper

    rounded = graph.add("Round", graph.add("Mul", graph.clip(picture), 255.0))
    graph.nodes.append(helper.make_node("Cast", [rounded], [OUTPUT], to=TensorProto.UINT8))


def _model(graph: Graph, channels: tuple[int, int], network: bytes) -> bytes:
    import onnx
    from onnx import TensorProto, helper

    opset = onnx.load_from_string(network).opset_import
    ends = [
        helper.make_tensor_value_info(name, TensorProto.UINT8, ["h", "w", count])
        for name, count in zip((INPUT, OUTPUT), channels, strict=True)
    ]
    made = helper.make_graph(graph.nodes, "whole", ends[:1], ends[1:], graph.constants)
    model = helper.make_model(made, opset_imports=opset, ir_version=10)
    # The histogram goes, where no step asks for it.
    return without_unused(model).SerializeToString(deterministic=True)
