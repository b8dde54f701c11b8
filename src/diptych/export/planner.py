"""A planner as a bundle: the graph from thumbnails to numbers, compared with PyTorch before it is written."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from diptych.export.halves import stored_in_halves
from diptych.export.pictures import Batch
from diptych.export.sessions import open_session
from diptych.export.torch_export import OPSET, check_difference, export_numbers
from diptych.networks import Planner, to_dict
from diptych.networks.modules.planner import PlannerModule
from diptych.runtime import Bundle, BundleMetadata, make_bundle
from diptych.runtime.graph_ends import THUMBNAIL
from diptych.training.generator_file import TrainedGenerator

_BATCHES = 6  # of 1 to 3 thumbnails


def planner_bundle(generator: TrainedGenerator) -> Bundle:
    """Export a trained planner, and compare the graph with PyTorch.

    Parameters
    ----------
    generator : TrainedGenerator
        With a config of the type `diptych.networks.Planner`. Weights that are exact in float16 (see `halved`) are stored as
        float16.

    Returns
    -------
    Bundle
        Of the kind ``planner``. The provenance holds the largest difference.

    Raises
    ------
    ExportError
        If a number from ONNX Runtime is more than 1e-4 from PyTorch's.
    """
    assert isinstance(generator.module, PlannerModule)
    table = NumbersModule(generator.module)
    model = planner_graph(generator)
    session = open_session(model)
    with torch.inference_mode():
        difference = max(
            float(np.abs(session.run(None, {THUMBNAIL: batch})[0] - table(torch.from_numpy(batch)).numpy()).max())
            for batch in _thumbnails(generator.module.config)
        )
    check_difference(difference, generator.name)
    return make_bundle(model, _metadata(generator, difference), source=generator.name)


def planner_graph(generator: TrainedGenerator) -> bytes:
    """Return the graph of a trained planner, an ONNX model without metadata."""
    assert isinstance(generator.module, PlannerModule)
    config = generator.module.config
    sample = torch.zeros(2, config.channels_in, config.thumbnail, config.thumbnail)
    graph = export_numbers(NumbersModule(generator.module), sample)
    return stored_in_halves(graph).SerializeToString(deterministic=True)


class NumbersModule(nn.Module):
    """The network of a planner, from thumbnails ``(N, C, S, S)`` to its numbers ``(N, K)`` in the order of the config."""

    def __init__(self, planner: PlannerModule) -> None:
        super().__init__()
        self.planner = planner.eval()

    def forward(self, thumbnail: Tensor) -> Tensor:
        """Return the numbers."""
        numbers = self.planner.predict(thumbnail)
        return torch.cat([numbers[name].flatten(1) for name in self.planner.config.outputs], 1)


def _thumbnails(config: Planner) -> Iterator[Batch]:
    """Yield noise of every strength, which is harder than photographs, and a black and a white thumbnail."""
    generator, shape = np.random.default_rng(0), (config.channels_in, config.thumbnail, config.thumbnail)
    for index in range(_BATCHES):
        noise = generator.random((1 + index % 3, *shape), np.float32) ** np.float32(1 + index)
        yield noise * np.float32(0.5**index)
    yield np.stack([np.zeros(shape, np.float32), np.ones(shape, np.float32)])


def _metadata(generator: TrainedGenerator, difference: float) -> BundleMetadata:
    config = generator.config
    assert isinstance(config, Planner)
    proof = {"mode": "eval", "difference_from_pytorch": difference, "torch": importlib.metadata.version("torch")}
    return BundleMetadata(
        name=generator.name,
        summary=generator.spec.summary,
        kind="planner",
        channels_in=config.channels_in,
        channels_out=config.channels_out,
        multiple=config.multiple,
        receptive_field_radius=config.receptive_field_radius,
        generator=to_dict(config),
        preprocess=generator.preprocess.to_toml() if generator.preprocess.steps else "",
        postprocess=generator.postprocess.to_toml() if generator.postprocess.steps else "",
        outputs=config.outputs,
        licence=str(generator.provenance.get("licence", "")),
        provenance={**generator.provenance, "export": {**proof, "opset": OPSET}},
        format=2,
    )
