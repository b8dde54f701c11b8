"""Config of the objective that learns exposure from dark pictures alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from diptych.core.parameters import Range
from diptych.networks import GeneratorConfig, Planner
from diptych.training.config.base import LossWeights, Side, TrainConfig, Weight


@dataclass(frozen=True, kw_only=True)
class ZeroReferenceWeights(LossWeights):
    """Weights of the losses of `diptych.training.objectives.zero_reference`; 0 leaves one out of the sum."""

    exposure: Weight = 10.0
    spatial: Weight = 1.0
    color: Weight = 5.0
    smoothness: Weight = 1.0


@dataclass(frozen=True, kw_only=True)
class ZeroReferenceConfig(TrainConfig):
    """Learn from a folder of dark pictures alone to expose them well.

    Parameters
    ----------
    weights : ZeroReferenceWeights
        Weights of the losses.
    level : float
        The mean luma that is aimed at, 0 to 1. The default is the median of good photographs, which the recipe `auto` aims
        at, too.
    stops : float
        What differences in stops between neighbouring areas are multiplied by. Under-exposed pictures lie in the foot of
        their camera's tone curve, which stretches them: they were found to differ by 0.65 stops in the median, and good
        photographs by 0.48.
    least_view : float
        Share of a picture that a view of it shows along either axis, at least.
    denoise : float
        Non-local means before the preprocessing, if the noise will be seen when the pictures are well exposed: times the
        measured noise; 0 for none.

    Notes
    -----
    The parameters of every objective are those of `TrainConfig`; for a generator that is no `Planner`, `crop` is the side of
    the views.
    """

    objective: ClassVar[str] = "zero_reference"
    folders: ClassVar[tuple[Side, ...]] = ("source",)

    forward: GeneratorConfig = field(default_factory=Planner)
    weights: ZeroReferenceWeights = field(default_factory=ZeroReferenceWeights)

    level: Annotated[float, Range(0.05, 0.95)] = 0.45
    stops: Annotated[float, Range(0.1, 2)] = 0.75
    least_view: Annotated[float, Range(0.1, 1)] = 0.6
    denoise: Annotated[float, Range(0, 3)] = 1.0
