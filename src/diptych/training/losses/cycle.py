"""Losses of pictures against what they should be after a generator or two, and of an auxiliary classifier.

Pictures are ``(N, C, H, W)`` in [0, 1].
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from diptych.core.errors import ParameterError
from diptych.training.losses.structure import exact


def cycle(image: Tensor, back: Tensor) -> Tensor:
    """Cycle consistency, how far a picture is from itself after both generators: ``mean |F(G(x)) - x|``.

    Parameters
    ----------
    image, back : Tensor, shape (N, C, H, W)
        x and F(G(x)).

    Returns
    -------
    Tensor
        A scalar.

    References
    ----------
    Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, ICCV 2017, equation 2.
    """
    return (back - image).abs().mean()


def identity(image: Tensor, mapped: Tensor) -> Tensor:
    """How much a generator changes a picture that is already in its target domain: ``mean |G(y) - y|``.

    Parameters
    ----------
    image, mapped : Tensor, shape (N, C, H, W)
        y and G(y).

    Returns
    -------
    Tensor
        A scalar.

    References
    ----------
    Taigman, Polyak and Wolf, Unsupervised Cross-Domain Image Generation, ICLR 2017; CycleGAN, section 5.2.
    """
    return (mapped - image).abs().mean()


def attention(source: Tensor, target: Tensor) -> Tensor:
    """How badly a generator's auxiliary classifier tells its source from its target, whose differences it then attends to.

    With p the logistic function of a logit, ``- mean log p(source) - mean log(1 - p(target))``.

    Parameters
    ----------
    source, target : Tensor, shape (N, K)
        The classifier's logits for pictures of the source, and for real ones of the target.

    Returns
    -------
    Tensor
        A scalar; 2 log 2 = 1.39 for logits of 0, which tell nothing.

    References
    ----------
    Kim et al., U-GAT-IT, ICLR 2020, equation 6 (its classifiers in the discriminators are part of the adversarial loss).

    Examples
    --------
    >>> import torch
    >>> round(attention(torch.zeros(1, 2), torch.zeros(1, 2)).item(), 3)
    1.386
    """
    return F.softplus(-exact(source)).mean() + F.softplus(exact(target)).mean()


def frequency(
    image: Tensor, other: Tensor, *, kind: Literal["focal", "amplitude"] = "focal", focus: float = 1.0
) -> Tensor:
    """How far two pictures are apart in the frequency domain.

    With the orthonormal Fourier transforms A and B of each channel, means over all frequencies u, v of

    - focal: ``w |A - B|²``, where ``w = (|A - B| / max over u, v)^focus`` is held constant: the frequencies that are worst
      reconstructed, mostly high ones, count most;
    - amplitude: ``||A| - |B||``, which does not see where things are.

    Parameters
    ----------
    image, other : Tensor, shape (N, C, H, W)
        Pictures of one size, e.g. x and F(G(x)).
    kind : {"focal", "amplitude"}
        Which.
    focus : float
        Exponent of the weights of the focal loss, at least 0; 0 is the mean squared error of the pictures.

    Returns
    -------
    Tensor
        A scalar, float32 (float64 for pictures in float64).

    Raises
    ------
    ParameterError
        If there is no such kind, or the focus is negative.

    References
    ----------
    Jiang et al., Focal Frequency Loss for Image Reconstruction and Synthesis, ICCV 2021, section 3.3.
    """
    first, second = (torch.fft.fft2(exact(x), norm="ortho") for x in (image, other))
    if kind == "amplitude":
        return (first.abs() - second.abs()).abs().mean()
    if kind != "focal" or not focus >= 0:
        raise ParameterError(
            f"frequency: kind = {kind!r}, focus = {focus!r}; give focal or amplitude, and a focus >= 0"
        )
    difference = torch.view_as_real(first - second)
    squared = difference.square().sum(-1)
    with torch.no_grad():
        apart = squared.sqrt()
        weight = (apart / apart.amax((-2, -1), keepdim=True).clamp(min=torch.finfo(apart.dtype).tiny)) ** focus
    return (weight * squared).mean()
