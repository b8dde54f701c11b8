"""Rotation."""

from __future__ import annotations

from typing import Annotated

from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.core.parameters import Range
from diptych.operators._borders import Border
from diptych.operators._resample import Interpolation, Map, resample, turned_shape, turning


def _turned(shape: tuple[int, int], *, angle: float, reshape: bool, **other: str) -> tuple[int, int]:
    return turned_shape(shape, angle) if reshape else shape


def _mapping(shape: tuple[int, int], *, angle: float, reshape: bool, **other: str) -> Map:
    return turning(angle, shape, _turned(shape, angle=angle, reshape=reshape))


@operator(group="geometry", kernels="geometry", resize=_turned, mapping=_mapping)
def rotate(
    image: Image,
    *,
    angle: Annotated[float, Range(-360, 360, "°")] = 0.0,
    interpolation: Interpolation = "linear",
    reshape: bool = False,
    border: Border = "constant",
) -> Image:
    """Rotate the image counter-clockwise about its centre.

    ``out(p) = in(R (p - centre_out) + centre_in)`` with R the rotation by `angle` and the centre of an image of height H
    and width W at row (H - 1) / 2 and column (W - 1) / 2.

    Parameters
    ----------
    angle : float
        Angle; positive is counter-clockwise as the image is seen, with the first row at the top.
    reshape : bool
        True gives the result the height and width that hold the whole turned image; false keeps those of the image.

    Returns
    -------
    ndarray
        Same dtype; same shape unless `reshape` is true.

    Notes
    -----
    Multiples of 90° move the pixels and change no value, unless a turn by 90° is to keep a height and a width of which
    one is odd and one even: the grids are then half a pixel apart.
    Borders ``constant`` and ``wrap`` are those of SciPy's filters, which its interpolation calls ``grid-constant`` and
    ``grid-wrap``: the image fades into black within one pixel, and its period is its whole width.

    References
    ----------
    `scipy.ndimage.rotate` with orders 0, 1 and 3; Gonzalez and Woods, Digital Image Processing, 4th ed., section 2.6.

    Examples
    --------
    >>> rotate(np.array([[1, 2], [3, 4]], np.uint8), angle=90).tolist()
    [[2, 4], [1, 3]]
    >>> rotate(np.zeros((40, 60), np.uint8), angle=30, reshape=True).shape
    (65, 72)
    """
    old = image.shape[:2]
    new = turned_shape(old, angle) if reshape else old
    return resample(image, turning(angle, old, new), new, interpolation, border)
