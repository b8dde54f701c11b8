"""Multi-scale structural similarity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, white_level
from diptych.core.metric import metric

Floats = NDArray[np.float64]

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03


@metric(
    direction="higher",
    highest=1.0,
    identity=1.0,
    symmetric=True,
    smallest_side=WINDOW * 2 ** (len(WEIGHTS) - 1),
)
def ms_ssim(image: Image, reference: Image) -> float:
    """Multi-scale structural similarity: the likeness of contrast and structure at five sizes, of brightness at the last.

    ``l_5^w5 * cs_1^w1 * cs_2^w2 * cs_3^w3 * cs_4^w4 * cs_5^w5`` for each channel, averaged over the channels, with the
    weights 0.0448, 0.2856, 0.3001, 0.2363, 0.1333. ``l cs`` is the structural similarity in windows of 11 x 11 pixels
    with Gaussian weights (standard deviation 1.5) and population variances; ``l = (2 mx my + 0.01^2) / (mx^2 + my^2 +
    0.01^2)`` and ``cs = (2 vxy + 0.03^2) / (vx + vy + 0.03^2)`` are averaged over the windows that lie inside the image.
    Each size is the one before averaged in blocks of 2 x 2; an odd last row or column is left out.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any image of the contract, 176 pixels or more on each side, so that the smallest size holds a window.

    Returns
    -------
    float
        0 to 1; 1 for identical images. A scale whose mean ``cs`` is negative makes it 0.

    Notes
    -----
    The brightness at the last size is averaged together with its contrast and structure (the mean of ``l cs``), as in
    the authors' code. Implementations that work on the luma alone, or average the channels before the power, differ.

    References
    ----------
    Wang, Simoncelli and Bovik, "Multi-scale structural similarity for image quality assessment", 37th Asilomar Conference
    on Signals, Systems and Computers (2003).

    Examples
    --------
    >>> image = np.random.default_rng(0).integers(0, 256, (176, 180), np.uint8)
    >>> ms_ssim(image, image)
    1.0
    >>> ms_ssim(image, image // 2) < 0.95
    True
    """
    white = white_level(image.dtype)
    channels = range(image.shape[2])
    return float(np.mean([_of_channel(image[:, :, c] / white, reference[:, :, c] / white) for c in channels]))


def _of_channel(x: Floats, y: Floats) -> float:
    x, y = x.astype(np.float64, copy=False), y.astype(np.float64, copy=False)
    product = 1.0
    for scale, weight in enumerate(WEIGHTS, start=1):
        whole, structure = _likeness(x, y)
        product *= max(whole if scale == len(WEIGHTS) else structure, 0.0) ** weight
        x, y = _halved(x), _halved(y)
    return product


def _likeness(x: Floats, y: Floats) -> tuple[float, float]:
    # The means of l cs and of cs.
    mx, my = _window_means(x), _window_means(y)
    brightness = (2 * mx * my + K1**2) / (mx * mx + my * my + K1**2)
    variances = _window_means(x * x) - mx * mx + (_window_means(y * y) - my * my)
    structure = (2 * (_window_means(x * y) - mx * my) + K2**2) / (variances + K2**2)
    return float(np.mean(brightness * structure)), float(np.mean(structure))


def _window_means(values: Floats) -> Floats:
    from scipy.ndimage import correlate1d

    reach = WINDOW // 2
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SIGMA) ** 2)
    weights /= weights.sum()
    down = correlate1d(values, weights, axis=0)[reach:-reach]
    return np.asarray(correlate1d(down, weights, axis=1)[:, reach:-reach])


def _halved(values: Floats) -> Floats:
    even = values[: values.shape[0] // 2 * 2, : values.shape[1] // 2 * 2]
    return np.asarray((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4)
