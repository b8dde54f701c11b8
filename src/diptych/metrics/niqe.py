"""Naturalness image quality evaluator."""

from __future__ import annotations

import math

from diptych.core.image import Image
from diptych.core.metric import metric
from diptych.metrics._niqe_model import NiqeModel
from diptych.metrics._nss import PATCH


@metric(direction="lower", highest=math.inf, smallest_side=PATCH)
def niqe(image: Image) -> float:
    """Naturalness image quality evaluator: how far the statistics of an image are from those of good photographs.

    The luma is cut into patches of 96 x 96 pixels; 36 numbers describe each of them (the shape and the widths of the
    distributions of its normalised luma and of the products of neighbours, at the full and at half the size). With mean
    and covariance ``m, S`` of the image's patches and ``m0, S0`` of the model's,

    ``sqrt((m0 - m)^T pinv((S0 + S) / 2) (m0 - m))``

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any RGB or grey image of the contract, 96 pixels or more on each side; grey is three equal channels.

    Returns
    -------
    float
        0 or more, mostly 2 to 8; infinity where no patch has any contrast, as in a constant image.

    Raises
    ------
    ImageError
        If the image breaks the contract, is too small, or is neither RGB nor grey.

    Notes
    -----
    Compared with the model in the package, whose name is ``diptych.metrics.NiqeModel.packaged().name``; values of
    different models do not compare. Another model is used by `diptych.metrics.NiqeModel.score`. What is left over at the
    right and below, when the sides are not multiples of 96, is ignored. An image of fewer than two patches with contrast has
    no covariance; it counts as 0.

    The luma is that of BT.601 on 16 to 235, rounded to whole levels in every depth; with the published model the values are
    those of the implementations that do so, within 0.02.

    References
    ----------
    Mittal, Soundararajan and Bovik, "Making a 'completely blind' image quality analyzer", IEEE Signal Processing Letters 20
    (2013).

    Examples
    --------
    >>> flat = np.full((96, 192), 0.5, np.float32)
    >>> niqe(flat)
    inf
    >>> grain = flat + np.random.default_rng(0).normal(0, 0.1, flat.shape).astype(np.float32)
    >>> niqe(grain.clip(0, 1)) > 5
    True
    """
    return NiqeModel.packaged().score(image)
