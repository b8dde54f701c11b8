"""What several metrics need: three channels."""

from __future__ import annotations

import numpy as np

from diptych.core.errors import ImageError
from diptych.core.image import Image


def rgb_of(image: Image, name: str) -> Image:
    """Return an RGB image as it is and a grey one as three equal channels; refuse any other."""
    channels = image.shape[2]
    if channels not in (1, 3):
        raise ImageError(f"{name}: the image has {channels} channels; give a grey or an RGB image")
    return image if channels == 3 else np.repeat(image, 3, axis=2)
