"""Mirror image."""

from __future__ import annotations

from typing import Literal

from diptych.core.image import Image
from diptych.core.operator import operator


@operator(group="geometry", kernels="geometry")
def flip(image: Image, *, direction: Literal["horizontal", "vertical", "both"] = "horizontal") -> Image:
    """Mirror the image.

    ``out(x, y) = in(W - 1 - x, y)`` for ``horizontal``, ``in(x, H - 1 - y)`` for ``vertical``.

    Parameters
    ----------
    direction : str
        ``horizontal`` swaps left and right, ``vertical`` top and bottom; ``both`` is a turn by 180°.

    Raises
    ------
    ParameterError
        If the direction is another word.

    References
    ----------
    `numpy.flip`.

    Examples
    --------
    >>> flip(np.array([[1, 2], [3, 4]], np.uint8)).tolist()
    [[2, 1], [4, 3]]
    """
    rows = -1 if direction in ("vertical", "both") else 1
    columns = -1 if direction in ("horizontal", "both") else 1
    return image[::rows, ::columns]
