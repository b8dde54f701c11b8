"""Unsharp masking."""

from __future__ import annotations

from typing import Annotated

from scipy import ndimage

from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.core.parameters import Range


@operator(group="filter", kernels="convolution", halo=lambda sigma, amount: int(4 * sigma + 0.5))
def unsharp_mask(
    image: Image,
    *,
    sigma: Annotated[float, Range(0, 1000, "px")] = 1.5,
    amount: Annotated[float, Range(0, 10)] = 0.6,
) -> Image:
    """Sharpen by adding back what a blur removes.

    ``out = in + amount * (in - gaussian(in, sigma))``, clipped to [0, 1].

    Parameters
    ----------
    sigma : float
        Standard deviation of the blur: the size of the detail that is sharpened.
    amount : float
        How much is added back; 0 leaves the image as it is.

    References
    ----------
    Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.6; `skimage.filters.unsharp_mask`.

    Examples
    --------
    >>> edge = np.repeat(np.array([[50, 200]], np.uint8), 4, axis=1)
    >>> unsharp_mask(edge, sigma=1, amount=1).tolist()
    [[50, 49, 41, 5, 245, 209, 201, 200]]
    """
    if sigma < 0.125 or amount == 0:  # below, the window is a single pixel
        return image
    blurred = ndimage.gaussian_filter(image, (sigma, sigma, 0), mode="reflect", truncate=4.0)
    return image + amount * (image - blurred)
