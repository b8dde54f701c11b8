"""Wavelet denoising."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pywt

from diptych.core.color import YCBCR_FROM_RGB, from_ycbcr, to_ycbcr
from diptych.core.image import FloatImage, Image
from diptych.core.operator import operator
from diptych.core.parameters import Auto, Range

MEDIAN_OF_NORMAL = 0.6744897501960817  # of the absolute values of a standard normal distribution
NOTHING = 1e-6  # coefficients up to this are 0 but for rounding

Bands = tuple[FloatImage, FloatImage, FloatImage]


@operator(group="denoising")
def denoise_wavelet(
    image: Image,
    *,
    sigma: Annotated[float, Range(0, 1), Auto(0.002, 0.5)] = 0.0,
    wavelet: Literal["haar", "db2", "db4", "sym4", "sym8"] = "db2",
    method: Literal["bayes", "visu"] = "bayes",
    mode: Literal["soft", "hard"] = "soft",
    ycbcr: bool = True,
) -> Image:
    """Shrink the wavelet coefficients that are no larger than the noise makes them.

    With noise of standard deviation s, a band of coefficients with mean square v has the threshold ``s² / sqrt(v - s²)``
    (``bayes``; all goes where v <= s²), or every band has ``s sqrt(2 ln N)`` for N pixels (``visu``, smoother). Below it a
    coefficient becomes 0; above, it is reduced by it (``soft``) or kept (``hard``). The transform has three levels fewer
    than the size of the image allows, at least one, and the image is mirrored at its edges.

    Parameters
    ----------
    sigma : float
        Standard deviation of the noise, as an intensity in [0, 1]; 0 estimates it, channel by channel, from the median of
        the finest diagonal coefficients; those that are 0 are left out if they are more than one in twenty. auto finds the
        value with the least expected error.
    wavelet : str
        Orthogonal wavelet: Haar's, Daubechies' or the near-symmetric ones (symlets), with its number of vanishing moments.
    method : str
        How the threshold is found: ``bayes`` for each band (BayesShrink) or ``visu`` for all (VisuShrink).
    mode : str
        ``soft`` or ``hard``.
    ycbcr : bool
        Whether an RGB image is treated as luma and two colour differences, which removes more coloured noise.

    Notes
    -----
    Agrees with `skimage.restoration.denoise_wavelet`, which, however, bounds ``v - s²`` from below by a constant that
    depends on the type of its floats, and leaves every 0 out of the estimate.

    References
    ----------
    Chang, Yu and Vetterli, "Adaptive wavelet thresholding for image denoising and compression", IEEE Transactions on Image
    Processing 9 (2000); Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 81 (1994).

    Examples
    --------
    >>> noisy = np.full((256, 256), 0.5) + np.random.default_rng(0).normal(0, 0.05, (256, 256))
    >>> bool(denoise_wavelet(noisy).std() < noisy.std() / 3)
    True
    """
    color = ycbcr and image.shape[2] == 3
    values = to_ycbcr(image) if color else image
    gains = np.sqrt((YCBCR_FROM_RGB**2).sum(axis=1)) if color else np.ones(image.shape[2])
    result = np.empty_like(values)
    for c in range(values.shape[2]):
        result[:, :, c] = _denoise(np.ascontiguousarray(values[:, :, c]), sigma * gains[c], wavelet, method, mode)
    return from_ycbcr(result) if color else result


def _denoise(channel: FloatImage, sigma: float, wavelet: str, method: str, mode: str) -> FloatImage:
    levels = max(pywt.dwtn_max_level(channel.shape, wavelet) - 3, 1)
    approximations, details = [channel], []
    for _ in range(levels):
        approximation, bands = pywt.dwt2(approximations[-1], wavelet)
        approximations.append(approximation)
        details.append(bands)
    sigma = sigma or _estimate(details[0][2])
    if sigma == 0:
        return channel
    result = approximations[-1]
    for shape, bands in zip([a.shape for a in approximations[-2::-1]], details[::-1], strict=True):
        shrunk = tuple(_shrink(band, sigma, method, mode, channel.size) for band in bands)
        result = pywt.idwt2((result, shrunk), wavelet)[: shape[0], : shape[1]]
    return result


def _estimate(diagonal: FloatImage) -> float:
    magnitudes = np.abs(diagonal)
    magnitudes = magnitudes[magnitudes > smallest(int(np.count_nonzero(magnitudes > NOTHING)), diagonal.size)]
    return float(np.median(magnitudes)) / MEDIAN_OF_NORMAL if magnitudes.size else 0.0


def smallest(something: int, of: int) -> float:
    """Return above what a coefficient counts for the noise: a plainly flat part of the image does not, a stray 0 does."""
    return NOTHING if something < 0.95 * of else -1.0


def threshold(mean_square: float, sigma: float, method: str, pixels: int) -> float:
    """Return the threshold of a band, infinite if there is nothing but noise in it."""
    if method == "visu":
        return float(sigma * np.sqrt(2 * np.log(pixels)))
    signal = mean_square - sigma**2
    return float(sigma**2 / np.sqrt(signal)) if signal > 0 else float("inf")


def _shrink(band: FloatImage, sigma: float, method: str, mode: str, pixels: int) -> Any:
    limit = threshold(float(np.mean(band * band, dtype=np.float64)), sigma, method, pixels)
    if np.isinf(limit):
        return np.zeros_like(band)
    if mode == "soft":
        return np.sign(band) * np.maximum(np.abs(band) - band.dtype.type(limit), 0)
    return np.where(np.abs(band) > limit, band, 0).astype(band.dtype)
