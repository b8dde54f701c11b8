"""Gaussian blurs of any width at one price: a product of cosine spectra, exact for SciPy's mirrored borders.

A symmetric kernel on an image continued by reflection (SciPy's ``reflect``) is diagonal under the discrete cosine
transform of type II, kernels wider than the image included. So a blur costs one inverse transform, whatever its sigma.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from diptych.core.parallel import threads

Plane = NDArray[np.float32]


def spectrum(plane: Plane, *, overwrite: bool = False) -> Plane:
    """Return the cosine spectrum of a plane ``(H, W)``; with `overwrite` it may be written over the plane."""
    return fft.dctn(plane, workers=threads(), overwrite_x=overwrite)


def blurred(cosines: Plane, sigma: float, *, overwrite: bool = False) -> Plane:
    """Return the blur of the plane with this spectrum: that of ``scipy.ndimage.gaussian_filter(plane, sigma)``.

    With `overwrite` it may be written over the spectrum.
    """
    rows, columns = (_transfer(length, sigma).astype(cosines.dtype) for length in cosines.shape)
    product = np.multiply(cosines, rows[:, np.newaxis], out=cosines if overwrite else None)
    product *= columns
    return fft.idctn(product, workers=threads(), overwrite_x=True)


def _transfer(length: int, sigma: float) -> NDArray[np.float64]:
    # What the kernel, cut off at 4 sigma as SciPy does, makes of each cosine; its tails are folded onto the period.
    radius = int(4 * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / (sigma * sigma) * offsets**2)
    folded = np.bincount(offsets % (2 * length), weights / weights.sum(), 2 * length)
    return np.fft.rfft(folded).real[:length]
