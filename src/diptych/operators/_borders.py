"""What lies outside an image: the names of the borders, and indices into the image."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image
from diptych.core.parameters import Doc

Border: TypeAlias = Annotated[
    Literal["reflect", "nearest", "mirror", "constant", "wrap"],
    Doc("What lies outside the image, named as in SciPy; ``constant`` is black."),
]
"""SciPy's names: ``reflect`` d c b a | a b c d, ``mirror`` d c b | a b c d, ``constant`` is black."""

_MODES: dict[str, Any] = {"reflect": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap"}


def halo_of(radius: int, border: str) -> int | None:
    """Return the halo of a filter of this radius; with the border ``wrap`` it sees from one end of the image to the other."""
    return None if border == "wrap" else radius


def border_index(length: int, radius: int, border: str) -> NDArray[np.int32]:
    """Return which index stands at ``-radius ... length - 1 + radius``, in SciPy's words; -1 means black.

    >>> border_index(3, 2, "reflect").tolist()
    [1, 0, 0, 1, 2, 2, 1]
    >>> border_index(3, 1, "constant").tolist()
    [-1, 0, 1, 2, -1]
    """
    inside = np.arange(length, dtype=np.int32)
    if border == "constant":
        return np.pad(inside, radius, constant_values=-1)
    return np.pad(inside, radius, mode=_MODES[border])


def pad(image: Image, radius: int, border: str) -> Image:
    """Pad the rows and columns by `radius` on every side; any radius, also one larger than the image.

    >>> pad(np.array([[[1], [2]]]), 1, "nearest")[:, :, 0].tolist()
    [[1, 1, 2, 2], [1, 1, 2, 2], [1, 1, 2, 2]]
    """
    if border == "constant":
        return np.pad(image, ((radius, radius), (radius, radius), (0, 0)))
    height, width = image.shape[:2]
    rows, columns = border_index(height, radius, border), border_index(width, radius, border)
    return np.asarray(image[rows[:, np.newaxis], columns])
