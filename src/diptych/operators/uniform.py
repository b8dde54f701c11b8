"""Box mean."""

from __future__ import annotations

from typing import Annotated

from scipy import ndimage

from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.core.parameters import Range
from diptych.operators._borders import Border, halo_of


@operator(group="filter", halo=lambda size, border: halo_of(size // 2, border))
def uniform(
    image: Image, *, size: Annotated[int, Range(1, 999, "px", step=2)] = 3, border: Border = "reflect"
) -> Image:
    """Replace every value by the mean of the square window around it, channel by channel.

    ``out(x, y) = sum of in(x + i, y + j) / size²`` for i and j from ``-(size - 1) / 2`` to ``(size - 1) / 2``. The cheapest
    blur; its time does not grow with the window.

    Parameters
    ----------
    size : int
        Side of the window, odd; 1 leaves the image as it is.

    References
    ----------
    `scipy.ndimage.uniform_filter`; Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.5 ("box filter").

    Examples
    --------
    >>> dot = np.zeros((3, 3), np.uint8)
    >>> dot[1, 1] = 90
    >>> uniform(dot, size=3).tolist()
    [[10, 10, 10], [10, 10, 10], [10, 10, 10]]
    """
    return ndimage.uniform_filter(image, size=(size, size, 1), mode=border)
