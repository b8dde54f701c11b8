"""Black top-hat."""

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
def black_tophat(image: Image, *, shape: Shape = "square", size: Size = 3, element: Element = None) -> Image:
    """Show, as bright, the dark details in which the structuring element does not fit.

    ``out = closing(in) - in``: what `closing` fills.

    Notes
    -----
    Each channel is treated on its own; a ``bool`` image is a binary mask.
    What is outside the image does not take part, as in `closing`; `scipy.ndimage.black_tophat` reflects at the border.

    References
    ----------
    Soille, Morphological Image Analysis, 2nd ed. (2003), section 4.5; `scipy.ndimage.black_tophat`.

    Examples
    --------
    >>> black_tophat(np.array([[9, 1, 9, 5, 5, 5, 9]], np.uint8)).tolist()
    [[0, 8, 0, 0, 0, 0, 0]]
    """
    mask = structuring_element("black_tophat", shape, size, element)
    return erode(dilate(image, mask), mask) - image
