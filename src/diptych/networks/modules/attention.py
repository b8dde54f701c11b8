"""Attention by class activation maps, which the generator and the discriminators of UGATIT share."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class Attended(NamedTuple):
    """What a network makes of a picture or of its maps, and what its auxiliary classifier has to say.

    Attributes
    ----------
    output : Tensor
        The result.
    logits : Tensor, shape (N, 2)
        Of the classifier, from the average of the maps and from their maximum; above 0 for the source (or for real).
    heat : Tensor, shape (N, 1, h, w)
        The class activation map of the classifier that sees maxima: how much each place speaks for the source.
    """

    output: Tensor
    logits: Tensor
    heat: Tensor


class Attending(Protocol):
    """A generator that attends."""

    def attend(self, image: Tensor) -> Attended:
        """Return what the generator makes of pictures ``(N, C, H, W)``, with the logits and the heat."""


class ClassAttention(nn.Module):
    """Weight maps by how much they speak for a class, and merge them.

    With x the maps, one classifier sees their averages, ``w_1 mean(x)``, another their maxima, ``w_2 max(x)``, and the result
    is a 1 x 1 convolution of ``(w_1 x, w_2 x)`` and a (leaky) ReLU.

    Parameters
    ----------
    channels : int
        Of the maps that come in, and of those that go out.
    slope : float
        Of the activation below 0.
    spectral : bool
        Whether the weights of each classifier are divided by their length, its largest singular value.
    """

    def __init__(self, channels: int, *, slope: float = 0.0, spectral: bool = False) -> None:
        super().__init__()
        self.slope = slope
        self.spectral = spectral
        bound = channels**-0.5  # as torch.nn.Linear begins
        self.of_average, self.of_maximum = (
            nn.Parameter(torch.empty(1, channels, 1, 1).uniform_(-bound, bound)) for _ in range(2)
        )
        self.merge = nn.Conv2d(2 * channels, channels, 1)
        # The weighted maps are smaller by the root of their number; what is merged is as large as what came in.
        nn.init.normal_(self.merge.weight)
        nn.init.zeros_(self.merge.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Attended:
        """Return the attended maps ``(N, channels, h, w)``, the logits and the heat."""
        first, second = (
            F.normalize(weight, dim=1) if self.spectral else weight for weight in (self.of_average, self.of_maximum)
        )
        by_average, by_maximum = x * first, x * second
        pooled = x.mean((2, 3), keepdim=True) * first, x.amax((2, 3), keepdim=True) * second
        logits = torch.cat([one.sum(1) for one in pooled], 1)
        merged = self.merge(torch.cat([by_average, by_maximum], 1))
        # Behind an instance normalisation a map's average hardly varies, and its classifier finds what differs anywhere.
        return Attended(F.leaky_relu(merged, self.slope), logits[..., 0], by_maximum.sum(1, keepdim=True))
