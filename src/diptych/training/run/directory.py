"""The run directory: config, log, samples, checkpoints and the best generator of one training.

::

    RUN/
      config.toml          the settings, as they were used
      run.json             data fingerprints, the recipes before the network, versions
      log.jsonl            one line for each entry of the log: losses, validations, what happened
      samples/             contact sheets: input, preprocessed, output, and back again
      checkpoints/         the last ones; --resume goes on from the newest
      tensorboard/         the log once more, if TensorBoard is installed
      report.html          how it went, with pictures and curves
      best.safetensors     the best generator with its recipes: what `diptych export` takes
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diptych import __version__
from diptych.core.errors import TrainingError
from diptych.photo import atomic_write, sweep_temporary
from diptych.training.config import TrainConfig, from_dict, read_file
from diptych.training.data import TrainingData

_FREE = ("workers", "cache", "keep_checkpoints")  # settings that change nothing in the result


@dataclass(frozen=True)
class Run:
    """A run directory. Make one with `begin`, or open one with `resume`."""

    path: Path

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        """Folder of the contact sheets."""
        return self.path / "samples"

    @property
    def best(self) -> Path:
        """The file of the best generator."""
        return self.path / "best.safetensors"

    @property
    def log(self) -> Path:
        """The file of the log."""
        return self.path / "log.jsonl"

    @property
    def config(self) -> TrainConfig:
        """The settings of the run."""
        file = self.path / "config.toml"
        return from_dict(read_file(file), source=str(file))

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries of the log."""
        try:
            lines = self.log.read_text("utf-8").splitlines()
        except OSError:
            return []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def validations(self) -> list[dict[str, Any]]:
        """Return the validations, oldest first."""
        return [entry for entry in self.entries() if entry["event"] == "validation"]

    def write_log(self, entry: dict[str, Any]) -> None:
        """Add an entry to the log."""
        with open(self.log, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def cut_log(self, *, after: int) -> None:
        """Take out what was logged after a step, which is about to be done again."""
        kept = [json.dumps(entry) for entry in self.entries() if entry.get("step", 0) <= after]
        atomic_write(self.log, "".join(line + "\n" for line in kept).encode(), overwrite=True)


def begin(path: str | os.PathLike[str], config: TrainConfig, data: TrainingData, *, init: str | None = None) -> Run:
    """Make a new run directory; `init` is the fingerprint of the file that its first weights come from.

    Raises
    ------
    TrainingError
        If there is something in it already.
    """
    run = Run(Path(path))
    try:
        if run.path.exists() and any(run.path.iterdir()):
            raise TrainingError(f"{path}: is not empty; go on with --resume, or give another folder")
        for folder in (run.path, run.checkpoints, run.samples):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"{path}: cannot be a run directory: {error.strerror}; give another folder") from None
    atomic_write(run.path / "config.toml", config.to_toml().encode())
    metadata = {
        "format": 1,
        "version": __version__,
        "fingerprint": data.fingerprint,
        "init": init,
        "preprocess": data.preprocess[0].to_toml(),
        "target_preprocess": data.preprocess[1].to_toml(),
    }
    atomic_write(run.path / "run.json", json.dumps(metadata, indent=1).encode())
    return run


def resume(path: str | os.PathLike[str], config: TrainConfig, data: TrainingData, *, init: str | None = None) -> Run:
    """Open a run directory to go on with it.

    Raises
    ------
    TrainingError
        If it is none, or its settings or pictures are not the same; the difference is named.
    """
    run = Run(Path(path))
    try:
        metadata = json.loads((run.path / "run.json").read_text("utf-8"))
    except (OSError, ValueError):
        raise TrainingError(f"{path}: is not a run directory; leave --resume out to begin one") from None
    old, new = _flat(run.config.to_dict()), _flat(config.to_dict())
    for name, value in new.items():
        if name not in _FREE and old.get(name) != value:
            was = old.get(name, "not there")
            raise TrainingError(f"{path}: {name} was {was}, now {value}; give what it was, or begin a new run")
    for side, fingerprint in data.fingerprint.items():
        if metadata.get("fingerprint", {}).get(side) != fingerprint:
            raise TrainingError(
                f"{path}: the pictures of the {side} folder have changed; restore them, or begin a new run"
            )
    _check_init(run, metadata.get("init"), init)
    for folder in (run.path, run.checkpoints, run.samples):
        sweep_temporary(folder)  # what a killed run has left
    return run


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of tables as settings of their own, ``forward.width``."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= {f"{name}.{key}": one for key, one in value.items()} if isinstance(value, dict) else {name: value}
    return flat


def _check_init(run: Run, then: str | None, now: str | None) -> None:
    if now is not None and now != then:
        begun = "other weights" if then else "fresh weights"
        raise TrainingError(f"{run.path}: the run began with {begun}, not with those of --init; leave it out")
    if then and now is None and not any(run.checkpoints.glob("step-*.safetensors")):
        raise TrainingError(
            f"{run.path}: the run began with --init and has no checkpoint yet; give the same file again"
        )
