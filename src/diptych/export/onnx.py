"""The target ``onnx``: the network as an ONNX graph that is proven to compute what PyTorch does."""

from __future__ import annotations

import copy
import importlib.metadata
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from diptych.export._few_channels import in_blocks
from diptych.export.errors import ExportError
from diptych.export.pictures import Batch
from diptych.export.sessions import open_session
from diptych.networks import Refiner, Render, to_dict
from diptych.networks.modules.layers import Generator
from diptych.runtime import Bundle, BundleMetadata, make_bundle
from diptych.runtime.bundle import INPUT, OUTPUT
from diptych.training.generator_file import TrainedGenerator

if TYPE_CHECKING:
    import onnx

OPSET = 18
"""The operator set of the graphs: new enough for the exporter, old enough for TensorRT, TVM and ONNX Runtime Web."""

TOLERANCE = 1e-4
"""The largest difference from PyTorch that is written, as an intensity in [0, 1]."""

_UNIT = 64
# Sides in units of the multiple, or of 64 px where that is smaller; the first is the smallest picture there is.
_SIZES = ((1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 1), (2, 3), (3, 2), (3, 3), (4, 3))


class Parity(NamedTuple):
    """How far a graph is from the module: the largest difference over the sizes, and between the module's own two modes."""

    difference: float
    between_modes: float


def to_bundle(generator: TrainedGenerator, *, half: bool = False) -> Bundle:
    """Export a trained generator and prove it.

    Parameters
    ----------
    generator : TrainedGenerator
        The network with its weights, and the steps around it, which go into the facts.
    half : bool
        Store the weights of a `render` in float16, which halves its file. It computes in float32 all the same.

    Returns
    -------
    Bundle
        In float32. Its provenance says which mode of the module ships, by how much the two modes differ, and the largest
        difference from PyTorch.

    Raises
    ------
    ExportError
        If ONNX Runtime's answer is more than 1e-4 from PyTorch's on one of ten sizes, or `half` is asked of another generator.
    """
    if half:
        generator = _halved(generator)
    if isinstance(generator.config, Refiner):
        from diptych.export.refiner import refiner_bundle

        return refiner_bundle(generator)
    model = to_onnx(generator)
    parity = measure_parity(generator, model)
    if not parity.difference <= TOLERANCE:
        raise ExportError(
            f"{generator.name}: the graph is {parity.difference:.2g} away from PyTorch, more than {TOLERANCE:g}; "
            f"nothing is written: try another version of torch (this is {torch.__version__}), or report it"
        )
    return make_bundle(model, _facts(generator, model, parity), source=generator.name)


def to_onnx(generator: TrainedGenerator) -> bytes:
    """Return the graph of the network: float32 ``(N, C, H, W)`` in [0, 1] to the same, H and W multiples of the config's.

    Parameters
    ----------
    generator : TrainedGenerator
        The network with its weights.

    Returns
    -------
    bytes
        An ONNX model without facts. Instance normalisation is one node, the sizes are computed nowhere, and the last
        convolution is computed in blocks of 2 x 2 px (`diptych.export._few_channels`).
    """
    config = generator.config
    if isinstance(config, Render):
        from diptych.export.render import render_graph

        return render_graph(generator)
    sample = torch.zeros(2, config.channels_in, 2 * config.multiple, 3 * config.multiple)
    with warnings.catch_warnings(), _quiet():
        warnings.simplefilter("ignore")  # torch's own, about its own parts
        program = torch.onnx.export(
            _Inside(generator.module).eval(),
            (sample,),
            dynamo=True,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            verbose=False,
        )
    assert program is not None
    return in_blocks(_any_size(program.model_proto), config.multiple).SerializeToString(deterministic=True)


def measure_parity(generator: TrainedGenerator, model: bytes) -> Parity:
    """Compare a graph with the module in evaluation mode on ten sizes, and the module's two modes with each other.

    The sizes include the smallest that the network takes, tall and wide ones, and one of about 256 x 192 px (four by three
    times the multiple where that is more). The pictures are noise of every strength, which is harder than photographs.

    On the smallest picture PyTorch computes in double precision. There, inner maps have a single value, which instance
    normalisation turns into 0; what rounding leaves of it in PyTorch's float32 is divided by the square root of epsilon,
    again in every layer.
    """
    session = open_session(model)
    batches = list(_pictures(generator.config.multiple, generator.config.channels_in))
    expected = [_run(copy.deepcopy(generator.module).double(), batches[0].astype(np.float64))]
    expected += [_run(generator.module.eval(), batch) for batch in batches[1:]]
    pairs = zip(batches, expected, strict=True)
    differences = [float(np.abs(session.run(None, {INPUT: batch})[0] - known).max()) for batch, known in pairs]
    between = float(np.abs(_run(generator.module.train(), batches[1]) - expected[1]).max())
    generator.module.eval()
    return Parity(max(differences), between)


def _halved(generator: TrainedGenerator) -> TrainedGenerator:
    from diptych.export.render import halved

    if not isinstance(generator.config, Render):
        raise ExportError(f"{generator.name}: half is for the generator render; leave it out")
    return halved(generator)


class _Inside(nn.Module):
    """The network without the padding, which the runtime does."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, image: Tensor) -> Tensor:
        assert isinstance(self.module, Generator)
        return self.module.forward_padded(image)


class _quiet:  # noqa: N801 (reads as what it does)
    """Keep the exporter's remarks on libraries that are not there off the terminal."""

    def __enter__(self) -> None:
        self._logger = logging.getLogger("torch.onnx")
        self._level = self._logger.level
        self._logger.setLevel(logging.ERROR)

    def __exit__(self, *error: object) -> None:
        self._logger.setLevel(self._level)


def _any_size(model: onnx.ModelProto) -> onnx.ModelProto:
    # The graph was traced at one size; as nothing in it depends on the size (the ten sizes prove it), its ends may say so.
    # Tracing with symbols for the sides gives the same nodes and takes three times as long.
    for value in (*model.graph.input, *model.graph.output):
        for axis, name in ((0, "n"), (2, "h"), (3, "w")):
            dimension = value.type.tensor_type.shape.dim[axis]
            dimension.Clear()
            dimension.dim_param = name
    model.graph.ClearField("value_info")
    return model


def _pictures(multiple: int, channels: int) -> Iterator[Batch]:
    generator = np.random.default_rng(0)
    unit = multiple * -(-_UNIT // multiple)
    sides = [(multiple, multiple), *((unit * height, unit * width) for height, width in _SIZES[1:])]
    for index, (height, width) in enumerate(sides):
        noise = generator.random((2 if index == 1 else 1, channels, height, width), np.float32)
        yield noise ** np.float32(1 + index % 3)


def _run(module: nn.Module, batch: NDArray[Any]) -> NDArray[Any]:
    with torch.inference_mode():
        return module(torch.from_numpy(batch)).numpy()


def _facts(generator: TrainedGenerator, model: bytes, parity: Parity) -> BundleMetadata:
    config = generator.config
    provenance = {
        **generator.provenance,
        "export": {
            "mode": "eval",
            "difference_from_pytorch": parity.difference,
            "difference_of_train_mode": parity.between_modes,
            "torch": importlib.metadata.version("torch"),
            "opset": _opset(model),
        },
    }
    return BundleMetadata(
        name=generator.name,
        summary=generator.spec.summary,
        channels_in=config.channels_in,
        channels_out=config.channels_out,
        multiple=config.multiple,
        receptive_field_radius=config.receptive_field_radius,
        generator=to_dict(config),
        preprocess=generator.before.to_toml() if generator.before.steps else "",
        postprocess=generator.after.to_toml() if generator.after.steps else "",
        licence=str(generator.provenance.get("licence", "")),
        provenance=provenance,
    )


def _opset(model: bytes) -> int:
    import onnx

    return int(onnx.load_from_string(model).opset_import[0].version)
