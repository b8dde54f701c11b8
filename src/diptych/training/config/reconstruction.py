"""Config of the objective that restores masked and degraded pictures, as a start for another training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from diptych.core.parameters import Range
from diptych.networks import Degradation
from diptych.training.config.base import Side, TrainConfig, matching_channels


@dataclass(frozen=True, kw_only=True)
class ReconstructionConfig(TrainConfig):
    """Learn from one folder to give back what was taken from its pictures.

    Parameters
    ----------
    mask_ratio : float
        Share of the picture that is taken away in squares.
    degraded_ratio : float
        Share of the pictures that are also degraded.
    degradation : Degradation
        How; its channels follow those of `forward`.

    Notes
    -----
    The parameters of every objective are those of `TrainConfig`.
    """

    objective: ClassVar[str] = "reconstruction"
    folders: ClassVar[tuple[Side, ...]] = ("source",)

    degradation: Degradation = field(default_factory=Degradation)

    mask_ratio: Annotated[float, Range(0, 0.95)] = 0.5
    degraded_ratio: Annotated[float, Range(0, 1)] = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "degradation", matching_channels(self.degradation, self.forward))
