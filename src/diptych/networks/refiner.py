"""Config of the refiner: a small conditional flow that gives a first result its details."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from diptych.core.errors import ParameterError
from diptych.core.parameters import Range
from diptych.networks._config import GeneratorConfig

MOST_STEPS = 8
"""More steps than this are not worth their time for a flow that begins beside its end."""


@dataclass(frozen=True, kw_only=True)
class Refiner(GeneratorConfig):
    """A flow from a first result to a good picture, computed by a U-Net of `diffusers` on blocks of 2 x 2 px.

    With c the first result, n noise and y the good picture, the straight path from ``c + noise n`` at time 1 to y at time 0 is

        ``x_t = (1 - t) y + t (c + noise n)``,

    and the network learns its velocity ``v(x_t, c, t) = c + noise n - y``, c being among its inputs. Refining follows the
    velocity from time 1 to x at time 0 in a few steps (Euler's), and gives ``c + strength (x - c)``: with strength 0, c.

    The U-Net's group normalisations, whose statistics are those of the whole picture, are replaced by normalisations over the
    channels at each place, and it has no attention: an output pixel depends on the `receptive_field_radius` around it and on
    nothing else, and a picture can be computed in tiles.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels of the pictures, equal.
    width : int
        Channels of the first level, a multiple of 4; each further level has twice as many.
    levels : int
        Levels of the U-Net; the first works at half the size of the picture, each further one at half that.
    layers : int
        Residual blocks on the way down a level; on the way up there is one more.
    noise : float
        Standard deviation of the noise at time 1, as an intensity.
    steps : int
        Steps when nothing else is said, 1 to 8. One step gives the mean of what may have been there, which is smooth;
        more give one of the possibilities.

    Raises
    ------
    ParameterError
        If a field is out of its bounds, the channels differ, or residual is true.

    References
    ----------
    Flow matching: Lipman et al., Flow Matching for Generative Modeling, ICLR 2023. From a first result in place of noise:
    Ohayon, Michaeli and Elad, Posterior-Mean Rectified Flow, ICLR 2025.
    Normalisation at each place: Chen et al., Simple Baselines for Image Restoration, ECCV 2022.

    Examples
    --------
    >>> Refiner(levels=2).multiple
    4
    """

    name: ClassVar[str] = "refiner"

    width: Annotated[int, Range(8, 512, "", 4)] = 48
    levels: Annotated[int, Range(1, 5)] = 2
    layers: Annotated[int, Range(1, 4)] = 1
    noise: Annotated[float, Range(0, 1)] = 0.05
    steps: Annotated[int, Range(1, MOST_STEPS)] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.residual:
            raise ParameterError("refiner: residual = True is not allowed; a refiner corrects its input as it is")
        if self.channels_in != self.channels_out:
            raise ParameterError(
                f"refiner: channels_in = {self.channels_in} is not channels_out = {self.channels_out}; make them equal"
            )

    @property
    def multiple(self) -> int:
        """Height and width are padded to a multiple of this inside the network."""
        return int(2**self.levels)

    @property
    def receptive_field(self) -> int:
        """Side in px of the square of input that an output value of all `steps` may see."""
        return 2 * self.receptive_field_radius + 1

    @property
    def receptive_field_radius(self) -> int:
        """Distance in px from an output value to the farthest input that it may see, in all `steps`."""
        return self.steps * self.receptive_field_radius_of_step

    @property
    def receptive_field_radius_of_step(self) -> int:
        """Distance in px from an output value of one step to the farthest input that it may see.

        Each convolution of 3 sees one of its own px, which is 2, 4, ... of the picture's, and there are two in a block;
        a block of px counts from its far side.
        """
        blocks = 2 * self.layers + 1  # down and up
        within = sum(2 * blocks * 2 ** (level + 1) for level in range(self.levels))
        between = sum(2 * 2**level + 2 ** (level + 1) for level in range(1, self.levels))  # down by 2, and back up
        return within + between + 2 * 2 + self.multiple

    @property
    def graph_channels(self) -> tuple[int, int]:
        """Channels in and out of the graph of one step: state, first result, time and next time; and the next state."""
        return 2 * self.channels_in + 2, self.channels_out


def times(steps: int) -> list[float]:
    """Return the times that a refinement passes, from 1 to 0.

    >>> times(2)
    [1.0, 0.5, 0.0]
    """
    return [(steps - index) / steps for index in range(steps + 1)]
