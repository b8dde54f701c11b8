"""Erosion."""

from __future__ import annotations

from diptych.core.image import Image
from diptych.operators._morphology import Element, Shape, Size, erode, morphological_operator, structuring_element


@morphological_operator(1)
def erosion(image: Image, *, shape: Shape = "square", size: Size = 3, element: Element = None) -> Image:
    """Replace every value by the smallest one under the structuring element.

    ``out(x) = min over b in B of in(x + b)``: dark parts grow by the element, bright specks smaller than it vanish.

    Notes
    -----
    Each channel is treated on its own; a ``bool`` image is a binary mask.
    Only pixels of the image take part (outside is white). For a square that equals SciPy's ``reflect`` border, for other
    elements its ``constant`` border with ``cval`` white.

    References
    ----------
    Soille, Morphological Image Analysis, 2nd ed. (2003), section 3.2; `scipy.ndimage.grey_erosion`.

    Examples
    --------
    >>> erosion(np.array([[9, 9, 9, 1, 9]], np.uint8)).tolist()
    [[9, 9, 1, 1, 1]]
    """
    mask = structuring_element("erosion", shape, size, element)
    return erode(image, mask)
