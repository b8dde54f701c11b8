"""A training that is given minutes: it measures its own speed, and so many steps are made as fit.

What was measured decides ``steps`` and ``eval_every`` once, before the first step, and both stand in the config of the run, so
that a run that is resumed, on whatever machine, keeps to them and ends with the same bytes.
"""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

from diptych.data import Prefetcher
from diptych.training.config import TrainConfig
from diptych.training.data import Batch, TrainingData
from diptych.training.objectives.base import Objective, placed
from diptych.training.run.directory import Run

_VALIDATIONS = 8
_END = 2  # times a validation: the search for the classical steps after the network
_READING, _SHARE = 0.1, 0.05  # of the time, at most: for a first look at the pictures, and for measuring the speed
_FEWEST, _MOST = 2, 100  # steps that are measured, after two others
_FEW = 10  # steps, below which a run is validated at its end only, so that it has time for them


class Schedule(NamedTuple):
    """How many steps fit, how many lie between two validations, and how long one of either takes, in seconds."""

    steps: int
    eval_every: int
    step_seconds: float
    validation_seconds: float

    def applied(self, config: TrainConfig) -> TrainConfig:
        """Return the config with these steps."""
        return config.updated({"steps": self.steps, "eval_every": self.eval_every})

    def entry(self) -> dict[str, Any]:
        """Return the entry of the log."""
        values = self._asdict().items()
        return {"event": "schedule", **{name: round(value, 5) for name, value in values}}


def kept(config: TrainConfig, run: Run) -> TrainConfig:
    """Return the config with the steps that a run began with, if there is such a run."""
    if not (run.path / "config.toml").is_file():
        return config
    begun = run.config
    return config.updated({"steps": begun.steps, "eval_every": begun.eval_every})


def fit(objective: Objective, data: TrainingData, *, began: float, seconds: float) -> Schedule:
    """Return the schedule by which a run ends in time.

    Parameters
    ----------
    objective : Objective
        A fresh one, which is of no use afterwards: some of its steps are made.
    data : TrainingData
        The pictures.
    began : float
        When the run began, by `time.perf_counter`.
    seconds : float
        How long it may take from then on.
    """
    _read_pictures(objective.config, data, seconds=_READING * seconds)
    prepared = _preparation(objective, data)
    validation = _validation(objective, data)
    step = _step(objective, data, seconds=seconds)
    left = seconds - (time.perf_counter() - began) - prepared
    # All processes keep to what the first one has found.
    steps, validations = objective.fabric.broadcast(fitting(left, step, validation))
    return Schedule(steps, math.ceil(steps / validations), step, validation)


def fitting(left: float, step: float, validation: float) -> tuple[int, int]:
    """Return how many steps and validations fit into the seconds that are left; one of either is the least.

    >>> fitting(100.0, 0.5, 2.0)
    (160, 8)
    >>> fitting(23.0, 1.0, 2.0)
    (9, 1)
    >>> fitting(-1.0, 1.0, 2.0)
    (1, 1)
    """
    steps = int((left - (_VALIDATIONS + _END) * validation) / step)
    if steps >= _FEW:
        return steps, _VALIDATIONS
    return min(max(1, int((left - (1 + _END) * validation) / step)), _FEW - 1), 1


def _read_pictures(config: TrainConfig, data: TrainingData, *, seconds: float) -> None:
    """Draw the first pictures of the run, which are then in its cache: a speed with decoding is not that of the run."""
    ends = time.perf_counter() + seconds
    batches = -(-max(len(folder) for folder in data.folders.values()) // config.batch)
    with Prefetcher(data.batches.batch, start=0, stop=batches, workers=config.workers) as ready:
        for _ in ready:
            if time.perf_counter() > ends:
                break


def _preparation(objective: Objective, data: TrainingData) -> float:
    began = time.perf_counter()
    objective.prepare(data)
    return time.perf_counter() - began


def _validation(objective: Objective, data: TrainingData) -> float:
    evaluator = objective.evaluator(data)
    return min(float(evaluator.evaluate(0).seconds) for _ in range(2))  # the first one compiles


def _step(objective: Objective, data: TrainingData, *, seconds: float) -> float:
    """Return how long a step takes, its batches included."""
    config, fabric = objective.config, objective.fabric

    def make(number: int) -> Batch:
        return data.batches.batch(number, rank=fabric.global_rank, world=fabric.world_size)

    def run(steps: range) -> float:
        numbers = {"start": steps.start * config.accumulate, "stop": steps.stop * config.accumulate}
        losses = {}
        with Prefetcher(make, workers=config.workers, **numbers) as ready:
            began = time.perf_counter()
            for step in steps:
                batches = [placed(next(ready), config, fabric) for _ in range(config.accumulate)]
                losses = objective.train_step(batches, step=step)
            for loss in losses.values():
                float(loss)  # a GPU has done it all only then
            return (time.perf_counter() - began) / len(steps)

    run(range(1))  # the first one compiles
    fitting = int(_SHARE * seconds / max(run(range(1, 2)), 1e-6))
    count = fabric.broadcast(max(_FEWEST, min(_MOST, fitting)))
    return run(range(2, 2 + count))
