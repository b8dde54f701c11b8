"""What happens around the loop: log, validation, checkpoints, the best generator, the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from diptych import __version__
from diptych.photo import write
from diptych.recipes import Recipe
from diptych.training.board import Board
from diptych.training.checkpoint import save_checkpoint
from diptych.training.config import CycleGANConfig
from diptych.training.domains import Domains
from diptych.training.generator_file import TrainedGenerator, load_generator, save_generator
from diptych.training.playing import Losses, Playable
from diptych.training.run import Run
from diptych.training.run_page import write_page
from diptych.training.samples import sample_grid
from diptych.training.validation.early_stopping import EarlyStopping
from diptych.training.validation.evaluator import evaluator_for
from diptych.training.validation.postprocess import propose_postprocess

_SHOWN = 4  # rows of a contact sheet


class Observer:
    """Writes what a run leaves behind, and says when to stop. With several processes only the first one writes."""

    def __init__(
        self,
        run: Run,
        config: CycleGANConfig,
        domains: Domains,
        game: Playable,
        on_event: Callable[[dict[str, Any]], None] | None,
    ) -> None:
        self.run = run
        self.config = config
        self.domains = domains
        self.game = game
        self.should_stop = False
        self._on_event = on_event
        self._first = game.fabric.is_global_zero
        self._stopping = EarlyStopping(patience=config.patience)
        self._evaluator = evaluator_for(domains)
        self._board = Board(run.path / "tensorboard") if self._first else None
        self._since = (time.perf_counter(), 0)
        self._named: set[str] = set()

    def go_on(self, state: dict[str, Any]) -> int:
        """Take up the state of a checkpoint; return its step."""
        step = int(state["step"])
        if "early_stopping" in state:
            self._stopping = EarlyStopping.from_state(state["early_stopping"])
            self.should_stop = self._stopping.should_stop
        if self._first:
            self.run.cut_log(after=step)
        return step

    def begin(self, step: int, *prepared: dict[str, Any] | None) -> None:
        """Note the beginning, and what there is to say of the preparation."""
        self._since = (time.perf_counter(), step)
        folders = zip(self.domains.fingerprint, self.domains.samplers, strict=True)
        pictures = {name: len(sampler.folder) for name, sampler in folders}
        pictures["held_out"] = len(self.domains.held_source)
        self._write({"event": "begin", "step": step, "steps": self.config.steps, "pictures": pictures})
        for entry in prepared:
            if entry:
                self._write({**entry, "step": step})

    def losses(self, step: int, losses: Losses) -> None:
        """Note the losses of a step, with the speed since the last note."""
        now, (then, before) = time.perf_counter(), self._since
        pictures = (step - before) * self.config.batch * self.config.accumulate * self.game.fabric.world_size
        self._since = (now, step)
        values = {name: round(float(loss), 6) for name, loss in losses.items()}
        speed = round(pictures / max(now - then, 1e-9), 3)
        self._write({"event": "losses", "step": step, "losses": values, "images_per_second": speed})
        for name, reason in self.domains.skipped.items():
            if name not in self._named:
                self._named.add(name)
                self._write({"event": "skipped", "step": step, "picture": name, "reason": reason})

    def validate(self, step: int) -> None:
        """Look at the held-out pictures; keep the generator if it is the best so far."""
        if self._first:
            found = self._evaluator.evaluate(step, self.game)
            # How long it took is for the log alone: a checkpoint says the same however often a run was stopped.
            if self._stopping.update(replace(found, seconds=0.0)):
                save_generator(self.run.best, self.generator(step), overwrite=True)
            self.should_stop = self._stopping.should_stop
            sheet = sample_grid(self._evaluator.rows(self.game, count=_SHOWN))
            write(self.run.samples / f"step-{step:09d}.png", sheet, overwrite=True)
            self._write({"event": "validation", "best": self._best_step, **found.as_dict()})
            if self._board:
                self._board.picture("samples", sheet, step)
        self.should_stop = bool(self.game.fabric.broadcast(self.should_stop))
        self._since = (time.perf_counter(), step)

    def save(self, step: int) -> None:
        """Write a checkpoint."""
        if self._first:
            state = {"step": step, "early_stopping": self._stopping.state()}
            save_checkpoint(self.run.checkpoints, self.game, state=state, keep=self.config.keep)
        self.game.fabric.barrier()

    def end(self, step: int) -> None:
        """Give the best generator the classical step after it that its own outputs call for."""
        if self._first:
            generator = self._chosen(step)
            after = self._postprocess(generator)
            save_generator(self.run.best, replace(generator, after=after), overwrite=True)
            steps = [str(part) for part in after.steps]
            chosen = step if self.config.choose == "last" else self._best_step
            self._write({"event": "end", "step": step, "best": chosen, "after": steps})
            write_page(self.run)
        if self._board:
            self._board.close()
        self.game.fabric.barrier()

    def generator(self, step: int) -> TrainedGenerator:
        """Return the averaged forward generator as it is now."""
        provenance = {
            "step": step,
            "settings": self.config.to_dict(),
            "fingerprint": self.domains.fingerprint,
            "version": __version__,
            "torch": torch.__version__,
        }
        module = self.game.average_forward.module
        before = self.domains.before[0]
        return TrainedGenerator(self.config.forward, module, before, Recipe(), provenance, self.run.path.resolve().name)

    def _chosen(self, step: int) -> TrainedGenerator:
        last = self.config.choose == "last" or not self.run.best.exists()
        return self.generator(step) if last else load_generator(self.run.best)

    def _postprocess(self, generator: TrainedGenerator) -> Recipe:
        # A rendering has its own tones and its own denoiser; and without a target nothing says what is missing.
        if self.config.has_camera or not self.domains.held_wanted:
            return Recipe()
        outputs = [generator.draw(picture) for picture in self.domains.held_source]
        return propose_postprocess(outputs, self.domains.held_wanted, sources=self.domains.held_source)

    @property
    def _best_step(self) -> int | None:
        return self._stopping.best.step if self._stopping.best else None

    def _write(self, entry: dict[str, Any]) -> None:
        if not self._first:
            return
        self.run.write_log(entry)
        if self._board:
            self._board.numbers(entry)
        if self._on_event:
            self._on_event(entry)
