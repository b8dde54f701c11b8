"""Config of the denoiser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from diptych.core.errors import ParameterError
from diptych.core.parameters import Range
from diptych.networks._config import GeneratorConfig
from diptych.networks.receptive_field import Spread, Window


@dataclass(frozen=True, kw_only=True)
class Denoiser(GeneratorConfig):
    """A small residual U-Net on blocks of 2 x 2 px, which subtracts noise from its input.

    A block of the picture is the channels of a pixel of half the size, of which nothing is lost; there, at a quarter and at an
    eighth of the size are pairs of 3 x 3 convolutions without normalisation, and the way up adds what was seen on the way down.
    The result is added to the input as it is and cut off to [0, 1], because noise goes up as often as down; the residual form
    of the other generators, which moves a value towards black or white by a share of the way, has to know its sign.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels of the pictures, equal.
    width : int
        Channels at half the size, even; half as many more at a quarter, twice as many at an eighth.

    Raises
    ------
    ParameterError
        If a field is out of its bounds, the channels differ, or residual is true: it corrects its input already.

    References
    ----------
    Ronneberger, Fischer and Brox, U-Net, MICCAI 2015. Blocks of 2 x 2 px: Zhang, Zuo and Zhang, FFDNet, IEEE Transactions on
    Image Processing 27 (2018), section III.

    Examples
    --------
    >>> Denoiser(width=24).widths, Denoiser().receptive_field_radius
    ((24, 36, 48), 51)
    """

    name: ClassVar[str] = "denoiser"

    width: Annotated[int, Range(4, 256, "", 2)] = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.residual:
            raise ParameterError("denoiser: residual = True is not allowed; a denoiser corrects its input as it is")
        if self.channels_in != self.channels_out:
            raise ParameterError(
                f"denoiser: channels_in = {self.channels_in} is not channels_out = {self.channels_out}; make them equal"
            )

    @property
    def widths(self) -> tuple[int, int, int]:
        """Channels at a half, a quarter and an eighth of the size."""
        return self.width, 3 * self.width // 2, 2 * self.width

    @property
    def multiple(self) -> int:
        """Height and width are padded to a multiple of this inside the network."""
        return 8

    def _layers(self) -> list[Window | Spread]:
        three, down, up = Window(3, 1, 1), Window(3, 2, 1), Spread(2, 2)
        return [
            *(Window(2, 2), three, three),
            *(down, three, down, three, three),
            *(up, three, three, up, three, three, three, up),
        ]
