"""How ``diptych train`` shows the log of a run while it is written."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import typer

from diptych.cli.progress import note
from diptych.cli.training_lines import lines_of


def shown(steps: int, as_json: bool) -> _Display:
    """Return what shows the entries of a training of so many steps: JSON, a bar on a terminal, or plain lines."""
    if as_json:
        return _Display(lambda entry: None if entry["event"] == "progress" else typer.echo(json.dumps(entry)))
    if sys.stderr.isatty():
        return _Bar(steps)
    return _Display(_plain)


class _Display:
    """Shows entries of the log; a context manager."""

    def __init__(self, show: Callable[[dict[str, Any]], None]) -> None:
        self._show = show

    def __enter__(self) -> Callable[[dict[str, Any]], None]:
        return self._show

    def __exit__(self, *error: object) -> None:
        return


class _Bar(_Display):
    """A progress bar with losses and speed; validations and what else happens are printed above it."""

    def __init__(self, steps: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("", total=steps)
        super().__init__(self._advance)

    def __enter__(self) -> Callable[[dict[str, Any]], None]:
        self._progress.start()
        return self._show

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def _advance(self, entry: dict[str, Any]) -> None:
        if entry["event"] == "progress":
            self._progress.update(self._task, completed=entry["step"], total=entry["steps"])
        elif entry["event"] == "losses":
            text = " ".join(f"{_short(name)} {value:.3f}" for name, value in entry["losses"].items())
            text = f"{entry['images_per_second']:.1f} images/s  {text}"
            self._progress.update(self._task, completed=entry["step"], description=text)
        else:
            for line in lines_of(entry):
                self._progress.console.print(line, markup=False, highlight=False)


def _short(name: str) -> str:
    kind, _, part = name.partition(".")
    return kind[:5] + (f".{part[0]}" if part else "")


def _plain(entry: dict[str, Any]) -> None:
    for line in lines_of(entry):
        note(line)
