"""Losses of a rendering and of its denoiser against what they should be: pure functions of pictures ``(N, C, H, W)``."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from diptych.networks.modules.render import luma

_AREA = 4  # px
_WINDOW = 7  # px
_SQUARED = 10.0
_STRUCTURE = 0.15
_C1, _C2 = 0.01**2, 0.03**2


def tone(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the squared error of the means of the channels, summed over them: exposure and cast of the whole picture."""
    return ((made.mean((2, 3)) - wanted.mean((2, 3))) ** 2).sum(1).mean()


def chroma(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the error of a picture's mean chroma.

    Where the cast of a picture is in doubt, an error of values is smallest for the average of what is possible, which is
    grey. The magnitude of the chroma in areas of 4 x 4 px has no such pull: it is to be right, whatever the hue. Without
    three channels there is none.
    """
    if made.shape[1] != 3:
        return made.new_zeros(())
    return (_magnitude(made) - _magnitude(wanted)).abs().mean()


def restored(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean absolute error, plus 10 times the squared one, plus 0.15 times what the structural similarity lacks of 1.

    The squared error sees the noisy among mostly clean pictures. Without it a denoiser stayed at the identity for 4,000 steps,
    where to do nothing was best for most of what it was shown.
    """
    return F.l1_loss(made, wanted) + _SQUARED * F.mse_loss(made, wanted) + _STRUCTURE * (1 - similarity(made, wanted))


def similarity(first: Tensor, second: Tensor) -> Tensor:
    """Return the structural similarity in windows of 7 x 7 px, or as large as the picture is.

    References
    ----------
    Wang, Bovik, Sheikh and Simoncelli, Image Quality Assessment: From Error Visibility to Structural Similarity, IEEE
    Transactions on Image Processing 13 (2004), equation 13.
    """
    window = min(_WINDOW, *first.shape[-2:])

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, window, 1)

    a, b = mean(first), mean(second)
    covariance = mean(first * second) - a * b
    spread = mean(first**2) - a**2 + mean(second**2) - b**2
    return ((2 * a * b + _C1) * (2 * covariance + _C2) / ((a**2 + b**2 + _C1) * (spread + _C2))).mean()


def _magnitude(picture: Tensor) -> Tensor:
    areas = F.avg_pool2d(picture, min(_AREA, *picture.shape[-2:]))
    return torch.sqrt(((areas - luma(areas)) ** 2).sum(1) + 1e-5).mean((1, 2))
