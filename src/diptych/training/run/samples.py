"""Contact sheets: what goes in, what comes out, side by side, and where a network has looked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diptych import operators
from diptych.core.errors import ImageError
from diptych.core.image import Image, check_image, from_float, to_float

_SHARE = np.float32(0.6)  # of a map that lies over a picture


def sample_grid(rows: Sequence[Sequence[Image]], *, gap: int = 4, side: int = 192) -> NDArray[np.uint8]:
    """Lay out rows of pictures as one.

    Parameters
    ----------
    rows : sequence of sequences of ndarray
        Pictures of the contract, e.g. input, prepared, output and back again. Rows may differ in length; the sheet is white
        where there is no picture. A picture with neither one nor three channels is shown as the mean of its channels.
    gap : int
        Pixels of white between and around the pictures.
    side : int
        Side of the square in px that each picture is fitted into, larger ones reduced by areas, smaller ones enlarged by
        whole factors.

    Returns
    -------
    ndarray, shape (height, width, 3), uint8
        The sheet.

    Raises
    ------
    ImageError
        If there is no picture, or one breaks the contract.

    Examples
    --------
    >>> black = np.zeros((96, 64), np.uint8)
    >>> sample_grid([[black, black], [black]], gap=4, side=48).shape
    (108, 108, 3)
    """
    columns = max((len(row) for row in rows), default=0)
    if columns == 0:
        raise ImageError("sample_grid: there is no picture; give at least one row with one")
    step = side + gap
    sheet = np.full((gap + len(rows) * step, gap + columns * step, 3), 255, np.uint8)
    for down, row in enumerate(rows):
        for across, image in enumerate(row):
            _paste(sheet, _fitted(image, side), gap + down * step, gap + across * step, side)
    return sheet


def overlay(image: Image, heat: NDArray[np.floating]) -> NDArray[np.float32]:
    """Lay a map over a picture: the picture in grey, darkened, the map from black over red and yellow to white.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        A picture of the contract.
    heat : ndarray, shape (h, w)
        Any numbers; the smallest becomes black and the largest white. Its values are repeated to the size of the picture.

    Returns
    -------
    ndarray, shape (H, W, 3), float32
        In [0, 1].

    Examples
    --------
    >>> overlay(np.zeros((4, 4), np.uint8), np.array([[0.0, 1.0]]))[0, :, 0]
    array([0. , 0. , 0.6, 0.6], dtype=float32)
    """
    floats = to_float(check_image(image)).astype(np.float32, copy=False)
    grey = floats if floats.ndim == 2 else floats.mean(axis=2)
    rows, columns = (np.arange(a) * b // a for a, b in zip(grey.shape, heat.shape, strict=True))
    low, high = float(heat.min()), float(heat.max())
    level = ((heat - low) / max(high - low, 1e-12)).astype(np.float32)[rows][:, columns]
    colours = np.clip(3 * level[:, :, np.newaxis] - np.arange(3, dtype=np.float32), 0, 1)
    return _SHARE * colours + (1 - _SHARE) * grey[:, :, np.newaxis]


def _paste(sheet: NDArray[np.uint8], image: Image, top: int, left: int, side: int) -> None:
    height, width = image.shape[:2]
    top, left = top + (side - height) // 2, left + (side - width) // 2
    sheet[top : top + height, left : left + width] = image


def _fitted(image: Image, side: int) -> Image:
    floats = to_float(check_image(image)).astype(np.float32, copy=False)
    channels = floats if floats.ndim == 3 else floats[:, :, np.newaxis]
    shown = channels if channels.shape[2] == 3 else np.repeat(channels.mean(axis=2, keepdims=True), 3, axis=2)
    longer = max(shown.shape[:2])
    if longer <= side:
        times = side // longer
        return from_float(np.repeat(np.repeat(shown, times, axis=0), times, axis=1), np.dtype(np.uint8))
    height, width = (max(1, round(length * side / longer)) for length in shown.shape[:2])
    shrunk = operators.get("zoom")(np.ascontiguousarray(shown), height=height, width=width, interpolation="area")
    return from_float(shrunk, np.dtype(np.uint8))
