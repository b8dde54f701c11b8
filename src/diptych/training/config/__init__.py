"""What a training run is: one frozen config for each objective, saved as TOML in the run directory. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diptych.core.errors import ParameterError, did_you_mean
from diptych.training.config.base import OF_KINDS, LossWeights, Preprocess, TrainConfig, read_file, read_toml
from diptych.training.config.cut import CUTConfig, CUTWeights
from diptych.training.config.cyclegan import CycleGANConfig, CycleGANWeights
from diptych.training.config.neighbor2neighbor import Neighbor2NeighborConfig, Neighbor2NeighborWeights
from diptych.training.config.planner import PlannerConfig, PlannerWeights
from diptych.training.config.reconstruction import ReconstructionConfig
from diptych.training.config.refine import RefineConfig
from diptych.training.config.unpaired import UnpairedConfig
from diptych.training.config.zero_reference import ZeroReferenceConfig, ZeroReferenceWeights

__all__ = [
    "CONFIGS",
    "OF_KINDS",
    "CUTConfig",
    "CUTWeights",
    "CycleGANConfig",
    "CycleGANWeights",
    "LossWeights",
    "Neighbor2NeighborConfig",
    "Neighbor2NeighborWeights",
    "PlannerConfig",
    "PlannerWeights",
    "Preprocess",
    "ReconstructionConfig",
    "RefineConfig",
    "TrainConfig",
    "UnpairedConfig",
    "ZeroReferenceConfig",
    "ZeroReferenceWeights",
    "check_objective",
    "from_dict",
    "from_toml",
    "read_file",
]

CONFIGS: dict[str, type[TrainConfig]] = {
    kind.objective: kind
    for kind in (
        CycleGANConfig,
        CUTConfig,
        PlannerConfig,
        ZeroReferenceConfig,
        Neighbor2NeighborConfig,
        ReconstructionConfig,
        RefineConfig,
    )
}
"""Objective -> class of its config."""


def from_dict(values: Mapping[str, Any], *, source: str = "training") -> TrainConfig:
    """Make a config from plain values; without an objective, a CycleGAN's.

    Parameters
    ----------
    values : mapping
        As `TrainConfig.to_dict` gives them; missing settings take their defaults.
    source : str
        Where the values come from, for messages.

    Raises
    ------
    ParameterError
        If the objective or a name is unknown (the closest is named), or a value out of bounds.

    Examples
    --------
    >>> from_dict({"objective": "refine", "steps": 100}).folders
    ('target',)
    """
    return CONFIGS[check_objective(values.get("objective", "cyclegan"), source=source)]().updated(values, source=source)


def from_toml(text: str, *, source: str = "config") -> TrainConfig:
    """Make a config from the text of its file; see `from_dict`."""
    return from_dict(read_toml(text, source=source), source=source)


def check_objective(name: object, *, source: str = "training") -> str:
    """Return the name of an objective. Raises `ParameterError` if there is none of this name."""
    if not isinstance(name, str) or name not in CONFIGS:
        raise ParameterError(f"{source}: no objective named '{name}'{did_you_mean(str(name), CONFIGS)}")
    return name
