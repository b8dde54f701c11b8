"""Luma and Y'CbCr: the weights of ITU-R BT.601, for encoded (gamma-compressed) RGB. Defined here and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.errors import ImageError
from diptych.core.image import FloatImage, Image

LUMA = (0.299, 0.587, 0.114)
"""Weights of R, G and B in the luma Y'."""

CB_SCALE, CR_SCALE = 1.772, 1.402
"""``Cb = (B - Y') / 1.772`` and ``Cr = (R - Y') / 1.402``: both lie in [-1/2, 1/2]."""


def _ycbcr_from_rgb() -> NDArray[np.float64]:
    luma = np.array(LUMA)
    return np.stack([luma, ([0, 0, 1] - luma) / CB_SCALE, ([1, 0, 0] - luma) / CR_SCALE])


YCBCR_FROM_RGB = _ycbcr_from_rgb()
"""Matrix from (R, G, B) to (Y', Cb, Cr), full range, colour differences around 0."""

RGB_FROM_YCBCR = np.linalg.inv(YCBCR_FROM_RGB)
"""Its inverse."""


def luma(image: FloatImage) -> FloatImage:
    """Return the luma ``(H, W)`` of an image: of RGB by BT.601, of other channels their mean, of ``(H, W)`` itself.

    Examples
    --------
    >>> float(luma(np.array([[[1.0, 0.0, 0.0]]]))[0, 0])
    0.299
    """
    if image.ndim == 2:
        return image
    if image.shape[2] != 3:
        return np.asarray(image.mean(axis=2))
    # In an order that a kernel can repeat bit by bit: where luma is counted, its last digit can move a pixel to another bin.
    red, green, blue = (np.asarray(weight, image.dtype) for weight in LUMA)
    return np.asarray(image[:, :, 0] * red + image[:, :, 1] * green + image[:, :, 2] * blue)


def luma_or_channels(image: FloatImage) -> FloatImage:
    """Return the luma of an RGB image as ``(H, W, 1)``, and any other image ``(H, W, C)`` as it is."""
    return luma(image)[:, :, np.newaxis] if image.shape[2] == 3 else image


def with_luma(image: FloatImage, old: FloatImage, new: FloatImage) -> FloatImage:
    """Multiply the image by ``new / old``, which changes its luma and keeps the ratios of its channels.

    Where the gain would clip a channel, the gain gives way to the luma: the colour is mixed towards grey just enough.
    """
    scaled = image * (new / np.maximum(old, 1e-4))
    if image.shape[2] != 3:
        return np.asarray(scaled)
    peak = scaled.max(axis=2, keepdims=True)
    mix = np.clip((peak - 1) / np.maximum(peak - new, 1e-6), 0, 1)
    return np.asarray(scaled + mix * (new - scaled))


def to_ycbcr(image: NDArray[Any]) -> NDArray[Any]:
    """Return an RGB image ``(H, W, 3)`` as Y', Cb, Cr in its own dtype.

    Examples
    --------
    >>> np.abs(to_ycbcr(np.full((1, 1, 3), 0.25)) - [0.25, 0, 0]).max() < 1e-12
    np.True_
    """
    return np.asarray(image @ YCBCR_FROM_RGB.T.astype(image.dtype))


def from_ycbcr(image: NDArray[Any]) -> NDArray[Any]:
    """Return the RGB image of Y', Cb, Cr ``(H, W, 3)`` in its own dtype."""
    return np.asarray(image @ RGB_FROM_YCBCR.T.astype(image.dtype))


def rgb_of(image: Image, name: str) -> Image:
    """Return an RGB image as it is and a grey one as three equal channels; refuse any other."""
    channels = image.shape[2]
    if channels not in (1, 3):
        raise ImageError(f"{name}: the image has {channels} channels; give a grey or an RGB image")
    return image if channels == 3 else np.repeat(image, 3, axis=2)
