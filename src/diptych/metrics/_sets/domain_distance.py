"""Distance of two domains."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from diptych.core.errors import ImageError
from diptych.core.image import Image
from diptych.core.metric import set_metric
from diptych.metrics._niqe_model import NiqeModel
from diptych.metrics._nss import PATCH, Floats, features_of, patches_of


@set_metric(direction="lower", identity=0.0, symmetric=True, smallest_side=PATCH)
def domain_distance(images_a: Iterator[Image], images_b: Iterator[Image]) -> float:
    """Distance of two domains: how far the natural scene statistics of two sets of images are apart.

    The Fréchet distance ``|ma - mb|^2 + trace(Sa + Sb - 2 (Sa Sb)^(1/2))`` of the normal distributions with the means and
    covariances of the 36 features that NIQE measures of patches of 96 x 96 pixels (see `diptych.metrics.niqe`). A feature
    is counted in standard deviations of the patches of the NIQE model in the package.

    Parameters
    ----------
    images_a, images_b : iterable of ndarray, shape (H, W) or (H, W, C)
        RGB or grey images of the contract, 96 pixels or more on each side, of any sizes; no pairs are needed. Each set is
        gone through once, one image at a time.

    Returns
    -------
    float
        0 or more; 0 for the same set twice.

    Raises
    ------
    ImageError
        If an image breaks the contract, is too small, or is neither RGB nor grey, or a set has fewer than two patches with
        contrast.

    Notes
    -----
    It sees noise, blur, grain and the traces of processing, not colour, brightness or what is in the picture. With fewer
    than some hundred patches in a set (about ten images of 640 x 480) the value is biased upwards.

    References
    ----------
    Dowson and Landau, "The Fréchet distance between multivariate normal distributions", Journal of Multivariate Analysis 12
    (1982); the features are those of Mittal, Soundararajan and Bovik, IEEE Signal Processing Letters 20 (2013).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sharp = [rng.random((96, 192)) for _ in range(3)]
    >>> soft = [(image + np.roll(image, 1, axis=1)) / 2 for image in sharp]
    >>> domain_distance(sharp, soft) > 1
    True
    """
    scale = np.sqrt(np.diag(NiqeModel.packaged().covariance))
    a, b = _features(images_a, "a") / scale, _features(images_b, "b") / scale
    return frechet(a.mean(axis=0), np.cov(a, rowvar=False), b.mean(axis=0), np.cov(b, rowvar=False))


def _features(images: Iterator[Image], which: str) -> Floats:
    features = np.concatenate([features_of(patches_of(image).moments) for image in images])
    usable = features[~np.isnan(features).any(axis=1)]
    if len(usable) < 2:
        raise ImageError(f"domain_distance: set {which} has {len(usable)} patches with contrast; give two or more")
    return usable


def frechet(mean_a: Floats, covariance_a: Floats, mean_b: Floats, covariance_b: Floats) -> float:
    """Return the squared Fréchet distance of two normal distributions.

    >>> frechet(np.zeros(2), np.eye(2), np.array([3.0, 4.0]), 4 * np.eye(2))
    27.0
    """
    # (A^(1/2) B A^(1/2)) is symmetric and has the eigenvalues of A B.
    root = _root(covariance_a)
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ covariance_b @ root), 0, None)).sum()
    away = mean_a - mean_b
    return max(float(away @ away + np.trace(covariance_a) + np.trace(covariance_b) - 2 * shared), 0.0)


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T)
