"""What there is to learn: one objective a file, its train step included."""

from __future__ import annotations

from collections.abc import Callable

from lightning_fabric import Fabric

from diptych.training.config import (
    CUTConfig,
    CycleGANConfig,
    Neighbor2NeighborConfig,
    PlannerConfig,
    ReconstructionConfig,
    RefineConfig,
    TrainConfig,
    ZeroReferenceConfig,
)
from diptych.training.objectives.base import Objective
from diptych.training.objectives.cut import CUTObjective
from diptych.training.objectives.cyclegan import CycleGANObjective
from diptych.training.objectives.neighbor2neighbor import Neighbor2NeighborObjective
from diptych.training.objectives.planner import PlannerObjective
from diptych.training.objectives.reconstruction import ReconstructionObjective
from diptych.training.objectives.refine import RefineObjective
from diptych.training.objectives.zero_reference import ZeroReferenceObjective

__all__ = ["Objective", "make_objective"]


def make_objective(config: TrainConfig, fabric: Fabric) -> Objective:
    """Return the objective of a config, with fresh networks."""
    made = _OBJECTIVES[type(config)]
    return made(config, fabric)


_OBJECTIVES: dict[type[TrainConfig], Callable[..., Objective]] = {
    CycleGANConfig: CycleGANObjective,
    CUTConfig: CUTObjective,
    PlannerConfig: PlannerObjective,
    ZeroReferenceConfig: ZeroReferenceObjective,
    Neighbor2NeighborConfig: Neighbor2NeighborObjective,
    ReconstructionConfig: ReconstructionObjective,
    RefineConfig: RefineObjective,
}
