"""Noise that depends on a seed and the position in the image only, so that a tile gets the same noise as the whole image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def positional_noise(
    seed: int, height: int, width: int, channels: int, *, top: int = 0, left: int = 0
) -> NDArray[np.float32]:
    """Return standard normal noise for a tile of an unbounded image.

    Every row has a random stream of its own, with its number and the seed as the key, and is drawn from its left end. A
    value thus depends on neither the size of the tile nor where it begins.

    Parameters
    ----------
    seed : int
        0 to 2^63 - 1.
    height, width : int
        Of the tile in px.
    channels : int
        Values per pixel.
    top, left : int
        First row and column of the part, 0 or more.

    Returns
    -------
    ndarray of float32, shape (channels, height, width)
        Independent values of mean 0 and variance 1.

    Examples
    --------
    >>> whole = positional_noise(7, 20, 30, 3)
    >>> np.array_equal(positional_noise(7, 4, 5, 3, top=10, left=20), whole[:, 10:14, 20:25])
    True
    """
    noise = np.empty((channels, height, width), np.float32)
    for row in range(height):
        # A counter-based generator: another key is another stream, at no cost.
        stream = np.random.Generator(np.random.Philox(key=np.array([seed, top + row], np.uint64)))
        noise[:, row] = stream.standard_normal((left + width, channels), np.float32)[left:].T
    return noise
