"""Settings of the trainings that need one folder and no labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from diptych.core.parameters import Range

Task = Literal["exposure", "denoising", "reconstruction"]


@dataclass(frozen=True, kw_only=True)
class SelfSupervisedSettings:
    """What decides a training with ``objective = "self"``, besides what all trainings share.

    Parameters
    ----------
    task : {"exposure", "denoising", "reconstruction"}
        What is learned from the one folder: to expose dark pictures well (`diptych.training.self_supervised.zero_reference`),
        to take their noise away (`diptych.training.self_supervised.neighbours`), or to give back what was taken from
        them, as a start for another training (`diptych.training.self_supervised.reconstruction`).
    exposure, spatial, color, smoothness : float
        For `exposure`, weights of its losses; 0 leaves one out.
    level : float
        For `exposure`, the mean luma that is aimed at, 0 to 1. The default is the median of good photographs, which the
        recipe `auto` aims at, too.
    consistency : float
        For `denoising`, weight of its second loss; more keeps less of the noise and less of the detail.
    stops : float
        For `exposure`, what differences in stops between neighbouring areas are multiplied by. Under-exposed pictures lie in
        the foot of their camera's tone curve, which stretches them: they were found to differ by 0.65 stops in the median,
        and good photographs by 0.48.
    masked : float
        For `reconstruction`, share of the picture that is taken away in squares.
    spoiled : float
        For `reconstruction`, share of the pictures that are also shot with a `diptych.networks.Degradation`: that of
        ``backward`` if it is one, otherwise one in the dark.
    """

    task: Task = "exposure"
    exposure: Annotated[float, Range(0, 1000)] = 10.0
    spatial: Annotated[float, Range(0, 1000)] = 1.0
    color: Annotated[float, Range(0, 1000)] = 5.0
    smoothness: Annotated[float, Range(0, 1000)] = 1.0
    level: Annotated[float, Range(0.05, 0.95)] = 0.45
    consistency: Annotated[float, Range(0, 1000)] = 1.0
    stops: Annotated[float, Range(0.1, 2)] = 0.75
    masked: Annotated[float, Range(0, 0.95)] = 0.5
    spoiled: Annotated[float, Range(0, 1)] = 0.0
