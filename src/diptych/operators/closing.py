"""Closing."""

from __future__ import annotations

from diptych.core.image import Image
from diptych.operators._morphology import (
    Element,
    Shape,
    Size,
    dilate,
    erode,
    morphological_operator,
    structuring_element,
)


@morphological_operator(2)
def closing(image: Image, *, shape: Shape = "square", size: Size = 3, element: Element = None) -> Image:
    """Fill dark details in which the structuring element does not fit.

    ``out = erosion(dilation(in))`` with the same element. Never darker than the image; doing it twice changes nothing.

    Notes
    -----
    Each channel is treated on its own; a ``bool`` image is a binary mask.
    Both steps leave out what is outside the image, so that the laws hold up to the border. `scipy.ndimage.grey_closing`
    reflects at the border; away from it the two are equal.

    References
    ----------
    Soille, Morphological Image Analysis, 2nd ed. (2003), section 4.3; `scipy.ndimage.grey_closing`.

    Examples
    --------
    >>> closing(np.array([[9, 1, 9, 5, 5, 5, 9]], np.uint8)).tolist()
    [[9, 9, 9, 5, 5, 5, 9]]
    """
    mask = structuring_element("closing", shape, size, element)
    return erode(dilate(image, mask), mask)
