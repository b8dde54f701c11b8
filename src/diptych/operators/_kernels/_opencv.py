"""What the paths through OpenCV share: border codes, padding, and images of more than four channels."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from diptych.core.image import Image

BORDERS = {
    "reflect": cv2.BORDER_REFLECT,
    "mirror": cv2.BORDER_REFLECT_101,
    "nearest": cv2.BORDER_REPLICATE,
    "constant": cv2.BORDER_CONSTANT,
}
"""SciPy's border modes in OpenCV's words; ``wrap`` is missing, because OpenCV's filters refuse it: pad first."""


def by_channels(work: Callable[[Image], Image], image: Image) -> Image:
    """Apply a function that takes 1, 3 or 4 channels ``(H, W[, C])`` to an image of any number of channels.

    OpenCV drops an axis of length 1; the result has the three axes back.
    """
    channels = image.shape[2]
    if channels in (1, 3, 4):
        result = work(image)
        return result if result.ndim == 3 else result[:, :, np.newaxis]
    parts = [work(np.ascontiguousarray(image[:, :, c])) for c in range(channels)]
    return np.stack(parts, axis=2)


def into(work: Callable[[Image, Image | None], object], image: Image, out: Image) -> None:
    """Apply ``work(source, dst)``, for 1, 3 or 4 channels, to an image of any number of channels, and write into `out`."""
    if image.shape[2] in (1, 3, 4):
        work(image, out)
        return
    for c in range(image.shape[2]):
        out[:, :, c] = work(np.ascontiguousarray(image[:, :, c]), None)


def pad(image: Image, rows: int, columns: int, border: str) -> Image:
    """Pad by so many rows and columns on every side, as SciPy's border mode says; any size of padding."""
    if border == "constant":
        return np.pad(image, ((rows, rows), (columns, columns), (0, 0)))
    modes = {"reflect": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap"}
    return np.pad(image, ((rows, rows), (columns, columns), (0, 0)), mode=modes[border])  # type: ignore[call-overload]
