"""Config of the U-Net generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from diptych.core.parameters import Range
from diptych.networks._config import GeneratorConfig
from diptych.networks.receptive_field import Spread, Window


@dataclass(frozen=True, kw_only=True)
class UNet(GeneratorConfig):
    """Encoder and decoder with skip connections, as in pix2pix and CycleGAN.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels of the pictures, 1 to 64.
    width : int
        Channels of the first level; the next have 2, 4 and then 8 times as many.
    depth : int
        Number of halvings. 8 is the papers' network for 256 px (54.4 million weights), 7 the one for 128 px.
    normalisation : {"instance", "none"}
        Instance normalisation (with learned scale and shift) after each inner convolution, or none.
    upsampling : {"resize", "transposed"}
        Nearest neighbour and a 3 x 3 convolution, which leaves no checkerboard (Odena et al.), or the papers' 4 x 4
        transposed convolution.
    residual : bool
        Whether the network corrects its input, beginning as the identity, or paints a new picture.

    Raises
    ------
    ParameterError
        If a field is out of its bounds.

    References
    ----------
    Ronneberger, Fischer and Brox, U-Net, MICCAI 2015. Isola et al., Image-to-Image Translation with Conditional
    Adversarial Networks, CVPR 2017, section 6.1.1. Odena, Dumoulin and Olah, Deconvolution and Checkerboard Artifacts,
    Distill 2016.

    Examples
    --------
    >>> UNet(depth=7).multiple
    128
    """

    name: ClassVar[str] = "unet"

    channels_in: Annotated[int, Range(1, 64)] = 3
    channels_out: Annotated[int, Range(1, 64)] = 3
    width: Annotated[int, Range(1, 512)] = 64
    depth: Annotated[int, Range(1, 10)] = 8
    normalisation: Literal["instance", "none"] = "instance"
    upsampling: Literal["resize", "transposed"] = "resize"
    residual: bool = False

    @property
    def multiple(self) -> int:
        """Height and width are padded to a multiple of this inside the network."""
        return int(2**self.depth)

    def _layers(self) -> list[Window | Spread]:
        up: list[Window | Spread] = [Spread(4, 2, 1)]
        if self.upsampling == "resize":
            up = [Spread(2, 2), Window(3, 1, 1)]
        return [Window(4, 2, 1)] * self.depth + up * self.depth
