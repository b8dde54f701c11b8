"""Config of the objective that learns to denoise from noisy pictures alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from diptych.networks import Denoiser, GeneratorConfig
from diptych.training.config.base import LossWeights, Side, TrainConfig, Weight


@dataclass(frozen=True, kw_only=True)
class Neighbor2NeighborWeights(LossWeights):
    """Weight of the second loss of `diptych.training.objectives.neighbor2neighbor`, beside 1 for the first.

    Parameters
    ----------
    consistency : float
        More keeps less of the noise and less of the detail. It rises from 0 over the training.
    """

    consistency: Weight = 1.0


@dataclass(frozen=True, kw_only=True)
class Neighbor2NeighborConfig(TrainConfig):
    """Learn from a folder of noisy pictures alone to take their noise away.

    Parameters
    ----------
    weights : Neighbor2NeighborWeights
        Weights of the losses.

    Notes
    -----
    The parameters of every objective are those of `TrainConfig`.
    """

    objective: ClassVar[str] = "neighbor2neighbor"
    folders: ClassVar[tuple[Side, ...]] = ("source",)

    forward: GeneratorConfig = field(default_factory=Denoiser)
    weights: Neighbor2NeighborWeights = field(default_factory=Neighbor2NeighborWeights)
