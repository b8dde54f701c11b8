"""Quantisation-aware fine-tuning of a generator, by distillation from its float version.

A copy of the network computes with rounded weights and activations, as the INT8 model will, and learns to reproduce the float
network. It needs no discriminator and no target pictures, only the user's inputs.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from diptych.core.errors import ParameterError
from diptych.export.errors import ExportError
from diptych.export.int8 import WEIGHT_LIMIT
from diptych.export.pictures import Batch
from diptych.training.generator_file import TrainedGenerator

_LARGEST_NORM = 1.0


def fine_tune(
    generator: TrainedGenerator,
    batches: Sequence[Batch],
    *,
    steps: int = 200,
    learning_rate: float = 1e-4,
    crop: int = 128,
    seed: int = 0,
) -> TrainedGenerator:
    """Return the generator with weights that lose less by quantisation.

    Minimises the mean absolute difference between ``Q(G)(x)`` and ``G(x)`` by AdamW, where Q rounds the weights of
    convolutions to whole numbers from -64 to 64 per output channel, and what goes into and comes out of them to 8 bits per
    tensor; the gradient passes through the rounding as if it were not there.

    Parameters
    ----------
    generator : TrainedGenerator
        The network in floats; it is not changed.
    batches : sequence of ndarray, shape (1, C, H, W)
        Pictures as the network sees them.
    steps : int
        Updates, one picture each, 1 or more.
    learning_rate : float
        The initial value; it falls linearly to 0.
    crop : int
        Side of the training crops in px, rounded up to the network's multiple.
    seed : int
        Seed of the crops.

    Returns
    -------
    TrainedGenerator
        Its provenance records the fine-tuning.

    Raises
    ------
    ParameterError
        If there is no picture, or no step.
    ExportError
        If the weights diverge.

    References
    ----------
    Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, CVPR 2018,
    section 3. Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons, 2013 (straight-through).
    """
    if not batches or steps < 1:
        raise ParameterError(f"fine_tune: {len(batches)} pictures and steps = {steps}; give one or more of each")
    teacher, student = generator.module.eval(), copy.deepcopy(generator.module).requires_grad_(True)
    optimiser = torch.optim.AdamW(student.parameters(), learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 1 / steps, steps)
    side = -(-crop // generator.config.multiple) * generator.config.multiple
    with quantised(student):
        for piece in _pieces(batches, side, steps, seed):
            loss = _learn(teacher, student, optimiser, piece)
            schedule.step()
            if not np.isfinite(loss):
                raise ExportError(f"{generator.name}: the fine-tuning diverged; give a smaller learning rate")
    provenance = {**generator.provenance, "fine_tuned": {"steps": steps, "learning_rate": learning_rate, "seed": seed}}
    module = student.eval().requires_grad_(False)
    return dataclasses.replace(generator, module=module, provenance=provenance)


def _learn(teacher: nn.Module, student: nn.Module, optimiser: torch.optim.Optimizer, piece: Tensor) -> float:
    with torch.no_grad():
        wanted = teacher(piece)
    loss = (student(piece) - wanted).abs().mean()
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(student.parameters(), _LARGEST_NORM)
    optimiser.step()
    return loss.item()


def _pieces(batches: Sequence[Batch], side: int, steps: int, seed: int) -> Iterator[Tensor]:
    generator = np.random.default_rng(seed)
    for _ in range(steps):
        batch = batches[int(generator.integers(len(batches)))]
        top, left = (int(generator.integers(max(1, length - side + 1))) for length in batch.shape[2:])
        yield torch.from_numpy(np.ascontiguousarray(batch[:, :, top : top + side, left : left + side]))


@contextmanager
def quantised(module: nn.Module) -> Iterator[None]:
    """Make the convolutions of a module compute with rounded weights, inputs and outputs, within the context."""
    convolutions = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
    hooks = []
    for part in convolutions:
        parametrize.register_parametrization(part, "weight", _RoundedWeight())
        hooks.append(part.register_forward_pre_hook(lambda part, inputs: (_rounded(inputs[0]),)))
        hooks.append(part.register_forward_hook(lambda part, inputs, output: _rounded(output)))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
        for part in convolutions:
            # Training changed the unrounded weights; the quantiser rounds them again.
            parametrize.remove_parametrizations(part, "weight", leave_parametrized=False)


class _RoundedWeight(nn.Module):
    """Weights as `diptych.export.int8` stores them: one scale for each output channel, symmetric."""

    def forward(self, weight: Tensor) -> Tensor:
        scale = weight.detach().abs().amax((1, 2, 3)).clamp(min=1e-8) / WEIGHT_LIMIT
        zeros = torch.zeros(len(scale), dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(weight, scale, zeros, 0, -WEIGHT_LIMIT, WEIGHT_LIMIT)


def _rounded(values: Tensor) -> Tensor:
    """Round to 256 levels between the extremes, one of which is 0."""
    low, high = (
        bound.clamp(max=0.0) if index == 0 else bound.clamp(min=0.0)
        for index, bound in enumerate(values.detach().aminmax())
    )
    scale = max((high - low).item() / 255, 1e-8)
    zero = round(-low.item() / scale)
    return torch.fake_quantize_per_tensor_affine(values, scale, min(255, max(0, zero)), 0, 255)
