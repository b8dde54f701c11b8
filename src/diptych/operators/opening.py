"""Opening."""

from __future__ import annotations

from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.operators._morphology import Element, Shape, Size, dilate, erode, reach, structuring_element


@operator(group="morphology", halo=reach(2))
def opening(image: Image, *, shape: Shape = "square", size: Size = 3, element: Element = None) -> Image:
    """Remove bright details in which the structuring element does not fit.

    ``out = dilation(erosion(in))`` with the same element. Never brighter than the image; doing it twice changes nothing.

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
