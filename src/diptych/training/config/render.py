"""Config of a rendering that learns to undo a degradation model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from diptych.core.errors import ParameterError
from diptych.core.parameters import Range
from diptych.networks import Degradation, GeneratorConfig, NetworkConfig, PatchGAN, Render
from diptych.training.config.base import LossWeights, Side, TrainConfig, Weight, matching_channels
from diptych.training.config.cyclegan import check_discriminator


@dataclass(frozen=True, kw_only=True)
class RenderWeights(LossWeights):
    """Weights of the losses of `diptych.training.objectives.render`, beside 1 for the mean absolute error.

    Parameters
    ----------
    tone, chroma : float
        Of the channels' means, and of the mean chroma, without which doubtful colours go grey.
    denoising : float
        Of the denoiser's loss.
    identity : float
        Of leaving good pictures alone.
    adversarial, gradient_penalty : float
        Of a discriminator that tells the source from degraded pictures and moves the degradation model; the penalty is R1.
    """

    tone: Weight = 4.0
    chroma: Weight = 0.3
    denoising: Weight = 1.0
    identity: Weight = 5.0
    adversarial: Weight = 1.0
    gradient_penalty: Weight = 0.0


@dataclass(frozen=True, kw_only=True)
class RenderConfig(TrainConfig):
    """Learn from two folders without pairs: a degradation model is fitted to the source, and a rendering learns to undo it.

    Parameters
    ----------
    forward : Render
        The generator.
    degradation : Degradation
        From pictures of the target to such as the source has; its channels follow those of `forward`.
    discriminator : PatchGAN or CAMPatchGAN
        Built only where `weights.adversarial` is not 0.
    weights : RenderWeights
        Weights of the losses.
    adversarial_kind : str
        Which form of the adversarial loss.
    denoise : float
        As for `CycleGANConfig`.
    least_view : float
        Share of a picture that a view of it shows along either axis, at least: 1 for whole pictures only. The less, the
        more different the views, and the less they look like whole pictures.
    crops : int
        Crops of `crop` px a step that the denoiser learns from; 0 leaves it as it is.
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
    >>> RenderConfig().updated({"degradation": {"kind": "haze"}}).degradation.kind
    'haze'
    """

    objective: ClassVar[str] = "render"
    folders: ClassVar[tuple[Side, ...]] = ("source", "target")

    forward: GeneratorConfig = field(default_factory=Render)
    degradation: Degradation = field(default_factory=Degradation)
    discriminator: NetworkConfig = field(default_factory=PatchGAN)
    weights: RenderWeights = field(default_factory=RenderWeights)

    adversarial_kind: Literal["least_squares", "hinge", "logistic"] = "least_squares"
    denoise: Annotated[float, Range(0, 3)] = 1.0
    least_view: Annotated[float, Range(0.1, 1)] = 0.6
    crops: Annotated[int, Range(0, 4096)] = 8
    calibration_steps: Annotated[int, Range(0, 100_000)] = 400
    discriminator_rate: Annotated[float, Range(1e-8, 1)] = 2e-4
    pool: Annotated[int, Range(0, 10_000)] = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.forward, Render):
            raise ParameterError(
                f"training: objective = render trains a rendering, but forward is a {self.forward.name}; give "
                f"forward.name = render, or objective = cyclegan"
            )
        check_discriminator(self.discriminator)
        object.__setattr__(self, "degradation", matching_channels(self.degradation, self.forward))
