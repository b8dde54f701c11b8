"""Progress bars and messages on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

import typer

from diptych.cli.interrupt import check

T = TypeVar("T")

SECONDS = 30.0
"""Between two lines on the progress, where there is no terminal to show a bar."""


def track(results: Iterable[T], total: int, description: str, quiet: bool = False) -> Iterator[T]:
    """Yield the results and show a progress bar on standard error; a line twice a minute where that is not a terminal."""
    results = _interruptible(results)
    if quiet:
        yield from results
        return
    if not sys.stderr.isatty():
        yield from _in_lines(results, total, description)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(description), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(description, total=total)
        for result in results:
            yield result
            progress.advance(task)


def _interruptible(results: Iterable[T]) -> Iterator[T]:
    # What a picture's failure was may have been Ctrl-C.
    for result in results:
        check()
        yield result
        check()


def _in_lines(results: Iterable[T], total: int, description: str) -> Iterator[T]:
    begun = told = time.monotonic()
    for count, result in enumerate(results, 1):
        yield result
        now = time.monotonic()
        if now - told >= SECONDS and count < total:
            told = now
            rate = count / (now - begun)
            note(f"{description}: {count} of {total}, {rate:.2g} a second, {duration((total - count) / rate)} left")


def duration(seconds: float) -> str:
    """Return a duration to be read.

    >>> duration(8), duration(190), duration(7400), duration(200_000)
    ('8 s', '3 min', '2 h 3 min', '55 h 33 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def note(text: str) -> None:
    """Print a line for the user on standard error; control characters, as file names may have them, are shown as escapes."""
    typer.echo(printable(text), err=True)


def printable(text: str) -> str:
    r"""Return a text whose control characters are written as escapes, so that no file name acts on a terminal.

    >>> print(printable("night\x1b[2J\n.png"))
    night\x1b[2J\n.png
    """
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
