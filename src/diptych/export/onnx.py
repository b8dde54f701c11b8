"""The target ``onnx``: the network as an ONNX graph, compared with PyTorch before it is written."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from diptych.export._few_channels import in_blocks
from diptych.export.errors import ExportError
from diptych.export.pictures import Batch
from diptych.export.sessions import open_session
from diptych.export.torch_export import Parity, export_module
from diptych.networks import Planner, Refiner, to_dict
from diptych.networks.modules.layers import Generator
from diptych.runtime import Bundle, BundleMetadata, make_bundle
from diptych.runtime.bundle import INPUT
from diptych.training.generator_file import TrainedGenerator

_UNIT = 64
# Sides in units of the multiple, or of 64 px where that is smaller; the first is the smallest picture there is.
_SIZES = ((1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 1), (2, 3), (3, 2), (3, 3), (4, 3))


def to_bundle(generator: TrainedGenerator, *, half: bool = False) -> Bundle:
    """Export a trained generator, and compare the graph with PyTorch.

    Parameters
    ----------
    generator : TrainedGenerator
        The network with its weights. The recipes before and after it go into the metadata.
    half : bool
        Store the weights of a `planner` in float16, which halves the file; it still computes in float32.

    Returns
    -------
    Bundle
        In float32. Its provenance has the mode of the module, the difference between the two modes, and the largest
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
    if isinstance(generator.config, Planner):
        from diptych.export.planner import planner_bundle

        return planner_bundle(generator)
    model = to_onnx(generator)
    parity = measure_parity(generator, model)
    parity.check(generator.name)
    return make_bundle(model, _metadata(generator, model, parity), source=generator.name)


def to_onnx(generator: TrainedGenerator) -> bytes:
    """Return the graph of the network: float32 ``(N, C, H, W)`` in [0, 1] to the same, H and W multiples of the config's.

    Parameters
    ----------
    generator : TrainedGenerator
        The network with its weights.

    Returns
    -------
    bytes
        An ONNX model without metadata. Instance normalisation is one node, the sizes are computed nowhere, and the last
        convolution is computed in blocks of 2 x 2 px (`diptych.export._few_channels`).
    """
    config = generator.config
    sample = torch.zeros(2, config.channels_in, 2 * config.multiple, 3 * config.multiple)
    graph = export_module(_WithoutPadding(generator.module), sample)
    return in_blocks(graph, config.multiple).SerializeToString(deterministic=True)


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
    from diptych.export.halves import halved

    if not isinstance(generator.config, Planner):
        raise ExportError(f"{generator.name}: half is for the generator planner; omit it")
    return halved(generator)


class _WithoutPadding(nn.Module):
    """The network without its padding, which the runtime does."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, image: Tensor) -> Tensor:
        assert isinstance(self.module, Generator)
        return self.module.forward_padded(image)


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


def _metadata(generator: TrainedGenerator, model: bytes, parity: Parity) -> BundleMetadata:
    import onnx

    config = generator.config
    opset = int(onnx.load_from_string(model).opset_import[0].version)
    provenance = {**generator.provenance, "export": parity.provenance(opset=opset)}
    return BundleMetadata(
        name=generator.name,
        summary=generator.spec.summary,
        channels_in=config.channels_in,
        channels_out=config.channels_out,
        multiple=config.multiple,
        receptive_field_radius=config.receptive_field_radius,
        generator=to_dict(config),
        preprocess=generator.preprocess.to_toml() if generator.preprocess.steps else "",
        postprocess=generator.postprocess.to_toml() if generator.postprocess.steps else "",
        licence=str(generator.provenance.get("licence", "")),
        provenance=provenance,
    )
