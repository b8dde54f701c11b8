"""Config of the generator that plans: it writes the numbers of the operator `develop` instead of painting pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from diptych.core.errors import ParameterError
from diptych.core.parameters import Range
from diptych.networks._config import GeneratorConfig
from diptych.networks.receptive_field import Spread, Window

SPREAD = "spread"
"""The number that is no parameter of `develop`: how sure the network is of the exposure."""

_TONES = ("exposure", "gamma")  # with shadows as a third, some trainings lifted them instead, and had 1 dB less
_COLOURS = ("follow", "saturation", "warmth", "tint", "color_floor")


@dataclass(frozen=True, kw_only=True)
class Planner(GeneratorConfig):
    """The generator that plans: a thumbnail decides the numbers of the operator `develop`.

    A network looks at the thumbnail, and what it says is a recipe: any size, no seams, no invented content, and numbers that
    can be read and changed. It also says how far the exposure may be off: the same thumbnail may be of a bright scene in bad
    light, or of a dark one.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels of the pictures, 1 or 3, and equal.
    width : int
        Channels of the first convolution on the thumbnail; the deepest have four times as many.
    thumbnail : int
        Side in px of the thumbnail, which is square whatever the shape of the picture.
    dropout : float
        Share of the features of the thumbnail that are left out in training, at random: some hundred pictures are few, and a
        network that knows them by heart is too sure of the exposure of others.

    Raises
    ------
    ParameterError
        If a field is out of its bounds, the channels differ, or residual is true: it has its own way to start from its input.

    Examples
    --------
    >>> Planner().receptive_field_radius, Planner(channels_in=1, channels_out=1).outputs
    (0, ('exposure', 'gamma', 'spread'))
    """

    name: ClassVar[str] = "planner"

    channels_in: Annotated[int, Range(1, 3, step=2)] = 3
    channels_out: Annotated[int, Range(1, 3, step=2)] = 3
    width: Annotated[int, Range(1, 256)] = 16
    thumbnail: Annotated[int, Range(32, 512, "px", step=8)] = 128
    dropout: Annotated[float, Range(0, 0.9)] = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.residual:
            raise ParameterError("planner: residual = True is not allowed; a plan begins at its picture already")
        if self.channels_in != self.channels_out:
            raise ParameterError(
                f"planner: channels_in = {self.channels_in} is not channels_out = {self.channels_out}; make them equal"
            )

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the numbers that the network gives: parameters of `develop`, and ``spread``."""
        return (*_TONES, *(_COLOURS if self.channels_in == 3 else ()), SPREAD)

    @property
    def multiple(self) -> int:
        """Height and width are taken as they are: 1."""
        return 1

    def _layers(self) -> list[Window | Spread]:
        return []  # the thumbnail, and the surroundings that `develop` looks at, are not counted
