"""Config of the degradation model: from a good picture to what a poor photograph of it would show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from diptych.core.errors import ParameterError
from diptych.core.parameters import Range
from diptych.networks._config import GeneratorConfig

Kind = Literal["low_light", "haze", "low_contrast", "noise", "neutral"]


@dataclass(frozen=True, kw_only=True)
class Degradation(GeneratorConfig):
    """A parametric degradation: what a good scene looks like in a photograph taken under bad conditions.

    Every picture gets its own values, drawn from normal distributions; their means and deviations are the weights. They
    are moved by a fit to the statistics of pictures (`diptych.training.degradation`) or by a discriminator. With y a
    picture in [0, 1], the values are applied in this order::

        x = y^gamma * exposure * light(place) * gain(channel)
        x = luma(x) + saturation * (x - luma(x))
        x = air + exp(-depth(place)) * (x - air)                   haze, or an X-ray's scattered light
        x = max(x + black, 0)
        x = x + noise of variance read^2 + shot * x                correlated between channels and neighbours
        x rounded to 2^bits - 1 levels

    `light` and `depth` vary smoothly over the picture. With ``camera = True`` the noise lies before the curve of tones, as in
    a camera, and the picture is developed after it::

        raw = x^(2.2 / gamma) + noise of variance shot * raw + read^2
        x = s-curve(matrix * raw^(gamma / 2.2))

    Shot and read noise are those of a camera at a sensitivity between ISO 200 and 25,600, drawn for each picture; the matrix
    mixes the channels a little and keeps grey.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels of the pictures, equal. Casts and saturation are for three; other numbers have none.
    kind : {"low_light", "haze", "low_contrast", "noise", "neutral"}
        Where the distributions begin: dark photographs, haze, flat grey X-rays, noise alone, or no change at all.
    spread : float
        Factor of the deviations when values are drawn; above 1 the pictures vary more than those that were fitted.
    noise : float
        Factor of the noise. What is measured in dark flat patches is too little where black has cut half of it off.
    everyday : float
        Share of the samples that do not follow the fitted distributions, but are moderately underexposed, backlit, contrasty,
        or good as they are: for a network that is to meet all kinds of photographs.
    clean : float
        Share of the pictures that get no noise at all.
    bits : int
        Depth that values are rounded to; 0 for none.
    camera : bool
        Whether the noise comes before the curve of tones. Without, it is as it was measured in the values of the pictures.

    Raises
    ------
    ParameterError
        If a field is out of its bounds, the channels differ, or residual is true.

    References
    ----------
    Noise: Foi, Trimeche, Katkovnik and Egiazarian, Practical Poissonian-Gaussian Noise Modeling and Fitting for
    Single-Image Raw-Data, IEEE Transactions on Image Processing 17 (2008). Haze: Koschmieder's law, as in He, Sun and Tang,
    Single Image Haze Removal Using Dark Channel Prior, CVPR 2009, equation 1.

    Examples
    --------
    >>> Degradation(kind="haze").receptive_field_radius
    0
    """

    name: ClassVar[str] = "degradation"

    kind: Kind = "low_light"
    spread: Annotated[float, Range(0, 4)] = 1.0
    noise: Annotated[float, Range(0, 10)] = 1.0
    everyday: Annotated[float, Range(0, 1)] = 0.0
    clean: Annotated[float, Range(0, 1)] = 0.08
    bits: Annotated[int, Range(0, 16)] = 8
    camera: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.residual:
            raise ParameterError("degradation: residual = True is not allowed; a degradation has no such form")
        if self.channels_in != self.channels_out:
            raise ParameterError(
                f"degradation: channels_in = {self.channels_in} is not channels_out = {self.channels_out}; make them equal"
            )

    @property
    def multiple(self) -> int:
        """Sizes of pictures are taken as they are: 1."""
        return 1

    @property
    def receptive_field(self) -> int:
        """Side in px of the square of input that an output value sees, the mean luma not counted: 1."""
        return 1

    @property
    def receptive_field_radius(self) -> int:
        """Distance in px from an output value to the farthest input that it sees, the mean luma not counted: 0."""
        return 0
