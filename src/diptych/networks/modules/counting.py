"""Counting multiply-adds."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn


def count(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the numbers of weights and of the multiply-adds of all convolutions, for an input of this shape.

    The module must be on the device ``meta``, where sizes are followed and nothing is computed.
    """
    total = 0

    def add(part: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        nonlocal total
        assert isinstance(part, nn.Conv2d | nn.ConvTranspose2d)
        # Each output of a convolution, and each input of a transposed one, meets the kernel once for each channel.
        positions = output.numel() if isinstance(part, nn.Conv2d) else inputs[0].numel()
        others = part.in_channels if isinstance(part, nn.Conv2d) else part.out_channels
        total += positions * math.prod(part.kernel_size) * others // part.groups

    hooks = [
        part.register_forward_hook(add) for part in module.modules() if isinstance(part, nn.Conv2d | nn.ConvTranspose2d)
    ]
    with torch.no_grad():
        module(torch.empty(shape, device="meta"))
    for hook in hooks:
        hook.remove()
    return sum(weights.numel() for weights in module.parameters()), total
