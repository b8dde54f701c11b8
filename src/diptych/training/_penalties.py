"""Gradient penalties: how steep the discriminator is. Pure functions, to be reached through `diptych.training.losses`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

Scores: TypeAlias = Tensor | Sequence[Tensor]
"""What a discriminator gives: a map of scores, or one for each scale."""


def r1(discriminator: Callable[[Tensor], Scores], real: Tensor) -> Tensor:
    """Penalty on the slope of the discriminator at real pictures: ``1/2 mean over x of |grad D(x)|²``.

    Parameters
    ----------
    discriminator : callable
        D; the score of a picture is the mean over its map, and over the scales.
    real : Tensor, shape (N, C, H, W)
        Real pictures.

    Returns
    -------
    Tensor
        A scalar whose gradient reaches the weights of the discriminator. Its weight is the paper's gamma.

    References
    ----------
    Mescheder, Geiger and Nowozin, Which Training Methods for GANs do actually Converge?, ICML 2018, section 4.1.
    """
    return _slopes(discriminator, real).square().sum((1, 2, 3)).mean() / 2


def wgan_gp(discriminator: Callable[[Tensor], Scores], real: Tensor, fake: Tensor, *, mix: Tensor) -> Tensor:
    """Penalty that keeps the slope of the discriminator at 1: ``mean over z of (|grad D(z)| - 1)²``.

    ``z = mix real + (1 - mix) fake``.

    Parameters
    ----------
    discriminator : callable
        D; the score of a picture is the mean over its map, and over the scales.
    real, fake : Tensor, shape (N, C, H, W)
        Pictures of one size.
    mix : Tensor, shape (N,)
        How much of the real picture, uniform in [0, 1]; drawn by the caller, who knows the seed.

    Returns
    -------
    Tensor
        A scalar whose gradient reaches the weights of the discriminator. The paper's weight is 10.

    References
    ----------
    Gulrajani et al., Improved Training of Wasserstein GANs, NeurIPS 2017, equation 3 and algorithm 1.
    """
    share = mix.to(real.dtype).reshape(-1, 1, 1, 1)
    slopes = _slopes(discriminator, share * real.detach() + (1 - share) * fake.detach())
    return (torch.linalg.vector_norm(slopes, dim=(1, 2, 3)) - 1).square().mean()


def _slopes(discriminator: Callable[[Tensor], Scores], images: Tensor) -> Tensor:
    at = images.detach().requires_grad_(True)
    with torch.enable_grad():
        scores = discriminator(at)
        maps: Sequence[Tensor] = [scores] if isinstance(scores, Tensor) else scores
        # Pictures do not meet in a discriminator without batch statistics, so that the sum has each one's own gradient.
        total = torch.stack([values.flatten(1).mean(1) for values in maps]).mean(0).sum()
        (slopes,) = torch.autograd.grad(total, at, create_graph=True)
    return slopes if slopes.dtype == torch.float64 else slopes.float()
