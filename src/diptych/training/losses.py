"""Losses: pure functions of tensors. Each gives one number, unweighted; the caller multiplies, and leaves out what weighs 0.

Pictures are ``(N, C, H, W)`` in [0, 1]. Scores are what a discriminator gives: a map, or a list of maps, one for each scale;
each map counts as much as the others, whatever its size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from diptych.core.errors import ParameterError, did_you_mean
from diptych.training._edges import exact, structure, total_variation
from diptych.training._penalties import Scores, r1, wgan_gp

__all__ = [
    "Adversarial",
    "Scores",
    "adversarial_discriminator",
    "adversarial_generator",
    "attention",
    "cycle",
    "frequency",
    "identity",
    "r1",
    "structure",
    "total_variation",
    "wgan_gp",
]

Adversarial = Literal["least_squares", "hinge", "logistic"]

# kind -> (loss of the discriminator at a real score, at a fake score, loss of the generator at a fake score)
_ADVERSARIAL: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "least_squares": (lambda s: (s - 1) ** 2 / 2, lambda s: s**2 / 2, lambda s: (s - 1) ** 2),
    "hinge": (lambda s: F.relu(1 - s), lambda s: F.relu(1 + s), lambda s: -s),
    "logistic": (lambda s: F.softplus(-s), F.softplus, lambda s: F.softplus(-s)),
}


def adversarial_generator(fake: Scores, *, kind: Adversarial = "least_squares") -> Tensor:
    """How little the discriminator is deceived by pictures of the generator.

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
        The game. Logistic is the non-saturating one.

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
    """How badly the discriminator tells real pictures from the generator's.

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
        The game.

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


def cycle(image: Tensor, back: Tensor) -> Tensor:
    """How far a picture is from itself after the way there and back: ``mean |F(G(x)) - x|``.

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


def _kind(kind: str) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    if kind not in _ADVERSARIAL:
        raise ParameterError(f"no adversarial loss named {kind!r}{did_you_mean(str(kind), _ADVERSARIAL)}")
    return _ADVERSARIAL[kind]


def _mean_over(scores: Scores, loss: Callable[[Tensor], Tensor]) -> Tensor:
    maps: Sequence[Tensor] = [scores] if isinstance(scores, Tensor) else scores
    return torch.stack([loss(exact(values)).mean() for values in maps]).mean()
