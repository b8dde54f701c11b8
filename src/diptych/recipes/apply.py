"""The one verb: enhance."""

from __future__ import annotations

from typing import overload

from diptych.core.enhancer import Enhancer
from diptych.core.image import Image
from diptych.photo import Photo
from diptych.recipes.automatic import auto


@overload
def enhance(photo: Photo, enhancer: Enhancer = auto) -> Photo: ...
@overload
def enhance(photo: Image, enhancer: Enhancer = auto) -> Image: ...
def enhance(photo: Photo | Image, enhancer: Enhancer = auto) -> Photo | Image:
    """Enhance a photo, or a plain image, and return one of the same kind.

    Parameters
    ----------
    photo : Photo or ndarray, shape (H, W) or (H, W, C)
        What `diptych.read` returns, or any image of the contract.
    enhancer : Enhancer
        A recipe or a model; `diptych.auto` by default.

    Returns
    -------
    Photo or ndarray
        Same depth and, for a photo, the same metadata.

    Raises
    ------
    ImageError
        If the image breaks the contract.

    Examples
    --------
    >>> import numpy as np
    >>> dark = np.linspace(0, 0.1, 4800, dtype=np.float32).reshape(60, 80)
    >>> bool(enhance(dark).mean() > 2 * dark.mean())
    True
    """
    if isinstance(photo, Photo):
        return photo.with_pixels(enhancer(photo.pixels))
    return enhancer(photo)
