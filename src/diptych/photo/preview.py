"""Small copies of pictures, for notebooks."""

from __future__ import annotations

import io

import numpy as np

from diptych.core.image import Image, convert

_LONGEST = 800  # px


def preview(image: Image) -> bytes:
    """Return a PNG file of an image, at most 800 px a side, in 8 bits; of more than 3 channels, or 2, the first.

    Examples
    --------
    >>> preview(np.zeros((4, 6, 3), np.float32))[1:4]
    b'PNG'
    """
    from PIL import Image as Pillow

    shown = image if image.ndim == 2 or image.shape[2] == 3 else image[:, :, 0]
    picture = Pillow.fromarray(convert(shown, np.dtype(np.uint8)))
    picture.thumbnail((_LONGEST, _LONGEST), Pillow.Resampling.BOX)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
