"""Dilation."""

from __future__ import annotations

from diptych.core.image import Image
from diptych.operators._morphology import Element, Shape, Size, dilate, morphological_operator, structuring_element


@morphological_operator(1)
def dilation(image: Image, *, shape: Shape = "square", size: Size = 3, element: Element = None) -> Image:
    """Replace every value by the largest one under the reflected structuring element.

    ``out(x) = max over b in B of in(x - b)``: bright parts grow by the element, dark specks smaller than it vanish.

    Notes
    -----
    Each channel is treated on its own; a ``bool`` image is a binary mask.
    Only pixels of the image take part (outside is black). The element is reflected in its centre, as SciPy does it and
    `cv2.dilate` does not: a single bright pixel turns into the element.

    References
    ----------
    Soille, Morphological Image Analysis, 2nd ed. (2003), section 3.3; `scipy.ndimage.grey_dilation`.

    Examples
    --------
    >>> dilation(np.array([[1, 1, 1, 9, 1]], np.uint8)).tolist()
    [[1, 1, 9, 9, 9]]
    """
    mask = structuring_element("dilation", shape, size, element)
    return dilate(image, mask)
