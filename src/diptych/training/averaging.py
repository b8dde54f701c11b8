"""Exponential moving average of weights."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Average:
    """A copy of a network whose weights follow those of the original slowly: ``w <- d w + (1 - d) w_original``.

    ``d = min(decay, (1 + step) / (10 + step))``, so that the first steps, which are far off, are soon forgotten.

    Parameters
    ----------
    module : nn.Module
        The original.
    decay : float
        0 makes the copy the original's latest weights.

    References
    ----------
    Yazıcı et al., The Unusual Effectiveness of Averaging in GAN Training, ICLR 2019.
    """

    def __init__(self, module: nn.Module, *, decay: float) -> None:
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, module: nn.Module, *, step: int) -> None:
        """Move the copy towards the original."""
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        ours, theirs = self.module.state_dict(), module.state_dict()
        for name, value in ours.items():
            if value.is_floating_point():
                value.lerp_(theirs[name].to(value.dtype), share)
            else:
                value.copy_(theirs[name])
