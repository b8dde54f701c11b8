"""Weights in float16, which halves a file; the graph still computes in float32."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

    from diptych.training.generator_file import TrainedGenerator

_SMALLEST = 64  # values; a smaller weight would save less than its Cast node takes


def halved(generator: TrainedGenerator) -> TrainedGenerator:
    """Return the generator with its larger weights rounded to float16, which halves the file; it computes in float32.

    Parameters
    ----------
    generator : TrainedGenerator
        Any; it is not changed.

    Returns
    -------
    TrainedGenerator
        Its provenance has ``weights: float16``.
    """
    module = copy.deepcopy(generator.module)
    for weight in module.parameters():
        if weight.numel() > _SMALLEST:
            weight.data = weight.data.half().float()
    return dataclasses.replace(generator, module=module, provenance={**generator.provenance, "weights": "float16"})


def stored_in_halves(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with its weights stored in float16 where that changes no value, see `halved`.

    A Cast node makes them float32, which a runtime folds when it loads the graph.
    """
    from onnx import ModelProto, TensorProto, helper, numpy_helper

    stored, casts = ModelProto.FromString(model.SerializeToString()), []
    for tensor in stored.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size <= _SMALLEST:
            continue
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if np.array_equal(half.astype(np.float32), values):
            casts.append(helper.make_node("Cast", [f"{tensor.name}_half"], [tensor.name], to=TensorProto.FLOAT))
            tensor.CopyFrom(numpy_helper.from_array(half, f"{tensor.name}_half"))
    nodes = [*casts, *model.graph.node]
    del stored.graph.node[:]
    stored.graph.node.extend(nodes)
    return stored
