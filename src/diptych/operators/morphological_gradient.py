"""Morphological gradient."""

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


@morphological_operator(1)
def morphological_gradient(image: Image, *, shape: Shape = "square", size: Size = 3, element: Element = None) -> Image:
    """Show edges as the difference between dilation and erosion.

    ``out = dilation(in) - erosion(in)``: the height of the steps inside the structuring element.

    Notes
    -----
    Each channel is treated on its own; a ``bool`` image is a binary mask.
    What is outside the image does not take part. An element without its centre may give a negative difference, which is
    cut off at black.

    References
    ----------
    Soille, Morphological Image Analysis, 2nd ed. (2003), section 3.5; `scipy.ndimage.morphological_gradient`.

    Examples
    --------
    >>> morphological_gradient(np.array([[1, 1, 1, 5, 5, 5]], np.uint8)).tolist()
    [[0, 0, 4, 4, 0, 0]]
    """
    mask = structuring_element("morphological_gradient", shape, size, element)
    return dilate(image, mask) - erode(image, mask)
