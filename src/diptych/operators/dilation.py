"""Dilation."""

from __future__ import annotations

from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.operators._morphology import Element, Shape, Size, dilate, reach, structuring_element


@operator(group="morphology", halo=reach(1))
def dilation(image: Image, *, shape: Shape = "square", size: Size = 3, element: Element = None) -> Image:
    """Replace every value by the largest one under the reflected structuring element.

    ``out(x) = max over b in B of in(x - b)``: bright parts grow by the element, dark specks smaller than it vanish.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any image of the contract; each channel is treated on its own. A ``bool`` image is a binary mask.
    shape : str
        Shape of the structuring element: ``square``; ``disk``, all pixels not farther than ``size // 2`` from the centre
        (at 3 px the four neighbours and the centre); ``cross``, one row and one column through the centre.
    size : int
        Width and height of the structuring element, odd; 1 leaves the image as it is.
    element : table of 0 and 1, or None
        A structuring element of your own, as rows with odd sides; it overrides shape and size. Its origin is its centre.

    Returns
    -------
    ndarray
        Same shape and dtype.

    Raises
    ------
    ImageError
        If the image breaks the contract.
    ParameterError
        If a parameter is out of its bounds, or the element has an even side, ragged rows or no 1.

    Notes
    -----
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
