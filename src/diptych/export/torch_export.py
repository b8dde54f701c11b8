"""From a module of PyTorch to an ONNX graph for pictures of any size, and the proof that both compute the same."""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from diptych.export.errors import ExportError
from diptych.runtime.graph_ends import INPUT, NUMBERS, OUTPUT, THUMBNAIL

if TYPE_CHECKING:
    import onnx

OPSET = 18
"""The operator set of the graphs: new enough for the exporter, old enough for TensorRT, TVM and ONNX Runtime Web."""

TOLERANCE = 1e-4
"""The largest difference from PyTorch that is written, as an intensity in [0, 1]."""


class Parity(NamedTuple):
    """How far a graph is from its module: the largest difference of the two, and of the module's own two modes."""

    difference: float
    between_modes: float

    def check(self, name: str) -> None:
        """Refuse a graph that is further from its module than `TOLERANCE`; `name` is the generator's."""
        check_difference(self.difference, name)

    def provenance(self, *, opset: int) -> dict[str, Any]:
        """Return what the metadata of the bundle says of the export."""
        return {
            "mode": "eval",
            "difference_from_pytorch": self.difference,
            "difference_of_train_mode": self.between_modes,
            "torch": importlib.metadata.version("torch"),
            "opset": opset,
        }


def check_difference(difference: float, name: str) -> None:
    """Refuse a graph whose values are further from PyTorch's than `TOLERANCE`; `name` is the generator's."""
    if not difference <= TOLERANCE:
        raise ExportError(
            f"{name}: the graph is {difference:.2g} away from PyTorch, more than {TOLERANCE:g}; "
            f"nothing is written: try another version of torch (this is {torch.__version__}), or report it"
        )


def export_module(module: nn.Module, sample: Tensor) -> onnx.ModelProto:
    """Return the graph of a module in evaluation mode, for batches of any length and pictures of any size.

    Parameters
    ----------
    module : Module
        Takes and returns one tensor ``(N, C, H, W)``. Nothing in it may depend on N, H and W.
    sample : Tensor
        What it is traced with.
    """
    return _with_free_sides(_traced(module, sample, (INPUT, OUTPUT), None))


def export_numbers(module: nn.Module, sample: Tensor) -> onnx.ModelProto:
    """Return the graph of a module in evaluation mode that takes thumbnails of one size, for batches of any length.

    Parameters
    ----------
    module : Module
        Takes a tensor ``(N, C, S, S)`` and returns one ``(N, K)``.
    sample : Tensor
        What it is traced with; N is 2 or more.
    """
    return _traced(module, sample, (THUMBNAIL, NUMBERS), ({0: torch.export.Dim("n")},))


def _traced(module: nn.Module, sample: Tensor, names: tuple[str, str], free: Any) -> onnx.ModelProto:
    with warnings.catch_warnings(), _quiet_exporter():
        warnings.simplefilter("ignore")  # torch's own, about its own parts
        program = torch.onnx.export(
            module.eval(),
            (sample,),
            dynamo=True,
            opset_version=OPSET,
            input_names=names[:1],
            output_names=names[1:],
            dynamic_shapes=free,
            verbose=False,
        )
    assert program is not None
    return program.model_proto


@contextlib.contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Keep the exporter's remarks on libraries that are not installed off the terminal."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _with_free_sides(model: onnx.ModelProto) -> onnx.ModelProto:
    # The graph was traced at one size; as nothing in it depends on the size (the measured sizes prove it), its ends may say so.
    # Tracing with symbols for the sides gives the same nodes and takes three times as long.
    for value in (*model.graph.input, *model.graph.output):
        for axis, name in ((0, "n"), (2, "h"), (3, "w")):
            dimension = value.type.tensor_type.shape.dim[axis]
            dimension.Clear()
            dimension.dim_param = name
    model.graph.ClearField("value_info")
    return model
