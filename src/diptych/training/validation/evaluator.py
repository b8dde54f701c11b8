"""How a run is validated: by the monitor where there are two folders, otherwise by the loss on held-out pictures."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from torch import nn

from diptych.core.image import Image
from diptych.training.data import TrainingData
from diptych.training.generator_file import heat_of, run_network
from diptych.training.run.samples import overlay
from diptych.training.validation.metrics import HeldOutLoss, Validation, ValidationMetrics
from diptych.training.validation.monitor import Monitor


class Evaluator(Protocol):
    """Validates the generators of a run on pictures that they are not trained on."""

    def evaluate(self, step: int) -> Validation:
        """Return the validation at a step, whose score ranks the generators of a run."""

    def rows(self, *, count: int) -> list[list[Image]]:
        """Return rows of pictures for a contact sheet."""


class MonitorEvaluator:
    """The monitor, which looks at outputs and at both folders.

    Parameters
    ----------
    data : TrainingData
        The held-out pictures.
    forward, backward : nn.Module
        The averaged networks from source to target and back; CUT has none back.
    settled : int
        Steps after which an output that is still the input is worth an alarm.
    """

    def __init__(
        self, data: TrainingData, *, forward: nn.Module, backward: nn.Module | None = None, settled: int = 500
    ) -> None:
        self._monitor = Monitor(data.held_raw, data.held_target_raw, prepared=data.held_source, settled=settled)
        self._module = forward
        self._pair = tuple(partial(run_network, module) for module in (forward, backward) if module is not None)

    def evaluate(self, step: int) -> ValidationMetrics:
        """Return the monitor's metrics."""
        return self._monitor.evaluate(step, *self._pair)

    def rows(self, *, count: int) -> list[list[Image]]:
        """Return source, prepared if it differs, where the generator looks if it attends, output, and back again."""
        rows = self._monitor.rows(*self._pair, count=count)
        return [_with_attention(row, self._module, made=len(self._pair)) for row in rows]


class LossEvaluator:
    """The loss of the objective itself, on held-out pictures and always with the same draws.

    Parameters
    ----------
    loss : callable
        Returns the loss.
    rows : callable
        Returns so many rows of a contact sheet.
    """

    def __init__(self, loss: Callable[[], float], rows: Callable[[int], list[list[Image]]]) -> None:
        self._loss, self._rows = loss, rows

    def evaluate(self, step: int) -> HeldOutLoss:
        """Return the held-out loss."""
        began = time.perf_counter()
        loss = self._loss()
        return HeldOutLoss(step, float(loss), seconds=time.perf_counter() - began)

    def rows(self, *, count: int) -> list[list[Image]]:
        """Return what the objective shows of the first pictures."""
        return self._rows(count)


def _with_attention(row: list[Image], module: nn.Module, *, made: int) -> list[Image]:
    seen, done = row[:-made], row[-made:]
    heat = heat_of(module, seen[-1])
    return row if heat is None else [*seen, overlay(seen[-1], heat), *done]
