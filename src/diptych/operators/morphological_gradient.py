"""Morphological gradient."""

from __future__ import annotations

from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.operators._morphology import Element, Shape, Size, dilate, erode, reach, structuring_element


@operator(group="morphology", halo=reach(1))
def morphological_gradient(image: Image, *, shape: Shape = "square", size: Size = 3, element: Element = None) -> Image:
    """Show edges as the difference between dilation and erosion.

    ``out = dilation(in) - erosion(in)``: the height of the steps inside the structuring element.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any image of the contract; each channel is treated on its own. A ``bool`` image is a binary mask.
    shape : str
        Shape of the structuring element: ``square``; ``disk``, all pixels not farther than ``size // 2`` from the centre
        (at 3 px the four neighbours and the centre); ``cross``, one row and one column through the centre.
    size : int
        Width and height of the structuring element, odd; 1 gives black.
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
