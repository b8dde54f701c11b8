"""Config of the CycleGAN."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal

from diptych.core.errors import ParameterError
from diptych.core.parameters import Range
from diptych.networks import Degradation, GeneratorConfig
from diptych.training.config.base import LossWeights, Weight
from diptych.training.config.unpaired import UnpairedConfig


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
class CycleGANConfig(UnpairedConfig):
    """Learn from two folders without pairs: two generators, two discriminators, and the way there and back.

    Parameters
    ----------
    backward : GeneratorConfig, optional
        The generator from target to source; by default the same network as `forward`, the channels exchanged.
    weights : CycleGANWeights
        Weights of the losses.
    cycle_source : float
        Factor of the cycle that begins and ends in the source. A generator that takes noise away cannot give it back, and
        where it must, it hides it in its output: lower it for a noisy source.
    warm_up : float
        Share of the steps over which the weights of `cycle` and `identity` rise from 0. Where a residual generator begins as
        the identity, both of these losses are 0, and with an absolute value's constant slope they hold it there.
    frequency_kind : {"focal", "amplitude"}
        Which form of the loss `frequency`.

    Notes
    -----
    The discriminators and their losses are those of `UnpairedConfig`, what every objective has is that of `TrainConfig`.

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

    backward: GeneratorConfig | None = None
    weights: CycleGANWeights = field(default_factory=CycleGANWeights)

    cycle_source: Annotated[float, Range(0, 1)] = 1.0
    warm_up: Annotated[float, Range(0, 1)] = 0.0
    frequency_kind: Literal["focal", "amplitude"] = "focal"

    def __post_init__(self) -> None:
        super().__post_init__()
        forward, backward = self.generator_pair
        object.__setattr__(self, "backward", backward)
        if not isinstance(backward, GeneratorConfig) or isinstance(backward, Degradation):
            raise ParameterError("training: backward is not the config of a generator; give e.g. backward.name=mobile")
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
