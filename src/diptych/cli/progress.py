"""Progress bars and messages on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

import typer

T = TypeVar("T")


def track(results: Iterable[T], total: int, description: str, quiet: bool = False) -> Iterator[T]:
    """Yield the results and show a progress bar on standard error, unless it is not a terminal."""
    if quiet or not sys.stderr.isatty():
        yield from results
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(description), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(description, total=total)
        for result in results:
            yield result
            progress.advance(task)


def note(text: str) -> None:
    """Print a line for the user on standard error."""
    typer.echo(text, err=True)
