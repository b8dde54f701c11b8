"""The training loop: what a run does, on a page."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from diptych.core.errors import TrainingError
from diptych.data import Prefetcher
from diptych.training import run as runs
from diptych.training.checkpoint import checkpoints, load_checkpoint
from diptych.training.config import CycleGANConfig
from diptych.training.domains import Batch, Domains, open_domains
from diptych.training.fabric import launched
from diptych.training.interrupting import Interrupt
from diptych.training.objectives import make_game
from diptych.training.objectives.initial import begin_from, fingerprint_of
from diptych.training.observing import Observer
from diptych.training.playing import Losses, Playable, Tensors

OnEvent = Callable[[dict[str, Any]], None]


def train(
    config: CycleGANConfig,
    *,
    source: str | os.PathLike[str] | None = None,
    target: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str],
    init: str | os.PathLike[str] | None = None,
    resume: bool = False,
    on_event: OnEvent | None = None,
) -> runs.Run:
    """Train a generator without pairs: from source to target, or from what a single folder teaches.

    Parameters
    ----------
    config : CycleGANConfig
        The settings.
    source, target : path
        Folders of the pictures to improve, and of pictures as they should look; searched deeply, no pairs. With
        ``config.objective = "self"`` there is a source alone, with ``"refine"`` a target alone.
    out : path
        The run directory: new, or with `resume` one to go on with.
    init : path, optional
        A generator file, or a run directory, to take the first weights of `forward` from, and those of the way back where
        they fit (see `diptych.training.objectives.initial`). A run that goes on needs it only before its first checkpoint.
    resume : bool
        Go on from the newest checkpoint. On a CPU the result is then, byte for byte, that of a run without a stop.
    on_event : callable, optional
        Called with each entry of the log as it is written: ``begin``, ``init``, ``camera``, ``losses``, ``validation``,
        ``skipped``, ``end``.

    Returns
    -------
    Run
        The run directory; its `best` is the generator file.

    Raises
    ------
    ParameterError
        If a folder that the objective learns from is missing, or one is given besides.
    DataError
        If a folder cannot be trained on.
    TrainingError
        If the run directory is not empty, does not fit, or a loss is no longer a number.
    KeyboardInterrupt
        After Ctrl-C, when the step is done and its checkpoint written.

    Examples
    --------
    ``train(preset("quick"), source="dark", target="bright", out="runs/night")``
    """
    fabric = launched(config)
    domains = open_domains(config, source=source, target=target)
    game = make_game(config, fabric)
    begun_from = begin_from(game, init) if init is not None else None
    origin = fingerprint_of(init)
    run = runs.continued(out, config, domains, init=origin) if resume else _begun(out, config, domains, fabric, origin)
    observer = Observer(run, config, domains, game, on_event)
    first = observer.go_on(_loaded(run, game)) if resume else 0
    observer.begin(first, *((begun_from, game.prepare(domains)) if first == 0 else ()))

    def make(number: int) -> Batch:
        return domains.batch(number, size=config.batch, rank=fabric.global_rank, world=fabric.world_size)

    done = first
    numbers = {"start": first * config.accumulate, "stop": config.steps * config.accumulate}
    with Interrupt() as interrupt, Prefetcher(make, workers=config.workers, **numbers) as ready:
        for step in range(first, config.steps):
            if observer.should_stop:
                break
            batches = [_placed(next(ready), game) for _ in range(config.accumulate)]
            losses = game.play(batches, step=step)
            done, stopped = step + 1, interrupt.asked
            due = done % config.every == 0 or done == config.steps
            noted = done % 10 == 0 or due or stopped
            if noted or fabric.device.type == "cpu":  # elsewhere looking at a number means waiting for it
                _check(losses, done, run)
            if noted:
                observer.losses(done, losses)
            if due:
                observer.validate(done)
            if due or stopped:
                observer.save(done)
            if stopped:
                raise KeyboardInterrupt
    observer.end(done)
    return run


def _begun(
    out: str | os.PathLike[str], config: CycleGANConfig, domains: Domains, fabric: Fabric, init: str | None
) -> runs.Run:
    # With several processes the first one makes the folders.
    if fabric.is_global_zero:
        runs.begin(out, config, domains, init=init)
    fabric.barrier()
    return runs.Run(Path(out))


def _loaded(run: runs.Run, game: Playable) -> dict[str, Any]:
    found = checkpoints(run.checkpoints)
    return load_checkpoint(found[-1], game) if found else {"step": 0}


def _placed(batch: Batch, game: Playable) -> Tensors:
    layout = torch.channels_last if game.config.channels_last else torch.contiguous_format
    placed = [game.fabric.to_device(torch.from_numpy(part)) for part in batch]
    return tuple(part.contiguous(memory_format=layout) if part.ndim == 4 else part for part in placed)


def _check(losses: Losses, step: int, run: runs.Run) -> None:
    values = {name: float(loss) for name, loss in losses.items()}
    broken = [name for name, value in values.items() if not np.isfinite(value)]
    if broken:
        raise TrainingError(
            f"{run.path}: at step {step} the loss {' and '.join(broken)} is no longer a number; the last "
            f"checkpoint and the best generator are kept. Lower learning_rate, give precision = float32, or lower "
            f"the weight of {broken[0].partition('.')[0]}"
        )
