"""Config of the CycleGAN."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal

from diptych.core.errors import ParameterError
from diptych.core.parameters import Range
from diptych.networks import Degradation, GeneratorConfig, NetworkConfig, PatchGAN
from diptych.training.config.base import LossWeights, Side, TrainConfig, Weight


@dataclass(frozen=True, kw_only=True)
class CycleGANWeights(LossWeights):
    """Weights of the losses of a CycleGAN (see `diptych.training.losses`); 0 leaves one out.

    Parameters
    ----------
    adversarial, cycle, identity, attention, frequency, gradient_penalty, structure, total_variation : float
        `identity` and `attention` need as many channels in as out, `attention` also generators that attend.
    """

    adversarial: Weight = 1.0
    cycle: Weight = 10.0
    identity: Weight = 5.0
    attention: Annotated[float, Range(0, 10_000)] = 0.0
    frequency: Weight = 0.0
    gradient_penalty: Weight = 0.0
    structure: Weight = 0.0
    total_variation: Weight = 0.0


@dataclass(frozen=True, kw_only=True)
class CycleGANConfig(TrainConfig):
    """Learn from two folders without pairs: two generators, two discriminators, and the way there and back.

    Parameters
    ----------
    backward : GeneratorConfig, optional
        The generator from target to source; by default the same network as `forward`, the channels exchanged.
    discriminator : PatchGAN or CAMPatchGAN
        Config of both discriminators (their channels follow those of the generators).
    weights : CycleGANWeights
        Weights of the losses.
    cycle_source : float
        Factor of the cycle that begins and ends in the source. A generator that takes noise away cannot give it back, and
        where it must, it hides it in its output: lower it for a noisy source.
    warm_up : float
        Share of the steps over which the weights of `cycle` and `identity` rise from 0. Where a residual generator begins as
        the identity, both of these losses are 0, and with an absolute value's constant slope they hold it there.
    adversarial_kind, gradient_penalty_kind, frequency_kind : str
        Which form of the loss.
    denoise : float
        Non-local means before the preprocessing, if the source is noisier than the target: times the measured noise; 0 for
        none.
    discriminator_rate : float
        Learning rate of the discriminators.
    pool : int
        Earlier outputs that the discriminators are also shown; 0 for none.

    Notes
    -----
    The parameters of every objective are those of `TrainConfig`.

    References
    ----------
    Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, ICCV 2017, sections 3, 4
    and 7.1.

    Examples
    --------
    >>> CycleGANConfig(steps=1000, weights=CycleGANWeights(cycle=5)).weights.cycle
    5.0
    """

    objective: ClassVar[str] = "cyclegan"
    folders: ClassVar[tuple[Side, ...]] = ("source", "target")

    backward: GeneratorConfig | None = None
    discriminator: NetworkConfig = field(default_factory=PatchGAN)
    weights: CycleGANWeights = field(default_factory=CycleGANWeights)

    cycle_source: Annotated[float, Range(0, 1)] = 1.0
    warm_up: Annotated[float, Range(0, 1)] = 0.0
    adversarial_kind: Literal["least_squares", "hinge", "logistic"] = "least_squares"
    gradient_penalty_kind: Literal["r1", "wgan_gp"] = "r1"
    frequency_kind: Literal["focal", "amplitude"] = "focal"
    denoise: Annotated[float, Range(0, 3)] = 1.0
    discriminator_rate: Annotated[float, Range(1e-8, 1)] = 2e-4
    pool: Annotated[int, Range(0, 10_000)] = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        forward, backward = self.generator_pair
        object.__setattr__(self, "backward", backward)
        if not isinstance(backward, GeneratorConfig) or isinstance(backward, Degradation):
            raise ParameterError("training: backward is not the config of a generator; give e.g. backward.name=mobile")
        check_discriminator(self.discriminator)
        if (backward.channels_in, backward.channels_out) != (forward.channels_out, forward.channels_in):
            raise ParameterError(
                "training: the channels of backward are not those of forward exchanged; set them equal"
            )
        for name, weight in (("identity", self.weights.identity), ("attention", self.weights.attention)):
            if weight and forward.channels_in != forward.channels_out:
                raise ParameterError(f"training: {name} needs as many channels in as out; give weights.{name} = 0")
        if self.weights.attention and {forward.name, backward.name} != {"ugatit"}:
            raise ParameterError(
                "training: attention is for generators that attend; give ugatit, or weights.attention = 0"
            )

    @property
    def generator_pair(self) -> tuple[GeneratorConfig, GeneratorConfig]:
        """Configs of the generators from source to target and back."""
        forward = self.forward
        exchanged = replace(forward, channels_in=forward.channels_out, channels_out=forward.channels_in)
        return forward, exchanged if self.backward is None else self.backward


def check_discriminator(config: object) -> None:
    """Raise `ParameterError` if a value is not the config of a discriminator."""
    if not (isinstance(config, NetworkConfig) and config.role == "discriminator"):
        raise ParameterError("training: discriminator is not the config of a discriminator; leave it out")
