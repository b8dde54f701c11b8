"""Mirror image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from diptych.core.image import Image
from diptych.core.operator import operator

if TYPE_CHECKING:
    from diptych.operators._resample import Map


def _mapping(shape: tuple[int, int], *, direction: str) -> Map:
    rows = (-1, 0, shape[0] - 1) if direction in ("vertical", "both") else (1, 0, 0)
    columns = (0, -1, shape[1] - 1) if direction in ("horizontal", "both") else (0, 1, 0)
    return np.array([rows, columns], np.float64)


@operator(group="geometry", kernels="geometry", mapping=_mapping)
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
