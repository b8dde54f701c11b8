"""Laplacian."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import ndimage

from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.operators._borders import Border, halo_of


@operator(group="filter", kernels="convolution", halo=lambda output, border: halo_of(1, border))
def laplacian(
    image: Image, *, output: Literal["magnitude", "signed"] = "magnitude", border: Border = "reflect"
) -> Image:
    """Compute the Laplacian: the sum of the second differences along rows and columns.

    ``L = in(x - 1, y) + in(x + 1, y) + in(x, y - 1) + in(x, y + 1) - 4 in(x, y)``, from -4 to 4; the magnitude is
    ``|L| / 4``, signed is ``0.5 + L / 8``.

    Parameters
    ----------
    output : str
        ``magnitude`` is black where nothing bends and white at a lone white or black pixel; ``signed`` is grey (0.5) where
        nothing bends, brighter in valleys, darker on ridges.

    References
    ----------
    `scipy.ndimage.laplace`, which returns L; Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.6.

    Examples
    --------
    >>> dot = np.zeros((3, 3), np.uint8)
    >>> dot[1, 1] = 200
    >>> laplacian(dot).tolist()
    [[0, 50, 0], [50, 200, 50], [0, 50, 0]]
    """
    response = ndimage.laplace(image, mode=border, axes=(0, 1))
    return np.abs(response) / 4 if output == "magnitude" else 0.5 + response / 8
