"""Fréchet inception distance."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from typing import Any

from diptych.core.errors import ImageError
from diptych.core.image import Image
from diptych.core.metric import set_metric
from diptych.metrics._torch import network, tensor

_LOCK = threading.Lock()  # the network collects the features of both sets


@set_metric(direction="lower", identity=0.0, symmetric=True, extra="metrics")
def fid(images_a: Iterator[Image], images_b: Iterator[Image]) -> float:
    """Fréchet inception distance: how far the contents of two sets of images are apart, for the network Inception v3.

    ``|ma - mb|^2 + trace(Sa + Sb - 2 (Sa Sb)^(1/2))`` with the means and covariances of the 2048 features of each set.

    Parameters
    ----------
    images_a, images_b : iterable of ndarray, shape (H, W) or (H, W, C)
        RGB or grey images of the contract, of any sizes, two or more in each set; no pairs are needed.

    Returns
    -------
    float
        0 or more; 0 for the same set twice.

    Raises
    ------
    ImageError
        If an image breaks the contract or is neither RGB nor grey, or a set has fewer than two images.
    MissingExtraError
        If torchmetrics or torch-fidelity is not installed, or the weights of Inception v3 cannot be had.

    Notes
    -----
    Computed by torchmetrics (``pip install 'diptych[metrics]'``), which downloads the weights once and reduces each
    image to 299 x 299. The value depends on the numbers of images; below some thousands it is biased upwards.

    References
    ----------
    Heusel, Ramsauer, Unterthiner, Nessler and Hochreiter, "GANs trained by a two time-scale update rule converge to a local
    Nash equilibrium", NeurIPS (2017).

    Examples
    --------
    >>> fid.declaration.extra
    'metrics'
    """
    distance = _distance()
    import torch

    with _LOCK, torch.no_grad():
        distance.reset()
        for images, real in ((images_a, True), (images_b, False)):
            _collect(distance, images, real)
        value = float(distance.compute())
        distance.reset()
    return max(value, 0.0)


def _collect(distance: Any, images: Iterator[Image], real: bool) -> None:
    count = 0
    for image in images:
        distance.update(tensor(image, "fid"), real=real)
        count += 1
    if count < 2:
        raise ImageError(f"fid: set {'a' if real else 'b'} has one image; give two or more")


@functools.cache
def _distance() -> Any:
    module, name = "torchmetrics.image.fid", "FrechetInceptionDistance"
    return network("fid", module, name, feature=2048, normalize=True)
