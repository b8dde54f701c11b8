"""Config of a planner that learns to undo a degradation model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from diptych.core.errors import ParameterError
from diptych.core.parameters import Range
from diptych.networks import Degradation, GeneratorConfig, NetworkConfig, PatchGAN, Planner
from diptych.training.config.base import LossWeights, Side, TrainConfig, Weight, matching_channels
from diptych.training.config.unpaired import check_discriminator


@dataclass(frozen=True, kw_only=True)
class PlannerWeights(LossWeights):
    """Weights of the losses of `diptych.training.objectives.planner`, beside 1 for the mean absolute error.

    Parameters
    ----------
    tone : float
        Of the channels' means: exposure and cast of the whole picture.
    quantiles : float
        Of the dark and the light end of the luma: black point and contrast.
    chroma : float
        Of the mean chroma, without which doubtful colours go grey.
    identity : float
        Of leaving good pictures alone.
    spread : float
        Of knowing how far the exposure may be off.
    adversarial, gradient_penalty : float
        Of a discriminator that tells the source from degraded pictures and moves the degradation model; the penalty is R1.
    """

    tone: Weight = 4.0
    quantiles: Weight = 0.5
    chroma: Weight = 0.3
    identity: Weight = 0.5
    spread: Weight = 0.02
    adversarial: Weight = 0.0
    gradient_penalty: Weight = 0.0


@dataclass(frozen=True, kw_only=True)
class PlannerConfig(TrainConfig):
    """Learn from two folders without pairs: a degradation model is fitted to the source, and a planner learns to undo it.

    Parameters
    ----------
    forward : Planner
        The generator.
    degradation : Degradation
        From pictures of the target to such as the source has; its channels follow those of `forward`.
    discriminator : PatchGAN or CAMPatchGAN
        Built only where `weights.adversarial` is not 0.
    weights : PlannerWeights
        Weights of the losses.
    adversarial_kind : str
        Which form of the adversarial loss.
    least_view : float
        Share of a picture that a view of it shows along either axis, at least: 1 for whole pictures only. The less, the
        more different the views, and the less they look like whole pictures.
    balance : float
        Share of the views of which each brightness of a picture gets equally many; the rest are of all pictures alike.
    calibration_steps : int
        Steps of the fit of the degradation model to the source, before the training; 0 leaves it as its kind begins.
    discriminator_rate : float
        Learning rate of the discriminator and of the degradation model, which it moves.
    pool : int
        Earlier degraded pictures that the discriminator is also shown; 0 for none.

    Notes
    -----
    The parameters of every objective are those of `TrainConfig`.

    Examples
    --------
    >>> PlannerConfig().updated({"degradation": {"kind": "haze"}}).degradation.kind
    'haze'
    """

    objective: ClassVar[str] = "planner"
    folders: ClassVar[tuple[Side, ...]] = ("source", "target")

    forward: GeneratorConfig = field(default_factory=Planner)
    degradation: Degradation = field(default_factory=Degradation)
    discriminator: NetworkConfig = field(default_factory=PatchGAN)
    weights: PlannerWeights = field(default_factory=PlannerWeights)

    adversarial_kind: Literal["least_squares", "hinge", "logistic"] = "least_squares"
    least_view: Annotated[float, Range(0.1, 1)] = 0.7
    balance: Annotated[float, Range(0, 1)] = 0.5
    calibration_steps: Annotated[int, Range(0, 100_000)] = 400
    discriminator_rate: Annotated[float, Range(1e-8, 1)] = 2e-4
    pool: Annotated[int, Range(0, 10_000)] = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.forward, Planner):
            raise ParameterError(
                f"training: objective = planner trains a planner, but forward is a {self.forward.name}; give "
                f"forward.name = planner, or objective = cyclegan"
            )
        check_discriminator(self.discriminator)
        object.__setattr__(self, "degradation", matching_channels(self.degradation, self.forward))
