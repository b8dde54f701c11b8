"""The whole recipe as one graph, for programs that have ONNX Runtime and nothing else: uint8 ``(H, W, C)`` in and out.

Before the network a picture is known by its 256 levels, so that the steps work on a table of 256 values and the picture is
read twice: to count, and to look up. After it, the distribution is counted on 65,536 levels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from diptych.export import _tone_graph as tones
from diptych.export._graph import Graph, Name
from diptych.export.errors import ExportError
from diptych.recipes import Recipe
from diptych.recipes.steps import Step
from diptych.runtime import Bundle, make_bundle
from diptych.runtime.bundle import INPUT, OUTPUT

if TYPE_CHECKING:
    import onnx


def to_whole(bundle: Bundle) -> Bundle:
    """Put the steps before and after the network into the graph.

    Parameters
    ----------
    bundle : Bundle
        A network, in floats or in 8 bits, with its recipes.

    Returns
    -------
    Bundle
        Of the kind ``whole``: pictures of any size, rounding, padding to the multiple and cropping included.

    Raises
    ------
    ExportError
        If a step has no form in standard operators; it is named, and so are those that have one.

    Notes
    -----
    The result is within one level of what Diptych's runtime gives. The graph uses standard operators only, which ONNX
    Runtime, also in its build for the browser, all has.
    """
    import onnx

    facts = bundle.metadata
    if facts.kind != "network":
        raise ExportError(f"{bundle.source}: is whole already; give the bundle of the network")
    recipes = [Recipe.from_toml(text) if text else Recipe() for text in (facts.preprocess, facts.postprocess)]
    for recipe in recipes:
        _check_steps(recipe.steps, bundle.source)
    graph = Graph()
    given = _before(graph, recipes[0].steps, facts.channels_in)
    drawn = _network(graph, onnx.load_from_string(bundle.model), given, facts.multiple)
    _finish(graph, _after(graph, recipes[1].steps, drawn, facts.channels_out))
    model = _model(graph, (facts.channels_in, facts.channels_out), bundle.model)
    whole = dataclasses.replace(facts, kind="whole", preprocess="", postprocess="", provenance=_provenance(bundle))
    return make_bundle(model, whole, source=bundle.source)


def _provenance(bundle: Bundle) -> dict[str, object]:
    inside = {name: text for name in ("preprocess", "postprocess") if (text := getattr(bundle.metadata, name))}
    return {**bundle.metadata.provenance, "steps_inside": inside}


def _check_steps(steps: Sequence[Step], source: str) -> None:
    for step in steps:
        if step.operator not in tones.CURVES:
            raise ExportError(
                f"{source}: the step {step.operator} cannot be part of a graph ({', '.join(tones.CURVES)} can); "
                f"drop it from the recipe, or export without --whole and run the bundle with Diptych"
            )


def _before(graph: Graph, steps: Sequence[Step], channels: int) -> Name:
    """Return the float picture ``(H, W, C)`` after the steps."""
    if not steps:
        return str(graph.add("Div", graph.cast(INPUT, "float32"), 255.0))
    even = np.repeat(np.linspace(0, 1, 256, dtype=np.float32)[:, np.newaxis], channels, axis=1)
    values = tones.Values(graph.constant(even), tones.count_levels(graph, INPUT, 256, channels), channels, 8)
    for step in steps:
        curve = tones.CURVES[step.operator](graph, values, **dict(step.parameters))
        values = dataclasses.replace(values, levels=graph.clip(curve(values.levels)))
    return tones.look_up(graph, values.levels, INPUT, channels)


def _network(graph: Graph, model: onnx.ModelProto, picture: Name, multiple: int) -> Name:
    """Return the clipped picture ``(H, W, C)`` that the network makes."""
    padded = picture
    for axis in (0, 1):
        padded = graph.add("Gather", padded, _continued(graph, axis, multiple), axis=axis)
    batch = graph.add("Unsqueeze", graph.add("Transpose", padded, perm=[2, 0, 1]), graph.whole([0]))
    drawn = graph.add("Squeeze", graph.include(model, batch), graph.whole([0]))
    ends = graph.add("Concat", graph.side(INPUT, 0), graph.side(INPUT, 1), axis=0)
    cut = graph.add("Slice", drawn, graph.whole([0, 0]), ends, graph.whole([1, 2]))
    return graph.clip(graph.add("Transpose", cut, perm=[1, 2, 0]))


def _continued(graph: Graph, axis: int, multiple: int) -> Name:
    """Return the indices along an axis that continue it to the multiple by reflection, as often as that takes."""
    length = graph.add("Squeeze", graph.side(INPUT, axis))
    one, several = graph.whole(1), graph.whole(multiple)
    pieces = graph.add("Div", graph.add("Add", length, graph.whole(multiple - 1)), several)
    index = graph.add("Range", graph.whole(0), graph.add("Mul", pieces, several), one)
    twice = graph.add("Add", length, length)
    place = graph.add("Mod", index, twice)
    return str(graph.add("Min", place, graph.add("Sub", graph.add("Sub", twice, one), place)))


def _after(graph: Graph, steps: Sequence[Step], picture: Name, channels: int) -> Name:
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
    return _without_the_unused(model).SerializeToString(deterministic=True)


def _without_the_unused(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove nodes that nothing uses: the histogram, where no step asks for it."""
    needed, kept = {OUTPUT}, []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(node)
    constants = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    for field, values in (("node", kept[::-1]), ("initializer", constants)):
        model.graph.ClearField(field)
        getattr(model.graph, field).extend(values)
    return model
