"""What the loop, the checkpoints and the observer need of a game, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from diptych.core.image import Image
from diptych.training.averaging import Average
from diptych.training.config import CycleGANConfig
from diptych.training.domains import Domains
from diptych.training.pool import ImagePool

Losses = dict[str, Tensor]
Tensors = tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class Parts:
    """Everything of a game that a checkpoint holds, by the names that it has there."""

    networks: Mapping[str, nn.Module]
    averages: Mapping[str, Average]
    optimisers: Mapping[str, torch.optim.Optimizer]
    pools: Mapping[str, ImagePool] = field(default_factory=dict)


class Playable(Protocol):
    """A game: networks, and how they are updated."""

    config: CycleGANConfig
    fabric: Fabric
    parts: Parts
    average_forward: Average

    def prepare(self, domains: Domains) -> dict[str, Any] | None:
        """Do what comes before the first step; return an entry for the log, if there is something to say."""

    def play(self, batches: Sequence[Tensors], *, step: int) -> Losses:
        """Update everything once, over one or more batches; return the weighted losses, averaged over the batches."""


@runtime_checkable
class TwoWayGame(Playable, Protocol):
    """A game of two folders, whose generators the monitor judges by their pictures."""

    average_backward: Average


@runtime_checkable
class HeldOutGame(Playable, Protocol):
    """A game of a single folder: no second one says how pictures should look, and so the game judges itself."""

    def held_out_loss(self, domains: Domains) -> float:
        """Return the loss of the averaged generator on the held-out pictures, lower is better, always in the same draw."""

    def rows(self, domains: Domains, *, count: int) -> list[list[Image]]:
        """Return rows of the contact sheet for the first held-out pictures: what went in, what came out, ..."""


def gather_gradients(fabric: Fabric, optimiser: torch.optim.Optimizer) -> None:
    """Average the gradients of several processes.

    A network is asked several times before each update, so that this is done here and not in its backward pass, as
    DistributedDataParallel would.
    """
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if fabric.world_size > 1 and gradients:
        mean = fabric.all_reduce(parameters_to_vector(gradients), reduce_op="mean")
        assert isinstance(mean, Tensor)
        vector_to_parameters(mean, gradients)
