"""What several operators need: the border modes, luma, and a change of luma that keeps the hue."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from diptych.core.image import FloatImage

Border: TypeAlias = Literal["reflect", "nearest", "mirror", "constant", "wrap"]
"""SciPy's names: ``reflect`` d c b a | a b c d, ``mirror`` d c b | a b c d, ``constant`` is black."""

Channels: TypeAlias = Literal["together", "each"]
"""One curve from the statistics of all channels, which keeps the hue, or one curve for each channel."""

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def luma(image: FloatImage) -> FloatImage:
    """Return the BT.601 luma of an RGB image as ``(H, W, 1)``; any other image is returned as it is."""
    if image.shape[2] != 3:
        return image
    # In an order that a kernel can repeat bit by bit: where luma is counted, its last place can move a pixel to another bin.
    red, green, blue = (np.asarray(weight, image.dtype) for weight in _LUMA)
    return (image[:, :, 0] * red + image[:, :, 1] * green + image[:, :, 2] * blue)[:, :, np.newaxis]


def with_luma(image: FloatImage, old: FloatImage, new: FloatImage) -> FloatImage:
    """Multiply the image by ``new / old``, which changes its luma and keeps the ratios of its channels.

    Where the gain would clip a channel, the gain gives way to the luma: the colour is mixed towards grey just enough.
    """
    scaled = image * (new / np.maximum(old, 1e-4))
    if image.shape[2] != 3:
        return scaled
    peak = scaled.max(axis=2, keepdims=True)
    mix = np.clip((peak - 1) / np.maximum(peak - new, 1e-6), 0, 1)
    return scaled + mix * (new - scaled)
