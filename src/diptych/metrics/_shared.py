"""What several metrics need: three channels, luma."""

from __future__ import annotations

import numpy as np

from diptych.core.errors import ImageError
from diptych.core.image import Image, to_float

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def rgb_of(image: Image, name: str) -> Image:
    """Return an RGB image as it is and a grey one as three equal channels; refuse any other."""
    channels = image.shape[2]
    if channels not in (1, 3):
        raise ImageError(f"{name}: the image has {channels} channels; give a grey or an RGB image")
    return image if channels == 3 else np.repeat(image, 3, axis=2)


def luma_of(image: Image) -> Image:
    """Return the BT.601 luma ``(H, W, 1)`` of an RGB image, and the channels of any other, as floats in [0, 1]."""
    floats = to_float(image)
    return (floats @ _LUMA)[:, :, np.newaxis] if image.shape[2] == 3 else floats
