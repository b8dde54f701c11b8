"""Adversarial losses and gradient penalties: pure functions of the scores that a discriminator gives.

Scores are a map, or a list of maps, one for each scale; each map counts as much as the others, whatever its size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from diptych.core.errors import ParameterError, did_you_mean
from diptych.training.losses.structure import exact

Scores: TypeAlias = Tensor | Sequence[Tensor]
"""What a discriminator gives: a map of scores, or one for each scale."""

Adversarial = Literal["least_squares", "hinge", "logistic"]

# kind -> (loss of the discriminator at a real score, at a fake score, loss of the generator at a fake score)
_ADVERSARIAL: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "least_squares": (lambda s: (s - 1) ** 2 / 2, lambda s: s**2 / 2, lambda s: (s - 1) ** 2),
    "hinge": (lambda s: F.relu(1 - s), lambda s: F.relu(1 + s), lambda s: -s),
    "logistic": (lambda s: F.softplus(-s), F.softplus, lambda s: F.softplus(-s)),
}


def adversarial_generator(fake: Scores, *, kind: Adversarial = "least_squares") -> Tensor:
    """Loss of a generator: how little the discriminator is deceived by its pictures.

    ================  ===================
    kind              mean over s of
    ================  ===================
    least_squares     (s - 1)²
    hinge             -s
    logistic          log(1 + exp(-s))
    ================  ===================

    Parameters
    ----------
    fake : Tensor or sequence of Tensor
        Scores s of the generator's pictures.
    kind : {"least_squares", "hinge", "logistic"}
        Which loss. Logistic is the non-saturating one.

    Returns
    -------
    Tensor
        A scalar.

    Raises
    ------
    ParameterError
        If there is no such kind.

    References
    ----------
    Mao et al., Least Squares Generative Adversarial Networks, ICCV 2017, section 3 (without the half, as CycleGAN, section
    4). Lim and Ye, Geometric GAN, 2017. Goodfellow et al., Generative Adversarial Nets, NeurIPS 2014, section 3.

    Examples
    --------
    >>> import torch
    >>> adversarial_generator(torch.tensor([0.0, 2.0])).item()
    1.0
    """
    return _mean_over(fake, _kind(kind)[2])


def adversarial_discriminator(real: Scores, fake: Scores, *, kind: Adversarial = "least_squares") -> Tensor:
    """Loss of a discriminator: how badly it tells real pictures from the generator's.

    ================  ===================  ===================
    kind              mean over real s of  plus mean over fake s of
    ================  ===================  ===================
    least_squares     (s - 1)² / 2         s² / 2
    hinge             max(0, 1 - s)        max(0, 1 + s)
    logistic          log(1 + exp(-s))     log(1 + exp(s))
    ================  ===================  ===================

    Parameters
    ----------
    real, fake : Tensor or sequence of Tensor
        Scores of real pictures, and of the generator's, which must be detached from it.
    kind : {"least_squares", "hinge", "logistic"}
        Which loss.

    Returns
    -------
    Tensor
        A scalar.

    Raises
    ------
    ParameterError
        If there is no such kind.

    References
    ----------
    As `adversarial_generator`.

    Examples
    --------
    >>> import torch
    >>> adversarial_discriminator(torch.tensor([1.0]), torch.tensor([0.0])).item()
    0.0
    """
    of_real, of_fake, _ = _kind(kind)
    return _mean_over(real, of_real) + _mean_over(fake, of_fake)


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


def _kind(kind: str) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    if kind not in _ADVERSARIAL:
        raise ParameterError(f"no adversarial loss named {kind!r}{did_you_mean(str(kind), _ADVERSARIAL)}")
    return _ADVERSARIAL[kind]


def _mean_over(scores: Scores, loss: Callable[[Tensor], Tensor]) -> Tensor:
    maps: Sequence[Tensor] = [scores] if isinstance(scores, Tensor) else scores
    return torch.stack([loss(exact(values)).mean() for values in maps]).mean()
