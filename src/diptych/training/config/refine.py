"""Config of the objective that trains a refiner from good pictures alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from diptych.core.errors import ParameterError
from diptych.networks import Degradation, GeneratorConfig, Refiner
from diptych.training.config.base import Side, TrainConfig, matching_channels


@dataclass(frozen=True, kw_only=True)
class RefineConfig(TrainConfig):
    """Learn from a folder of good pictures alone to give a first result its details.

    Parameters
    ----------
    forward : Refiner
        The generator.
    degradation : Degradation
        What the good pictures go through before they are enhanced; its channels follow those of `forward`.

    Notes
    -----
    The parameters of every objective are those of `TrainConfig`.
    """

    objective: ClassVar[str] = "refine"
    folders: ClassVar[tuple[Side, ...]] = ("target",)

    forward: GeneratorConfig = field(default_factory=Refiner)
    degradation: Degradation = field(default_factory=lambda: Degradation(everyday=0.5))

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.forward, Refiner):
            raise ParameterError(
                f"training: objective = refine trains a refiner, but forward is a {self.forward.name}; "
                f"take the preset refine, or forward.name = refiner"
            )
        object.__setattr__(self, "degradation", matching_channels(self.degradation, self.forward))
