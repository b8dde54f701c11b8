"""Area opening and area closing."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from skimage.morphology import area_opening

from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.core.parameters import Range


@operator(group="morphology")
def remove_specks(
    image: Image,
    *,
    area: Annotated[int, Range(1, 10**8, "px")] = 16,
    kind: Literal["bright", "dark"] = "bright",
    diagonal: bool = False,
) -> Image:
    """Remove bright or dark specks of fewer pixels than `area`, whatever their shape, and leave all else untouched.

    ``out(x) = the largest h at which the connected part of {in >= h} around x has at least `area` pixels`` (bright; for dark
    the same of the negative): a speck is levelled down to where it has grown to the wanted area. Edges of what stays do
    not move. On a ``bool`` mask it removes small objects, or, with `kind` ``dark``, fills small holes.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any image of the contract; each channel is treated on its own.
    area : int
        Specks of fewer pixels go; 1 leaves the image as it is.
    kind : str
        ``bright`` specks on dark ground (area opening) or ``dark`` ones on bright ground (area closing).
    diagonal : bool
        Whether pixels that touch only at a corner belong together (8 neighbours instead of 4).

    Notes
    -----
    An image of fewer than `area` pixels becomes black (white, for dark specks).

    References
    ----------
    Vincent, "Grayscale area openings and closings, their efficient implementation and applications" (1993);
    `skimage.morphology.area_opening`.

    Examples
    --------
    >>> remove_specks(np.array([[1, 9, 1, 5, 7, 5, 1]], np.uint8), area=3).tolist()
    [[1, 1, 1, 5, 5, 5, 1]]
    """
    return np.stack([_remove(image[:, :, c], area, kind, diagonal) for c in range(image.shape[2])], axis=2)


def _remove(channel: FloatImage, area: int, kind: str, diagonal: bool) -> FloatImage:
    # On ranks, with 0 for what is removed whole, dark specks are exactly the bright specks of the reverse order.
    values, ranks = np.unique(channel, return_inverse=True)
    if kind == "dark":
        values, ranks = values[::-1], len(values) - 1 - ranks
    values = np.concatenate([[kind == "dark"], values]).astype(channel.dtype)
    padded = np.pad(ranks.reshape(channel.shape) + 1, 1)  # scikit-image's function wants an interior
    opened = area_opening(padded, area, connectivity=2 if diagonal else 1)  # type: ignore[no-untyped-call]
    return values[opened[1:-1, 1:-1]]
