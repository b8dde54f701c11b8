"""Config of CUT, the contrastive translation that has no way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from diptych.core.errors import ParameterError
from diptych.core.parameters import Range
from diptych.training.config.base import LossWeights, Weight
from diptych.training.config.unpaired import UnpairedConfig

_ENCODING = ("mobile", "resnet", "ugatit", "unet")


@dataclass(frozen=True, kw_only=True)
class CUTWeights(LossWeights):
    """Weights of the losses of CUT (see `diptych.training.losses`); 0 leaves one out.

    Parameters
    ----------
    adversarial, contrastive, identity, gradient_penalty, structure, total_variation : float
        `contrastive` compares patches of input and output, `identity` those of a picture of the target and what the
        generator makes of it.
    """

    adversarial: Weight = 1.0
    contrastive: Weight = 1.0
    identity: Weight = 1.0
    gradient_penalty: Weight = 0.0
    structure: Weight = 0.0
    total_variation: Weight = 0.0


@dataclass(frozen=True, kw_only=True)
class CUTConfig(UnpairedConfig):
    """Learn from two folders without pairs and without a way back: a patch of the output is to resemble its own of the input.

    Parameters
    ----------
    weights : CUTWeights
        Weights of the losses. CUT has contrastive 1 and identity 1, FastCUT 10 and 0.
    patches : int
        Places of a picture that are compared with one another, in each of the maps of the encoder.
    temperature : float
        Of the contrastive loss: the lower, the more the most similar patches count.
    projection : int
        Values that each place is compared by: the width of both layers of the network that makes them of the maps.

    Notes
    -----
    The discriminator and its losses are those of `UnpairedConfig`, what every objective has is that of `TrainConfig`. Channels
    in and out are as many, as the same encoder looks at input and output.

    References
    ----------
    Park, Efros, Zhang and Zhu, Contrastive Learning for Unpaired Image-to-Image Translation, ECCV 2020, section 3.

    Examples
    --------
    >>> CUTConfig(weights=CUTWeights(contrastive=10, identity=0)).weights.identity
    0.0
    """

    objective: ClassVar[str] = "cut"

    weights: CUTWeights = field(default_factory=CUTWeights)
    patches: Annotated[int, Range(2, 65_536)] = 256
    temperature: Annotated[float, Range(0.001, 10)] = 0.07
    projection: Annotated[int, Range(1, 4096)] = 256
    pool: Annotated[int, Range(0, 10_000)] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.forward.name not in _ENCODING:
            raise ParameterError(f"training: objective = cut needs a generator that encodes: {', '.join(_ENCODING)}")
        if self.forward.channels_in != self.forward.channels_out:
            raise ParameterError(
                "training: objective = cut needs as many channels out as in; give folders that are both grey or both colour"
            )
