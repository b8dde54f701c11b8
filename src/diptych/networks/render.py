"""Config of the generator that renders: it predicts the parameters of an image operation instead of painting pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from diptych.core.errors import ParameterError
from diptych.core.parameters import Range
from diptych.networks._config import GeneratorConfig
from diptych.networks.receptive_field import Spread, Window, farthest, widest

DENOISERS: dict[str, tuple[int, ...]] = {"none": (), "small": (24, 40, 64)}
"""Channels of the denoisers at a half, a quarter and an eighth of the size."""

_CELL = 8  # px of the thumbnail for each cell of the grid


@dataclass(frozen=True, kw_only=True)
class Render(GeneratorConfig):
    """The generator that renders: a thumbnail decides a curve and a bilateral grid of affine colour transforms.

    A network looks at the thumbnail and predicts the parameters of a closed-form operation, which is applied at full
    resolution: any size, no seams, no hallucinated content, and hardly any cost. With m the mean luma of the thumbnail (plus
    0.004), a value x becomes ``t = x (1 + m) / (x + m)``, then ``v = curve(t)``, which is piecewise linear and rising; then
    ``out = v + A [v, 1]``, the affine transform A being read from the grid at the place of the pixel and the luma of v, by
    trilinear interpolation. A denoiser may come first, which is a small network on t at full resolution, where noise is still
    what the sensor made it, and is not raised by the curve.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels of the pictures, 1 or 3, and equal.
    width : int
        Channels of the first convolution on the thumbnail; the deepest have four times as many.
    thumbnail : int
        Side in px of the thumbnail, which is square whatever the shape of the picture. The grid has an eighth of it to a side.
    depth : int
        Cells of the grid along luma.
    knots : int
        Pieces of the curve.
    dropout : float
        Share of the features of the thumbnail that are left out in training, at random: some hundred pictures are few, and a
        network that knows them by heart is too sure of the exposure of others.
    denoiser : {"none", "small"}
        What comes before the curve; ``small`` has 24, 40 and 64 channels at a half, a quarter and an eighth of the size.

    Raises
    ------
    ParameterError
        If a field is out of its bounds, the channels differ, or residual is true: it has its own way to start from its input.

    References
    ----------
    Gharbi, Chen, Barron, Hasinoff and Durand, Deep Bilateral Learning for Real-Time Image Enhancement, ACM Transactions on
    Graphics 36(4), 2017. The compression by the mean is that of Reinhard et al., Photographic Tone Reproduction for
    Digital Images, SIGGRAPH 2002, equation 3.

    Examples
    --------
    >>> Render().grid, Render().receptive_field_radius, Render(denoiser="small").receptive_field_radius
    (16, 0, 51)
    """

    name: ClassVar[str] = "render"

    channels_in: Annotated[int, Range(1, 3, step=2)] = 3
    channels_out: Annotated[int, Range(1, 3, step=2)] = 3
    width: Annotated[int, Range(1, 256)] = 16
    thumbnail: Annotated[int, Range(32, 512, "px", step=_CELL)] = 128
    depth: Annotated[int, Range(2, 32)] = 8
    knots: Annotated[int, Range(2, 256)] = 16
    dropout: Annotated[float, Range(0, 0.9)] = 0.0
    denoiser: Literal["none", "small"] = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.residual:
            raise ParameterError("render: residual = True is not allowed; a rendering begins at its input already")
        if self.channels_in != self.channels_out:
            raise ParameterError(
                f"render: channels_in = {self.channels_in} is not channels_out = {self.channels_out}; make them equal"
            )

    @property
    def grid(self) -> int:
        """Cells of the grid along each side of the picture."""
        return self.thumbnail // _CELL

    @property
    def denoiser_widths(self) -> tuple[int, ...]:
        """Channels of the denoiser at a half, a quarter and an eighth of the size; empty if there is none."""
        return DENOISERS[self.denoiser]

    @property
    def multiple(self) -> int:
        """Height and width are padded to a multiple of this inside the network: 1, as sizes are the denoiser's own affair."""
        return 1

    @property
    def receptive_field(self) -> int:
        """Side in px of the largest square of input that an output value sees, the thumbnail not counted."""
        return widest(self._layers(), 8)

    @property
    def receptive_field_radius(self) -> int:
        """Distance in px from an output value to the farthest input that it sees, the thumbnail not counted."""
        return farthest(self._layers(), 8)

    def _layers(self) -> list[Window | Spread]:
        if self.denoiser == "none":
            return []
        block, halve, double = Window(3, 1, 1), Window(3, 2, 1), Spread(2, 2)
        down = [Window(2, 2), block, block, halve, block, halve, block, block]
        return [*down, double, block, block, double, block, block, block, double]
