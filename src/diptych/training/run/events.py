"""What happens around the loop: log, validation, checkpoints, the best generator, the end."""

from __future__ import annotations

import contextlib
import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from diptych import __version__
from diptych.core.errors import ImageError
from diptych.core.image import Image
from diptych.photo import write, write_error
from diptych.recipes import Recipe
from diptych.training.data import TrainingData
from diptych.training.generator_file import TrainedGenerator, load_generator, save_generator
from diptych.training.objectives.base import Losses, Objective
from diptych.training.run.checkpoint import save_checkpoint
from diptych.training.run.directory import Run
from diptych.training.run.report import write_page
from diptych.training.run.rollback import Rollback, drifted
from diptych.training.run.samples import sample_grid
from diptych.training.validation.early_stopping import EarlyStopping

OnEvent = Callable[[dict[str, Any]], None]

_ROWS = 4  # of a contact sheet
_FIRST_SHEET = 10  # step of the first contact sheet, where the first validation is much later
_PROGRESS = 30.0  # seconds between two entries on the progress


class RunRecorder:
    """Writes what a run leaves behind, and says when to stop. With several processes only the first one writes."""

    def __init__(self, run: Run, objective: Objective, data: TrainingData, on_event: OnEvent | None) -> None:
        self.run = run
        self.config = objective.config
        self.data = data
        self.objective = objective
        self.should_stop = False
        self._on_event = on_event
        self._first = objective.fabric.is_global_zero
        self._stopping = EarlyStopping(patience=self.config.patience)
        self._rollback = Rollback(run, objective)
        self._evaluator = objective.evaluator(data)
        self._tensorboard = TensorBoard(run.path / "tensorboard") if self._first else None
        self._since = (time.perf_counter(), 0)
        self._begun = self._told = self._since
        self._named: set[str] = set()

    def resume(self, state: dict[str, Any] | None) -> int:
        """Take up the state of a checkpoint, if there is one; return its step."""
        state = state or {"step": 0}
        step = int(state["step"])
        if "early_stopping" in state:
            self._stopping = EarlyStopping.from_state(state["early_stopping"])
            self.should_stop = self._stopping.should_stop
        self._rollback.resume(state)
        if self._first:
            self.run.cut_log(after=step)
        return step

    def begin(self, step: int, *prepared: dict[str, Any] | None) -> None:
        """Log the beginning, and the entries of the preparation."""
        self._since = self._begun = self._told = (time.perf_counter(), step)
        pictures = {name: len(folder) for name, folder in self.data.folders.items()}
        pictures["held_out"] = len(self.data.held_source)
        threads = {"threads": torch.get_num_threads()} if self.objective.fabric.device.type == "cpu" else {}
        self._write({"event": "begin", "step": step, "steps": self.config.steps, "pictures": pictures, **threads})
        for entry in prepared:
            if entry:
                self._write({**entry, "step": step})

    def losses(self, step: int, losses: Losses, *, log: bool) -> None:
        """Go back if the losses of a step are no numbers; otherwise log them, with the speed since the last time, if asked."""
        broken = [name for name, loss in losses.items() if not math.isfinite(float(loss))]
        broken = self.objective.fabric.broadcast(broken)
        if broken:
            self.roll_back(step, f"the loss {' and '.join(broken)} is no longer a number")
        if broken or not log:
            return
        speed = self._speed(step, self._since)
        self._since = (time.perf_counter(), step)
        values = {name: round(float(loss), 6) for name, loss in losses.items()}
        self._write({"event": "losses", "step": step, "losses": values, "images_per_second": speed})
        for name, reason in self.data.skipped.items():
            if name not in self._named:
                self._named.add(name)
                self._write({"event": "skipped", "step": step, "picture": name, "reason": reason})

    def progress(self, step: int) -> None:
        """Tell how far the run is, after its first step and then twice a minute, and show the first pictures early."""
        if step == _FIRST_SHEET and 2 * step <= self.config.eval_every and self._first:
            self._show_sheet(step)
        now, (then, last) = time.perf_counter(), self._told
        if not (self._first and self._on_event) or (now - then < _PROGRESS and last != self._begun[1]):
            return
        left = (now - self._begun[0]) / (step - self._begun[1]) * (self.config.steps - step)
        numbers = {"images_per_second": self._speed(step, self._told), "seconds_left": round(left)}
        self._told = (now, step)
        self._on_event({"event": "progress", "step": step, "steps": self.config.steps, **numbers})

    def _speed(self, step: int, since: tuple[float, int]) -> float:
        then, last = since
        pictures = (step - last) * self.config.batch * self.config.accumulate * self.objective.fabric.world_size
        return round(pictures / max(time.perf_counter() - then, 1e-9), 3)

    def interrupted(self, step: int) -> None:
        """Leave a generator, if no validation has found one that is of use."""
        if self._first and step and self._best_step is None:
            save_generator(self.run.best, self.generator(step), overwrite=True)
        left = step if self._best_step is None else self._best_step
        self._write({"event": "interrupted", "step": step, "generator": left})

    def first_result(self) -> None:
        """Look at what a painter is to improve on, and keep it: a run may have to go back to it."""
        if self.config.paints and self.config.forward.residual:
            self.validate(0)
            self.save(0)

    def validate(self, step: int) -> None:
        """Look at the held-out pictures; keep the generator if it is the best so far, and go back if it is far from it."""
        astray = self._looked_at(step) if self._first else ""
        self.should_stop, astray = self.objective.fabric.broadcast((self.should_stop, astray))
        if astray:
            self.roll_back(step, astray, astray=True)
        else:
            self._rollback.went_well()
        self._since = (time.perf_counter(), step)

    def _looked_at(self, step: int) -> str:
        """Validate; return why the run should go back, if it should."""
        try:
            found = self._evaluator.evaluate(step)
        except ImageError as error:  # what is no number is no image
            if not self.config.paints:
                raise
            return f"the outputs are no pictures any more ({error})"
        best = self._stopping.best
        # How long it took is for the log alone: a checkpoint says the same however often a run was stopped.
        if self._stopping.update(replace(found, seconds=0.0)):
            save_generator(self.run.best, self.generator(step), overwrite=True)
        self.should_stop = self._stopping.should_stop
        self._show_sheet(step)
        self._write({"event": "validation", "best": self._best_step, **found.as_dict()})
        return drifted(found, best) if self.config.paints else ""

    def roll_back(self, step: int, reason: str, *, astray: bool = False) -> None:
        """Go back to the last good weights, and log it. Raises `TrainingError` if that cannot be done."""
        self._write(self._rollback.back(step, reason, astray=astray))

    def _show_sheet(self, step: int) -> None:
        sheet = sample_grid(self._evaluator.rows(count=_ROWS))
        write(self.run.samples / f"step-{step:09d}.png", sheet, overwrite=True)
        if self._tensorboard:
            self._tensorboard.picture("samples", sheet, step)

    def save(self, step: int) -> None:
        """Write a checkpoint."""
        if self._first:
            state = {"step": step, "early_stopping": self._stopping.state(), **self._rollback.state()}
            # One that was written because of Ctrl-C is in the place of none: the run may have to go back to the one before.
            keep = self.config.keep_checkpoints if step % self.config.eval_every == 0 else 0
            save_checkpoint(self.run.checkpoints, self.objective, state=state, keep=keep)
        self.objective.fabric.barrier()

    def end(self, step: int) -> None:
        """Give the chosen generator the postprocessing that its own outputs call for."""
        if self._first:
            last = self.config.choose == "last"
            generator = self.generator(step) if last or self._best_step is None else load_generator(self.run.best)
            chosen = step if last else self._best_step
            # The first result was chosen among recipes that end with such steps, too.
            postprocess = self.objective.propose_postprocess(generator, self.data) if chosen != 0 else Recipe()
            save_generator(self.run.best, replace(generator, postprocess=postprocess), overwrite=True)
            steps = [str(part) for part in postprocess.steps]
            self._write({"event": "end", "step": step, "best": chosen, "postprocess": steps})
            write_page(self.run)
        if self._tensorboard:
            self._tensorboard.close()
        self.objective.fabric.barrier()

    def generator(self, step: int) -> TrainedGenerator:
        """Return the averaged forward generator as it is now."""
        provenance = {
            "step": step,
            "settings": self.config.to_dict(),
            "fingerprint": self.data.fingerprint,
            "version": __version__,
            "torch": torch.__version__,
        }
        module, preprocess = self.objective.generator, self.data.preprocess[0]
        name = self.run.path.resolve().name
        return TrainedGenerator(self.config.forward, module, preprocess, Recipe(), provenance, name)

    @property
    def _best_step(self) -> int | None:
        return self._stopping.best.step if self._stopping.best else None

    def _write(self, entry: dict[str, Any]) -> None:
        if not self._first:
            return
        self.run.write_log(entry)
        if self._tensorboard:
            self._tensorboard.numbers(entry)
        if self._on_event:
            self._on_event(entry)


class TensorBoard:
    """Writes numbers and pictures for TensorBoard; does nothing where TensorBoard is missing."""

    def __init__(self, folder: Path) -> None:
        self._writer: Any = None
        self._folder = folder
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of TensorBoard's own imports
                from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self._writer = SummaryWriter(str(folder))

    def numbers(self, entry: dict[str, Any]) -> None:
        """Add every number of an entry of the log."""
        if self._writer is None or entry["event"] not in ("losses", "validation"):
            return
        values = entry["losses"] | {"images_per_second": entry["images_per_second"]} if "losses" in entry else entry
        with self._said():
            for name, value in values.items():
                if isinstance(value, float):
                    self._writer.add_scalar(f"{entry['event']}/{name}", value, entry["step"])

    def picture(self, name: str, image: Image, step: int) -> None:
        """Add a picture ``(H, W, C)``."""
        if self._writer is not None:
            with self._said():
                self._writer.add_image(name, image, step, dataformats="HWC")

    def close(self) -> None:
        """Write out what is buffered."""
        if self._writer is not None:
            with self._said():
                self._writer.close()

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise write_error(self._folder, error) from None
