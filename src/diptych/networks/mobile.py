"""Config of the light generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from diptych.core.parameters import Range
from diptych.networks._config import GeneratorConfig
from diptych.networks.receptive_field import Spread, Window


@dataclass(frozen=True, kw_only=True)
class Mobile(GeneratorConfig):
    """The light generator: an encoder and decoder of inverted residuals with depth-wise convolutions.

    Most of its weights are at a sixteenth of the size, where they are cheap and see far; a depth-wise separable head at
    full size, which sees the input itself, takes care of detail and noise.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels of the pictures, 1 to 64.
    width : int
        Channels at half the size and in the head; each further halving doubles them.
    depth : int
        Number of halvings.
    blocks : int
        Inverted residuals at the smallest size.
    expansion : int
        How many times wider an inverted residual is inside.
    normalisation : {"instance", "none"}
        Instance normalisation (with learned scale and shift) after each inner convolution, or none.
    upsampling : {"resize", "transposed"}
        Nearest neighbour, with convolutions after it, or a depth-wise transposed convolution.
    residual : bool
        Whether the network corrects its input, beginning as the identity, or paints a new picture.

    Raises
    ------
    ParameterError
        If a field is out of its bounds.

    References
    ----------
    Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, section 3. Howard et al.,
    MobileNets, 2017, section 3.1. The skip connections are those of `UNet`, added instead of stacked.

    Examples
    --------
    >>> Mobile(depth=3).multiple
    8
    """

    name: ClassVar[str] = "mobile"

    channels_in: Annotated[int, Range(1, 64)] = 3
    channels_out: Annotated[int, Range(1, 64)] = 3
    width: Annotated[int, Range(1, 256)] = 16
    depth: Annotated[int, Range(1, 6)] = 4
    blocks: Annotated[int, Range(0, 32)] = 3
    expansion: Annotated[int, Range(1, 8)] = 3
    normalisation: Literal["instance", "none"] = "instance"
    upsampling: Literal["resize", "transposed"] = "resize"
    residual: bool = True

    @property
    def multiple(self) -> int:
        """Height and width are padded to a multiple of this inside the network."""
        return int(2**self.depth)

    def _layers(self) -> list[Window | Spread]:
        up = Spread(2, 2) if self.upsampling == "resize" else Spread(4, 2, 1)
        block = Window(3, 1, 1)
        rise: list[Window | Spread] = [up, block]
        return [*[Window(3, 2, 1)] * self.depth, *[block] * self.blocks, *rise * self.depth, block]
