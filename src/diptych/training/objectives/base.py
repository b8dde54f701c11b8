"""What the loop, the checkpoints and the recorder need of an objective, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from diptych.recipes import Recipe
from diptych.training.config import TrainConfig
from diptych.training.data import Batch, PathLike, TrainingData
from diptych.training.generator_file import TrainedGenerator
from diptych.training.image_pool import ImagePool
from diptych.training.optimization import ExponentialMovingAverage
from diptych.training.validation.evaluator import Evaluator

Losses = dict[str, Tensor]
Tensors = tuple[Tensor, ...]


class Term(NamedTuple):
    """A loss and its weight."""

    weight: float
    loss: Tensor


Terms = dict[str, Term]


@dataclass(frozen=True, eq=False)
class Parts:
    """Everything of an objective that a checkpoint holds, by the names that it has there."""

    networks: Mapping[str, nn.Module]
    averages: Mapping[str, ExponentialMovingAverage]
    optimisers: Mapping[str, torch.optim.Optimizer]
    pools: Mapping[str, ImagePool] = field(default_factory=dict)


class Objective(Protocol):
    """What is learned: networks, their losses, and how they are updated."""

    fabric: Fabric
    parts: Parts

    @property
    def config(self) -> TrainConfig:
        """The settings of the run."""

    @property
    def generator(self) -> nn.Module:
        """The averaged generator, which is validated and exported."""

    def open_data(self, *, source: PathLike | None, target: PathLike | None) -> TrainingData:
        """Open the folders. Raises `DataError` if one cannot be trained on."""

    def prepare(self, data: TrainingData) -> dict[str, Any] | None:
        """Do what comes before the first step; return an entry for the log, if there is something to say."""

    def train_step(self, batches: Sequence[Tensors], *, step: int) -> Losses:
        """Update everything once, over one or more batches; return the weighted losses, averaged over the batches."""

    def evaluator(self, data: TrainingData) -> Evaluator:
        """Return what validates the averaged generator on held-out pictures."""

    def propose_postprocess(self, generator: TrainedGenerator, data: TrainingData) -> Recipe:
        """Return the classical steps after the network that its own outputs call for; without a step where none do."""


def backward(fabric: Fabric, terms: Terms, total: Losses, *, batches: int) -> None:
    """Backpropagate the weighted sum of the losses of one of several batches, and add them to the total."""
    if not terms:
        return
    weighted = {name: term.weight * term.loss.float() / batches for name, term in terms.items()}
    fabric.backward(torch.stack(list(weighted.values())).sum())
    for name, value in weighted.items():
        total[name] = total.get(name, 0) + value.detach()


def adam(module: nn.Module, config: TrainConfig, rate: float) -> torch.optim.Optimizer:
    """Return Adam for a module with the moments of the config."""
    return torch.optim.Adam(module.parameters(), lr=rate, betas=(config.beta1, config.beta2), fused=True)


def to_layout(module: nn.Module, config: TrainConfig) -> nn.Module:
    """Return the module in the memory layout of the config."""
    # torch's own stubs do not know this argument of Module.to.
    return module.to(memory_format=torch.channels_last) if config.channels_last else module  # type: ignore[call-overload]


def placed(batch: Batch, config: TrainConfig, fabric: Fabric) -> Tensors:
    """Return a batch on the device of the run, pictures in the memory layout of the config."""
    layout = torch.channels_last if config.channels_last else torch.contiguous_format
    tensors = [torch.from_numpy(part) for part in batch]
    if fabric.device.type == "cuda":  # so that the copy need not wait for the step before
        tensors = [part.pin_memory() for part in tensors]
    moved = [fabric.to_device(part) for part in tensors]
    return tuple(part.contiguous(memory_format=layout) if part.ndim == 4 else part for part in moved)


def crop_views(thumbnails: Tensor, boxes: Tensor, *, side: int) -> Tensor:
    """Return squares of `side` px of what boxes ``(N, 4)`` show of pictures ``(N, C, H, W)``."""
    top, left, height, width = boxes.unbind(1)
    transform = boxes.new_zeros(len(boxes), 2, 3)
    transform[:, 0, 0], transform[:, 0, 2] = width, 2 * left + width - 1
    transform[:, 1, 1], transform[:, 1, 2] = height, 2 * top + height - 1
    grid = F.affine_grid(transform, [len(thumbnails), thumbnails.shape[1], side, side], align_corners=False)
    return F.grid_sample(thumbnails, grid, mode="bilinear", padding_mode="border", align_corners=False)
