"""Non-local means denoising."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from skimage import restoration

from diptych.core.image import Image
from diptych.core.operator import operator
from diptych.core.parameters import Auto, Range


@operator(group="denoising", kernels="nlm", halo=lambda strength, patch, search: search // 2 + patch // 2 + 1)
def denoise_nlm(
    image: Image,
    *,
    strength: Annotated[float, Range(0, 1), Auto(0.002, 0.5)] = 0.05,
    patch: Annotated[int, Range(3, 15, "px", step=2)] = 5,
    search: Annotated[int, Range(3, 63, "px", step=2)] = 13,
) -> Image:
    """Average every pixel with the pixels around it whose neighbourhoods look similar.

    ``out(p) = sum of w(p, q) in(q) / sum of w(p, q)``, ``w = exp(-d² / strength²)`` with d² the mean squared difference
    of the patches around p and q, over all channels, and q in the search window around p. Outside, the image is mirrored:
    d c b | a b c d.

    Parameters
    ----------
    strength : float
        How different two patches may be and still be averaged, as an intensity in [0, 1]; about the standard deviation
        of the noise. 0 leaves the image as it is; auto measures the noise and finds the value with the least expected error.
    patch : int
        Side of the patches that are compared, odd.
    search : int
        Side of the window in which similar patches are looked for, odd.

    Notes
    -----
    The details are those of scikit-image's fast mode: a patch reaches from ``-(patch // 2 - 1)`` to ``patch // 2``, so that it
    has one row and column less than it is called by, while its squared differences are divided by ``patch²``; the
    exponential is linear between powers of 2 (Schraudolph, 1999); and a weight under exp(-5) is 0. Since patches lean to the
    lower right, the result of a flipped image is not quite the flipped result.

    References
    ----------
    Buades, Coll and Morel, "A non-local algorithm for image denoising", CVPR 2005; the fast mode of
    `skimage.restoration.denoise_nl_means` (Froment, IPOL 2014).

    Examples
    --------
    >>> noisy = np.full((32, 32), 0.5) + np.random.default_rng(0).normal(0, 0.05, (32, 32))
    >>> bool(denoise_nlm(noisy, strength=0.1).std() < noisy.std() / 3)
    True
    """
    if strength < 1e-6:
        return image
    denoised = restoration.denoise_nl_means(
        image, patch_size=patch, patch_distance=search // 2, h=strength, fast_mode=True, channel_axis=-1
    )
    return np.asarray(denoised).reshape(image.shape)
