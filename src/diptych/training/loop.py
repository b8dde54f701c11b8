"""The training loop: what a run does, on a page."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from lightning_fabric import Fabric

from diptych.data import Prefetcher
from diptych.training import schedule
from diptych.training.call import check_call
from diptych.training.config import TrainConfig
from diptych.training.data import Batch, TrainingData
from diptych.training.distributed import chosen_threads, launch, torch_threads
from diptych.training.initial_weights import fingerprint_of, initialise_from
from diptych.training.objectives import Objective, make_objective
from diptych.training.objectives.base import placed
from diptych.training.run import directory
from diptych.training.run.checkpoint import checkpoints, load_checkpoint
from diptych.training.run.directory import Run
from diptych.training.run.events import OnEvent, RunRecorder


def train(
    config: TrainConfig,
    *,
    source: str | os.PathLike[str] | None = None,
    target: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str],
    init: str | os.PathLike[str] | None = None,
    resume: bool = False,
    minutes: float | None = None,
    on_event: OnEvent | None = None,
) -> Run:
    """Train a generator without pairs: from source to target, or from what a single folder teaches.

    Parameters
    ----------
    config : TrainConfig
        The settings; their class is the objective.
    source, target : path
        Folders of the pictures to improve, and of pictures as they should look; searched recursively, no pairs. Some objectives
        learn from one of them alone, see ``config.folders``.
    out : path
        The run directory: new, or with `resume` an existing one.
    init : path, optional
        A generator file, or a run directory, to take the first weights of `forward` from, and those of the generator back
        where they fit (see `diptych.training.initial_weights`). A run that is resumed needs it only before its first
        checkpoint.
    resume : bool
        Continue from the newest checkpoint. On a CPU the result is then, byte for byte, that of a run without a stop.
    minutes : float, optional
        How long the run may take, more than 0. It measures its own speed first and sets ``steps`` and ``eval_every`` of the
        config by it, which are then those of the run: one that is resumed keeps them, whatever is given.
    on_event : callable, optional
        Called with each entry of the log as it is written: ``begin``, ``schedule``, ``init``, ``calibration``, ``losses``,
        ``validation``, ``skipped``, ``interrupted``, ``end``; and after the first step and then twice a minute with one that
        is not logged, ``progress``, which has ``step``, ``steps``, ``images_per_second`` and ``seconds_left``.

    Returns
    -------
    Run
        The run directory; its `best` is the generator file.

    Raises
    ------
    ParameterError
        If a folder that the objective learns from is missing, one is given besides, both are the same, or one lies in the
        other, as the run directory must not either; or if `minutes` is not above 0.
    DataError
        If a folder cannot be trained on.
    TrainingError
        If the run directory is not empty, does not fit, or another training writes to it, or a loss is no longer a number.
    KeyboardInterrupt
        After Ctrl-C, when the step is done and its checkpoint written. The run has a generator then, even if it was not
        validated yet; a second Ctrl-C does not wait for the end of the step, and leaves the checkpoint before.

    Examples
    --------
    ``train(preset("quick"), source="dark", target="bright", out="runs/night")``
    """
    config.check_folders(source=source is not None, target=target is not None)
    check_call(source=source, target=target, out=out, init=init, resume=resume, minutes=minutes, first=False)
    began = time.perf_counter()
    if minutes and resume:
        config = schedule.kept(config, Run(Path(out)))
    fabric = launch(config)
    with contextlib.ExitStack() as closing:
        if fabric.is_global_zero:
            if not resume:
                directory.check_new(out)  # before anything is read
            elif Path(out).is_dir():
                closing.enter_context(directory.locked(out))
        objective = make_objective(config, fabric)
        data = objective.open_data(source=source, target=target)
        threads = chosen_threads(Run(Path(out)).threads if resume else None)
        closing.enter_context(torch_threads(threads))
        plan = None
        if minutes and not resume:
            plan = schedule.fit(objective, data, began=began, seconds=60 * minutes)
            config = plan.applied(config)
            objective = make_objective(config, fabric)  # as it was before the steps that were measured
        begun_from = initialise_from(objective, init) if init is not None else None
        origin = fingerprint_of(init)
        opened = (config, data)
        run = (
            directory.resume(out, *opened, init=origin)
            if resume
            else _begun(out, *opened, fabric, origin, threads, closing)
        )
        recorder = RunRecorder(run, objective, data, on_event)
        loaded = _loaded(run, objective) if resume else None
        first = recorder.resume(loaded) if resume else 0
        recorder.begin(first, *(() if loaded else (plan and plan.entry(), begun_from, objective.prepare(data))))
        if not loaded:
            recorder.first_result()
        recorder.end(_steps(objective, data, recorder, first))
    return run


def _steps(objective: Objective, data: TrainingData, recorder: RunRecorder, first: int) -> int:
    """Train from step `first` to the end, and return how many steps were done."""
    config, fabric = objective.config, objective.fabric

    def make(number: int) -> Batch:
        return data.batches.batch(number, rank=fabric.global_rank, world=fabric.world_size)

    done = first
    numbers = {"start": first * config.accumulate, "stop": config.steps * config.accumulate}
    with Interrupt() as interrupt, Prefetcher(make, workers=config.workers, **numbers) as ready:
        try:
            for step in range(first, config.steps):
                if recorder.should_stop:
                    break
                batches = [placed(next(ready), config, fabric) for _ in range(config.accumulate)]
                losses = objective.train_step(batches, step=step)
                done, stopped = step + 1, interrupt.requested
                due = done % config.eval_every == 0 or done == config.steps
                logged = done % 10 == 0 or due or stopped
                if logged or fabric.device.type == "cpu":  # elsewhere looking at a number means waiting for it
                    recorder.losses(done, losses, log=logged)
                if due:
                    recorder.validate(done)
                if due or stopped:
                    recorder.save(done)
                recorder.progress(done)
                if stopped:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:  # the one above, or a second Ctrl-C
            recorder.interrupted(done)
            raise
    return done


class Interrupt:
    """Lets the step at hand be finished: the first Ctrl-C (or SIGTERM) only sets `requested`; a second one acts as usual."""

    def __init__(self) -> None:
        self.requested = False
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._request)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}


def _begun(
    out: str | os.PathLike[str],
    config: TrainConfig,
    data: TrainingData,
    fabric: Fabric,
    init: str | None,
    threads: int,
    closing: contextlib.ExitStack,
) -> Run:
    # With several processes the first one makes the folders.
    if fabric.is_global_zero:
        closing.enter_context(directory.locked(out))
        directory.begin(out, config, data, init=init, threads=threads)
    fabric.barrier()
    return Run(Path(out))


def _loaded(run: Run, objective: Objective) -> dict[str, Any] | None:
    found = checkpoints(run.checkpoints)
    return load_checkpoint(found[-1], objective) if found else None
