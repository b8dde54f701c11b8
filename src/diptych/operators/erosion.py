"""Erosion."""

from __future__ import annotations

from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.operators._morphology import Element, Shape, Size, erode, reach, structuring_element


@operator(group="morphology", halo=reach(1))
def erosion(image: Image, *, shape: Shape = "square", size: Size = 3, element: Element = None) -> Image:
    """Replace every value by the smallest one under the structuring element.

    ``out(x) = min over b in B of in(x + b)``: dark parts grow by the element, bright specks smaller than it vanish.

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
