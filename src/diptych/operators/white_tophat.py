"""White top-hat."""

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
def white_tophat(image: Image, *, shape: Shape = "square", size: Size = 3, element: Element = None) -> Image:
    """Keep only the bright details in which the structuring element does not fit.

    ``out = in - opening(in)``: the background goes to black, also where it is unevenly lit.

    Notes
    -----
    Each channel is treated on its own; a ``bool`` image is a binary mask.
    What is outside the image does not take part, as in `opening`; `scipy.ndimage.white_tophat` reflects at the border.

    References
    ----------
    Soille, Morphological Image Analysis, 2nd ed. (2003), section 4.5; `scipy.ndimage.white_tophat`.

    Examples
    --------
    >>> white_tophat(np.array([[1, 9, 1, 5, 5, 5, 1]], np.uint8)).tolist()
    [[0, 8, 0, 0, 0, 0, 0]]
    """
    mask = structuring_element("white_tophat", shape, size, element)
    return image - dilate(erode(image, mask), mask)
