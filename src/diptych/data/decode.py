"""From a file to the array that a `PhotoFolder` keeps: channels, depth and preprocessing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from diptych.core.color import luma_or_channels
from diptych.core.errors import DataError
from diptych.core.image import FloatImage, Image, from_float, to_float
from diptych.photo import read
from diptych.recipes import Recipe

_STRIP = 4_000_000  # samples of a strip of floats


def decode(path: Path, *, preprocess: Recipe, channels: int) -> Image:
    """Return the picture in a file as training uses it.

    Parameters
    ----------
    path : Path
        Any format that `diptych.photo` reads, up to 200 megapixels.
    preprocess : Recipe
        Applied to the whole picture; if it has steps, the result has 16 bits.
    channels : int
        Number of channels of the result.

    Returns
    -------
    ndarray, shape (H, W, channels)
        C-contiguous and read-only; uint8, uint16 or float32.

    Raises
    ------
    PhotoError
        If the file cannot be read.
    DataError
        If the picture's channels cannot be converted to `channels`.
    """
    image = read(path).pixels
    image = image if image.ndim == 3 else image[:, :, np.newaxis]
    if preprocess.steps and image.dtype == np.uint8:
        image = image.astype(np.uint16)
        image *= np.uint16(257)
    image = _with_channels(image, channels, path)
    if preprocess.steps:
        image = preprocess(image)
        image = image if image.dtype == np.uint16 else _by_strips(image, lambda strip: strip, np.dtype(np.uint16))
    image = np.ascontiguousarray(image, np.float32 if image.dtype == np.float64 else None)
    image.flags.writeable = False
    return image


def _with_channels(image: Image, channels: int, path: Path) -> Image:
    present = image.shape[2]
    if present == channels:
        return image
    if (present, channels) == (1, 3):
        return np.repeat(image, 3, axis=2)
    if (present, channels) == (3, 1):
        return _by_strips(image, luma_or_channels, image.dtype)
    raise DataError(f"{path}: has {present} channels, not {channels}; convert it, or remove it from the folder")


def _by_strips(image: Image, function: Callable[[FloatImage], FloatImage], dtype: np.dtype[np.generic]) -> Image:
    # Floats of a whole large picture would take four times its bytes.
    rows = max(1, _STRIP // (image.shape[1] * image.shape[2]))
    strips = (image[start : start + rows] for start in range(0, image.shape[0], rows))
    return np.concatenate([from_float(function(to_float(strip)), dtype) for strip in strips])
