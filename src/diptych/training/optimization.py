"""Learning rate schedules, the moving average of weights, and gradients of several processes."""

from __future__ import annotations

import copy
import math

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters


def linear_decay(step: int, *, steps: int, decay_fraction: float) -> float:
    """Return the factor of the learning rate: 1, and over the last share `decay_fraction` of the steps linearly towards 0.

    Zhu et al., ICCV 2017, section 4 (there: 100 epochs constant, 100 decaying).

    >>> [linear_decay(step, steps=8, decay_fraction=0.5) for step in (0, 4, 6, 7)]
    [1.0, 1.0, 0.5, 0.25]
    """
    constant = steps - round(steps * decay_fraction)
    return 1.0 if step < constant else (steps - step) / (steps - constant)


def cosine_decay(step: int, *, steps: int, decay_fraction: float) -> float:
    """Return the factor of the learning rate: a rise over 100 steps, or a twentieth of them, and a fall along half a cosine.

    The fall takes the last share `decay_fraction` of the steps.
    Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017, equation 5.

    >>> [round(cosine_decay(step, steps=1000, decay_fraction=1.0), 2) for step in (0, 49, 500, 750)]
    [0.02, 0.99, 0.5, 0.15]
    """
    constant = steps - round(steps * decay_fraction)
    fallen = max(0.0, (step - constant) / max(steps - constant, 1))
    rise = max(1, min(100, steps // 20))
    return min(1.0, (step + 1) / rise) * (0.5 + 0.5 * math.cos(math.pi * fallen))


class ExponentialMovingAverage:
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
        ours, theirs = self._floats(self.module), self._floats(module)
        torch._foreach_lerp_(ours, theirs, share)  # as torch.optim.swa_utils does: one kernel for all on a GPU
        for kept, latest in zip(self._others(self.module), self._others(module), strict=True):
            kept.copy_(latest)

    @staticmethod
    def _floats(module: nn.Module) -> list[Tensor]:
        return [value for value in module.state_dict().values() if value.is_floating_point()]

    @staticmethod
    def _others(module: nn.Module) -> list[Tensor]:
        return [value for value in module.state_dict().values() if not value.is_floating_point()]


def clip_gradients(fabric: Fabric, optimiser: torch.optim.Optimizer, *, norm: float) -> None:
    """Limit the norm of the gradients of each group of parameters; of their true norm, where float16 has scaled the losses."""
    scaler = getattr(fabric.strategy.precision, "scaler", None)
    if scaler is not None:
        scaler.unscale_(optimiser)
    for group in optimiser.param_groups:
        nn.utils.clip_grad_norm_(group["params"], norm)


def gather_gradients(fabric: Fabric, optimiser: torch.optim.Optimizer) -> None:
    """Average the gradients of several processes.

    A network is asked several times before each update, so that this is done here and not in its backward pass, as
    DistributedDataParallel would.
    """
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if fabric.world_size > 1 and gradients:
        mean = fabric.all_reduce(parameters_to_vector(gradients), reduce_op="mean")
        assert isinstance(mean, Tensor)
        vector_to_parameters(mean, gradients)
