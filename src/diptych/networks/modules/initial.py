"""Fresh weights, decided by a seed."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator

import torch
from torch import nn

Convolution = nn.Conv2d | nn.ConvTranspose2d

_STD = 0.02


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from this seed inside the block, and leave the generators of torch as they were."""
    # Networks are built on the CPU; torch.manual_seed would also seed the accelerators, which nothing puts back.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def initialise(module: nn.Module, *, last: Convolution, normalised: bool, zero: bool = False) -> None:
    """Draw the weights of all convolutions as the page of `build` says; `last` is the one that gives the output."""
    for part in module.modules():
        if not isinstance(part, Convolution):
            continue
        std = _STD if normalised or part is last else math.sqrt(2 / _fan_in(part))
        nn.init.normal_(part.weight, 0.0, std)
        if part.bias is not None:
            nn.init.zeros_(part.bias)
    if zero:
        nn.init.zeros_(last.weight)


def damp(last: nn.Module) -> None:
    """Make the last convolution of a residual branch small.

    Without normalisation each branch would double the variance of the signal, and nine blocks would saturate the output.
    """
    assert isinstance(last, nn.Conv2d)
    with torch.no_grad():
        last.weight.mul_(0.1)


def _fan_in(part: Convolution) -> float:
    kernel: float = math.prod(part.kernel_size)
    if isinstance(part, nn.ConvTranspose2d):  # each output is reached by a part of the kernel only
        kernel /= math.prod(part.stride)
    return kernel * part.in_channels / part.groups
