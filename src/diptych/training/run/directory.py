"""The run directory: config, log, samples, checkpoints and the best generator of one training.

::

    RUN/
      config.toml          the settings, as they were used
      run.json             data fingerprints, the recipes before the network, versions
      log.jsonl            one line for each entry of the log: losses, validations, what happened
      samples/             contact sheets: input, preprocessed, output, and back again
      checkpoints/         the last ones; a run that is resumed goes on from the newest
      tensorboard/         the log once more, if TensorBoard is installed
      report.html          how it went, with pictures and curves
      best.safetensors     the best generator with its recipes: what `diptych export` takes
      .lock                locked while a training writes here
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diptych import __version__
from diptych.core.errors import ParameterError, TrainingError
from diptych.core.locks import try_lock
from diptych.photo import atomic_write, sweep_temporary, write_error
from diptych.recipes import Recipe
from diptych.training.config import TrainConfig, from_dict, read_file
from diptych.training.data import TrainingData

_LOCK = ".lock"
_FREE = ("workers", "cache", "keep_checkpoints")  # settings that change nothing in the result


@dataclass(frozen=True)
class Run:
    """A run directory. Make one with `begin`, or open one with `resume`.

    Attributes
    ----------
    path : Path
        The directory.
    """

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

    @property
    def preprocess(self) -> Recipe:
        """The steps before the network."""
        text = _read_metadata(self.path).get("preprocess")
        return Recipe.from_toml(text, source=str(self.path / "run.json")) if text else Recipe()

    @property
    def threads(self) -> int | None:
        """How many threads torch computed with when the run began; None if that is not known."""
        found = _read_metadata(self.path).get("threads")
        return found if isinstance(found, int) and 0 < found <= 1024 else None

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries of the log; what a kill, a full disk or a power cut has left of a line is passed over."""
        try:
            lines = self.log.read_bytes().splitlines()
        except OSError:
            return []
        return [entry for line in lines if (entry := _entry(line)) is not None]

    def validations(self) -> list[dict[str, Any]]:
        """Return the validations, oldest first."""
        return [entry for entry in self.entries() if entry["event"] == "validation"]

    def write_log(self, entry: dict[str, Any]) -> None:
        """Add an entry to the log."""
        try:
            with open(self.log, "a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise write_error(self.log, error) from None

    def cut_log(self, *, after: int) -> None:
        """Take out what was logged after a step, which is about to be done again."""
        kept = [json.dumps(entry) for entry in self.entries() if entry.get("step", 0) <= after]
        atomic_write(self.log, "".join(line + "\n" for line in kept).encode(), overwrite=True)


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("event"), str) else None


@contextlib.contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[None]:
    """Keep other trainings out of a run directory, which is made if it is not there, for as long as the context lasts.

    Raises
    ------
    TrainingError
        If another training is writing to it, or it cannot be written to.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
        handle = os.open(Path(path) / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise TrainingError(f"{path}: cannot be a run directory: {error.strerror}; give another folder") from None
    try:
        if try_lock(handle) == "taken":
            raise TrainingError(
                f"{path}: another training is writing to it; wait for it, end it, or give another folder"
            )
        yield
    finally:
        os.close(handle)


def check_outside(path: str | os.PathLike[str], *folders: str | os.PathLike[str]) -> None:
    """Refuse a run directory in a folder of pictures: what is written there would be taken for pictures of the folder.

    Raises
    ------
    ParameterError
        If it is one of the folders, or lies in one.
    """
    inner = Path(path).resolve()
    for folder in folders:
        if Path(folder).resolve() in (inner, *inner.parents):
            raise ParameterError(
                f"{path}: the run directory lies in the folder of pictures {folder}; give another folder"
            )


def check_new(path: str | os.PathLike[str]) -> None:
    """Refuse a directory that something is in; what is left of a run that was killed while it was made is nothing.

    Raises
    ------
    TrainingError
        If there is something in it already, or it is a file.
    """
    folder = Path(path)
    try:
        names = {one.name for one in folder.iterdir()}
    except FileNotFoundError:
        return
    except OSError as error:
        raise TrainingError(f"{path}: cannot be a run directory: {error.strerror}; give another folder") from None
    names = {name for name in names if name != _LOCK and not (name.startswith(".diptych-") and name.endswith(".tmp"))}
    if not names:
        return
    folders = [folder / "checkpoints", folder / "samples"]
    made_by_us = names <= {"checkpoints", "samples", "config.toml"} and all(one.is_dir() for one in folders)
    if not made_by_us or any(list(one.iterdir()) for one in folders):
        raise TrainingError(f"{path}: is not empty; {_next(folder)}")


def _next(folder: Path) -> str:
    return (
        "go on with `resume=True`, or give another folder" if (folder / "run.json").exists() else "give another folder"
    )


def begin(
    path: str | os.PathLike[str], config: TrainConfig, data: TrainingData, *, threads: int, init: str | None = None
) -> Run:
    """Make a new run directory; `init` is the fingerprint of the file that its first weights come from.

    `threads` is how many torch computes with.

    Raises
    ------
    TrainingError
        If there is something in it already.
    """
    check_new(path)
    run = Run(Path(path))
    try:
        for folder in (run.path, run.checkpoints, run.samples):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"{path}: cannot be a run directory: {error.strerror}; give another folder") from None
    atomic_write(run.path / "config.toml", config.to_toml().encode(), overwrite=True)
    metadata = {
        "format": 1,
        "version": __version__,
        "fingerprint": data.fingerprint,
        "init": init,
        "threads": threads,
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
    metadata = _read_metadata(run.path)
    if not metadata:
        raise TrainingError(f"{path}: is not a run directory; leave `resume` out to begin a new run")
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


def _read_metadata(path: Path) -> dict[str, Any]:
    try:
        found = json.loads((path / "run.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of tables as settings of their own, ``forward.width``."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= {f"{name}.{key}": one for key, one in value.items()} if isinstance(value, dict) else {name: value}
    return flat


def _check_init(run: Run, then: str | None, now: str | None) -> None:
    if now is not None and now != then:
        begun = "other weights" if then else "fresh weights"
        raise TrainingError(f"{run.path}: the run began with {begun}, not with those of `init`; leave it out")
    if then and now is None and not any(run.checkpoints.glob("step-*.safetensors")):
        raise TrainingError(
            f"{run.path}: the run began with `init` and has no checkpoint yet; give the same file again"
        )
