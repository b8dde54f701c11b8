"""What every network config is: a frozen value with checked fields, saved as a plain mapping. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from diptych.core.errors import ParameterError, did_you_mean
from diptych.core.parameters import Parameter, Range, read_parameters
from diptych.networks.receptive_field import Spread, Window, farthest, widest

Role = Literal["generator", "discriminator"]


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Base of all network configs: a comparable, hashable value that says everything but the weights.

    A subclass declares each field as an operator declares its parameters, ``Annotated[int, Range(1, 64)] = 3``, and its
    bounds are checked when a config is made.
    """

    name: ClassVar[str]
    role: ClassVar[Role]

    channels_in: Annotated[int, Range(1, 64)] = 3

    def __post_init__(self) -> None:
        for parameter in declared_fields(type(self)):
            value = parameter.check(getattr(self, parameter.name), self.name)
            object.__setattr__(self, parameter.name, value)

    @property
    def multiple(self) -> int:
        """Height and width are padded to a multiple of this inside the network; a size that is one costs nothing extra."""
        raise NotImplementedError

    @property
    def receptive_field(self) -> int:
        """Side in px of the largest square of input that an output value sees through the convolutions.

        The statistics of instance normalisation, which see the whole picture, are not counted.
        """
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class GeneratorConfig(NetworkConfig):
    """Base of the generators' configs: networks that map pictures in [0, 1] to pictures in [0, 1] of the same size."""

    role: ClassVar[Role] = "generator"

    channels_out: Annotated[int, Range(1, 64)] = 3
    residual: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.residual and self.channels_in != self.channels_out:
            raise ParameterError(
                f"{self.name}: residual = True adds to the input, but channels_in = {self.channels_in} is not "
                f"channels_out = {self.channels_out}; make them equal or give residual = False"
            )

    @property
    def receptive_field(self) -> int:
        """Side in px of the largest square of input that an output value sees through the convolutions."""
        return widest(self._layers(), self.multiple)

    @property
    def receptive_field_radius(self) -> int:
        """Distance in px from an output value to the farthest input that it sees through the convolutions."""
        return farthest(self._layers(), self.multiple)

    def _layers(self) -> list[Window | Spread]:
        """Return what stands between input and output, where no branch sees farther."""
        raise NotImplementedError

    @property
    def graph_channels(self) -> tuple[int, int]:
        """Channels in and out of the graph in a model file, where it is not of the pictures alone."""
        return self.channels_in, self.channels_out


C = TypeVar("C", bound=NetworkConfig)


def declared_fields(kind: type[NetworkConfig]) -> tuple[Parameter, ...]:
    """Return the fields of a config class with their kinds and bounds, as the operators' parameters have them."""
    return read_parameters(kind)


def config_from(kind: type[C], values: Mapping[str, Any]) -> C:
    """Make a config from a mapping of its fields; refuse unknown ones with the closest known name."""
    known = [parameter.name for parameter in declared_fields(kind)]
    for name in values:
        if name not in known:
            raise ParameterError(f"{kind.name}: no field named '{name}'{did_you_mean(str(name), known)}")
    return kind(**values)
