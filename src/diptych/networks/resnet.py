"""Config of the residual generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from diptych.core.parameters import Range
from diptych.networks._config import GeneratorConfig
from diptych.networks.receptive_field import Spread, Window


@dataclass(frozen=True, kw_only=True)
class ResNet(GeneratorConfig):
    """Two halvings, residual blocks, two doublings: the generator of Johnson et al. as CycleGAN uses it.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels of the pictures, 1 to 64.
    width : int
        Channels at full size; twice as many after the first halving, four times in the blocks.
    blocks : int
        Residual blocks: 9 in the paper for 256 px (11.4 million weights), 6 for 128 px.
    normalisation : {"instance", "none"}
        Instance normalisation (with learned scale and shift) after each inner convolution, or none.
    upsampling : {"resize", "transposed"}
        Nearest neighbour and a 3 x 3 convolution, which leaves no checkerboard, or the paper's transposed convolution.
    residual : bool
        Whether the network corrects its input, beginning as the identity, or paints a new picture.

    Raises
    ------
    ParameterError
        If a field is out of its bounds.

    Notes
    -----
    The paper reflects the borders; here they are repeated, which also works where a picture is one pixel wide.

    References
    ----------
    Johnson, Alahi and Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016. Zhu et al.,
    Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, ICCV 2017, section 7.2.

    Examples
    --------
    >>> ResNet(blocks=6).receptive_field
    121
    """

    name: ClassVar[str] = "resnet"

    channels_in: Annotated[int, Range(1, 64)] = 3
    channels_out: Annotated[int, Range(1, 64)] = 3
    width: Annotated[int, Range(1, 512)] = 64
    blocks: Annotated[int, Range(0, 64)] = 9
    normalisation: Literal["instance", "none"] = "instance"
    upsampling: Literal["resize", "transposed"] = "resize"
    residual: bool = False

    @property
    def multiple(self) -> int:
        """Height and width are padded to a multiple of this inside the network."""
        return 4

    def _layers(self) -> list[Window | Spread]:
        up: list[Window | Spread] = [Spread(3, 2, 1)]
        if self.upsampling == "resize":
            up = [Spread(2, 2), Window(3, 1, 1)]
        ends, halving, block = [Window(7, 1, 3)], [Window(3, 2, 1)], [Window(3, 1, 1)] * 2
        return [*ends, *halving * 2, *block * self.blocks, *up * 2, *ends]
