"""A progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

import typer

T = TypeVar("T")


def track(results: Iterable[T], total: int, describe: str, quiet: bool = False) -> Iterator[T]:
    """Yield the results and show how far they are, on the error stream so that output can be piped."""
    if quiet or not sys.stderr.isatty():
        yield from results
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(describe), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(describe, total=total)
        for result in results:
            yield result
            progress.advance(task)


def note(text: str) -> None:
    """Print one line for the person at the terminal, on the error stream."""
    typer.echo(text, err=True)
