"""Opening."""

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
def opening(image: Image, *, shape: Shape = "square", size: Size = 3, element: Element = None) -> Image:
    """Remove bright details in which the structuring element does not fit.

    ``out = dilation(erosion(in))`` with the same element. Never brighter than the image; doing it twice changes nothing.

    Notes
    -----
    Each channel is treated on its own; a ``bool`` image is a binary mask.
    Both steps leave out what is outside the image, so that the laws hold up to the border. `scipy.ndimage.grey_opening`
    reflects at the border; away from it the two are equal.

    References
    ----------
    Soille, Morphological Image Analysis, 2nd ed. (2003), section 4.2; `scipy.ndimage.grey_opening`.

    Examples
    --------
    >>> opening(np.array([[1, 9, 1, 5, 5, 5, 1]], np.uint8)).tolist()
    [[1, 1, 1, 5, 5, 5, 1]]
    """
    mask = structuring_element("opening", shape, size, element)
    return dilate(erode(image, mask), mask)
