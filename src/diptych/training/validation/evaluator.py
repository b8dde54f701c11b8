"""How a run is validated: by the monitor where there are two folders, otherwise by the loss on held-out pictures."""

from __future__ import annotations

import time
from functools import partial
from typing import Protocol

from torch import nn

from diptych.core.image import Image
from diptych.training.domains import Domains
from diptych.training.generator_file import heat_of, run_network
from diptych.training.playing import HeldOutGame, Playable, TwoWayGame
from diptych.training.samples import overlay
from diptych.training.validation.metrics import HeldOutLoss, Validation, ValidationMetrics
from diptych.training.validation.monitor import Generator, Monitor


class Evaluator(Protocol):
    """Validates a game on pictures that it is not trained on."""

    def evaluate(self, step: int, game: Playable) -> Validation:
        """Return the validation at a step, whose score ranks the generators of a run."""

    def rows(self, game: Playable, *, count: int) -> list[list[Image]]:
        """Return rows of pictures for a contact sheet."""


def evaluator_for(domains: Domains) -> Evaluator:
    """Return the evaluator for a run on these pictures."""
    return MonitorEvaluator(domains) if domains.held_target else LossEvaluator(domains)


class MonitorEvaluator:
    """The monitor, which looks at outputs and at both folders."""

    def __init__(self, domains: Domains) -> None:
        self._monitor = Monitor(domains.held_raw, domains.held_target, prepared=domains.held_source)

    def evaluate(self, step: int, game: Playable) -> ValidationMetrics:
        """Return the monitor's metrics of the averaged generators."""
        return self._monitor.evaluate(step, *_both_ways(game))

    def rows(self, game: Playable, *, count: int) -> list[list[Image]]:
        """Return source, prepared if it differs, where the generator looks if it attends, output, and back again."""
        rows = self._monitor.rows(*_both_ways(game), count=count)
        return [_with_attention(row, game.average_forward.module) for row in rows]


class LossEvaluator:
    """The loss of the game itself, on pictures that were held out and always in the same draw."""

    def __init__(self, domains: Domains) -> None:
        self._domains = domains

    def evaluate(self, step: int, game: Playable) -> HeldOutLoss:
        """Return the held-out loss."""
        began = time.perf_counter()
        loss = _alone(game).held_out_loss(self._domains)
        return HeldOutLoss(step, float(loss), seconds=time.perf_counter() - began)

    def rows(self, game: Playable, *, count: int) -> list[list[Image]]:
        """Return what the game shows of the first pictures."""
        return _alone(game).rows(self._domains, count=count)


def _both_ways(game: Playable) -> tuple[Generator, Generator]:
    assert isinstance(game, TwoWayGame)
    return partial(run_network, game.average_forward.module), partial(run_network, game.average_backward.module)


def _with_attention(row: list[Image], module: nn.Module) -> list[Image]:
    seen, done = row[:-2], row[-2:]
    heat = heat_of(module, seen[-1])
    return row if heat is None else [*seen, overlay(seen[-1], heat), *done]


def _alone(game: Playable) -> HeldOutGame:
    assert isinstance(game, HeldOutGame)
    return game
