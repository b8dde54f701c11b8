"""Learned perceptual image patch similarity."""

from __future__ import annotations

import functools
import threading
from typing import Any

from diptych.core.image import Image
from diptych.core.metric import metric
from diptych.metrics._torch import network, tensor

_LOCK = threading.Lock()  # the network keeps a running mean, so one image at a time


@metric(direction="lower", identity=0.0, symmetric=True, smallest_side=32, extra="metrics")
def lpips(image: Image, reference: Image) -> float:
    """Learned perceptual image patch similarity: how different two images look to the first layers of AlexNet.

    The weighted mean of the squared differences of the normalised features of five layers, averaged over the pixels.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Any RGB or grey image of the contract, 32 pixels or more on each side; grey is three equal channels.

    Returns
    -------
    float
        0 or more; 0 for identical images.

    Raises
    ------
    ImageError
        If an image breaks the contract, is too small, or is neither RGB nor grey, or the two differ in size or channels.
    MissingExtraError
        If torchmetrics is not installed, or the weights of AlexNet cannot be had.

    Notes
    -----
    Computed by torchmetrics (``pip install 'diptych[metrics]'``), which downloads the weights of AlexNet once.

    References
    ----------
    Zhang, Isola, Efros, Shechtman and Wang, "The unreasonable effectiveness of deep features as a perceptual metric", CVPR
    (2018).

    Examples
    --------
    >>> lpips.declaration.extra
    'metrics'
    """
    distance = _distance()
    import torch

    with _LOCK, torch.no_grad():
        value = float(distance(tensor(image, "lpips"), tensor(reference, "lpips")))
        distance.reset()
    return value


@functools.cache
def _distance() -> Any:
    module, name = "torchmetrics.image.lpip", "LearnedPerceptualImagePatchSimilarity"
    return network("lpips", module, name, net_type="alex", normalize=True)
