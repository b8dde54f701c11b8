"""A refiner as a bundle: the graph of one step, with the time as an input; a runtime runs it once for every step."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from diptych.export.errors import ExportError
from diptych.export.pictures import Batch
from diptych.export.torch_export import OPSET, Parity, export_module
from diptych.networks import Refiner, to_dict
from diptych.networks.modules.refiner import RefinerModule, StepModule
from diptych.runtime import Bundle, BundleMetadata, make_bundle
from diptych.runtime.refiner import OnnxRefiner
from diptych.training.generator_file import TrainedGenerator

_SIDE = 16  # multiples, at least, of the larger pictures


class _Case(NamedTuple):
    """A comparison: sides in multiples, strength, steps."""

    rows: int
    columns: int
    strength: float
    steps: int


_CASES = (
    _Case(1, 1, 1.0, 1),
    _Case(_SIDE, _SIDE + 3, 1.0, 4),
    _Case(_SIDE + 5, _SIDE, 0.3, 1),
    _Case(_SIDE, _SIDE, 0.5, 8),
    _Case(1, _SIDE, 0.1, 2),
)


def refiner_bundle(generator: TrainedGenerator) -> Bundle:
    """Export a trained refiner, and compare chained steps of the graph with PyTorch and `diffusers`.

    Parameters
    ----------
    generator : TrainedGenerator
        With a config of the kind `diptych.networks.Refiner`.

    Returns
    -------
    Bundle
        Its graph takes ``(N, 2 C + 2, H, W)`` (state, first result, planes of the time and of the next time) and gives the
        next state. The provenance holds the largest difference.

    Raises
    ------
    ExportError
        If ONNX Runtime's refined pictures are more than 1e-4 from those of PyTorch, or the generator has steps before or
        after the network.
    """
    config, module = generator.config, generator.module
    assert isinstance(config, Refiner)
    assert isinstance(module, RefinerModule)
    if generator.preprocess.steps or generator.postprocess.steps:
        raise ExportError(
            f"{generator.name}: a refiner has no steps before or after it; train it with the preset refine"
        )
    model = step_graph(module)
    unproven = make_bundle(model, _metadata(generator, {}), source=generator.name)
    parity = Parity(measure_difference(module, unproven), _between_modes(module))
    parity.check(generator.name)
    proof = {**parity.provenance(opset=OPSET), "diffusers": importlib.metadata.version("diffusers")}
    return make_bundle(model, _metadata(generator, proof), source=generator.name)


def step_graph(module: RefinerModule) -> bytes:
    """Return the graph of one step, an ONNX model without metadata."""
    config = module.config
    channels, _ = config.graph_channels
    # A batch of one: the U-Net makes a tensor of the batch's length, which is a constant in the graph.
    sample = torch.full((1, channels, 2 * config.multiple, 3 * config.multiple), 0.5)
    return export_module(StepModule(module), sample).SerializeToString(deterministic=True)


def measure_difference(module: RefinerModule, bundle: Bundle) -> float:
    """Return the largest difference between pictures refined by `diffusers` and by a bundle: sizes, strengths, steps."""
    refiner = OnnxRefiner(bundle)
    return max(_difference(module, refiner, case, image) for case, image in zip(_CASES, _pictures(module), strict=True))


def _difference(module: RefinerModule, refiner: OnnxRefiner, case: _Case, image: Batch) -> float:
    first = torch.from_numpy(image.transpose(2, 0, 1)[np.newaxis].copy())
    with torch.inference_mode():
        expected = module.eval().refine_seeded(first, strength=case.strength, steps=case.steps, seed=1)
    found = refiner.refine(image, strength=case.strength, steps=case.steps, seed=1)
    return float(np.abs(found - expected[0].numpy().transpose(1, 2, 0)).max())


def _between_modes(module: RefinerModule) -> float:
    image = torch.from_numpy(next(_pictures(module)).transpose(2, 0, 1)[np.newaxis].copy())
    with torch.inference_mode():
        found = [module.train(mode)(image) for mode in (True, False)]
    return float((found[0] - found[1]).abs().max())


def _pictures(module: RefinerModule) -> Iterator[Batch]:
    generator = np.random.default_rng(0)
    multiple, channels = module.config.multiple, module.config.channels_in
    for index, case in enumerate(_CASES):
        shape = (multiple * case.rows, multiple * case.columns, channels)
        yield generator.random(shape, np.float32) ** np.float32(1 + index % 3)


def _metadata(generator: TrainedGenerator, proof: Mapping[str, Any]) -> BundleMetadata:
    config = generator.config
    assert isinstance(config, Refiner)
    inside, outside = config.graph_channels
    return BundleMetadata(
        name=generator.name,
        summary="refines the details of a first result",
        channels_in=inside,
        channels_out=outside,
        multiple=config.multiple,
        receptive_field_radius=config.receptive_field_radius_of_step,
        generator=to_dict(config),
        licence=str(generator.provenance.get("licence", "")),
        provenance={**generator.provenance, "export": dict(proof)},
    )
