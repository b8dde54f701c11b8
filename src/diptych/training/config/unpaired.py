"""What the configs of the painters share that learn from two folders against discriminators."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from diptych.core.errors import ParameterError
from diptych.core.parameters import Range
from diptych.networks import NetworkConfig, PatchGAN
from diptych.training.config.base import Side, TrainConfig


@dataclass(frozen=True, kw_only=True)
class UnpairedConfig(TrainConfig):
    """Base of the configs of painters that learn from two folders without pairs.

    Parameters
    ----------
    discriminator : PatchGAN or CAMPatchGAN
        Config of the discriminators (their channels follow those of the generators).
    adversarial_kind, gradient_penalty_kind : str
        Which form of the loss.
    denoise : float
        Non-local means before the preprocessing, if the source is noisier than the target (or, with ``preprocess = "auto"``, if
        the score is better for it): times the measured noise; 0 for none.
    views : float
        Share of the pictures of a batch, rounded, that are whole pictures, reduced to `crop` px a side, and no crops: the
        discriminators see tone and colour in them, and texture in the crops.
    discriminator_rate : float
        Learning rate of the discriminators.
    pool : int
        Earlier outputs that the discriminators are also shown; 0 for none.
    """

    folders: ClassVar[tuple[Side, ...]] = ("source", "target")
    paints: ClassVar[bool] = True

    discriminator: NetworkConfig = field(default_factory=PatchGAN)
    adversarial_kind: Literal["least_squares", "hinge", "logistic"] = "least_squares"
    gradient_penalty_kind: Literal["r1", "wgan_gp"] = "r1"
    denoise: Annotated[float, Range(0, 3)] = 1.0
    discriminator_rate: Annotated[float, Range(1e-8, 1)] = 2e-4
    pool: Annotated[int, Range(0, 10_000)] = 50
    views: Annotated[float, Range(0, 1)] = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_discriminator(self.discriminator)


def check_discriminator(config: object) -> None:
    """Raise `ParameterError` if a value is not the config of a discriminator."""
    if not (isinstance(config, NetworkConfig) and config.role == "discriminator"):
        raise ParameterError("training: discriminator is not the config of a discriminator; leave it out")
