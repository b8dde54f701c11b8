"""What ``score`` and ``compare`` share: how a report is printed and written, and the exit code."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import typer

from diptych.cli.progress import note, track
from diptych.core.errors import ParameterError

if TYPE_CHECKING:
    from diptych.evaluation import Report
    from diptych.metrics import NiqeModel

GALLERY = 40
"""Of so many images, the worst, an HTML report shows pictures."""

_WORST = 5


@dataclass(frozen=True)
class Output:
    """How the report was asked for."""

    as_json: bool
    as_markdown: bool
    html: str | None
    overwrite: bool

    def check(self) -> None:
        """Refuse what cannot be written, before any work."""
        if self.as_json and self.as_markdown:
            raise ParameterError("--json and --markdown exclude each other; give one of them")
        if self.html is not None:
            from diptych.photo import check_target

            check_target(self.html, overwrite=self.overwrite)

    @property
    def gallery(self) -> int:
        """Of how many images the report needs pictures."""
        return GALLERY if self.html is not None else 0

    def finish(self, report: Report, command: Sequence[str]) -> None:
        """Write and print the report; leave with exit code 1 if something could not be measured."""
        report = replace(report, provenance=replace(report.provenance, command=shlex.join(["diptych", *command])))
        if self.html is not None:
            from diptych.photo import atomic_write

            atomic_write(self.html, report.to_html().encode(), overwrite=self.overwrite)
            note(f"wrote {self.html}")
        if self.as_json or self.as_markdown:
            typer.echo(report.to_json() if self.as_json else report.to_markdown(), nl=self.as_json)
        else:
            _print(report)
        for problem in report.problems:
            note(f"failed: {problem}")
        for missing in report.missing:
            note(f"left out: {missing.image}: {missing.reason}")
        if report.problems:
            raise typer.Exit(1)


def watched(describe: str, quiet: bool) -> Callable[[Sequence[Any]], Iterable[Any]]:
    """Return what shows how far an evaluation is."""
    return lambda items: track(items, len(items), describe, quiet=quiet)


def split_names(text: str | None) -> list[str] | None:
    """Split ``psnr,ssim`` into names; None stays None.

    >>> split_names("psnr, ssim")
    ['psnr', 'ssim']
    """
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def load_model(path: str | None) -> NiqeModel | None:
    """Return the NIQE model in a file; None, which stands for the one of the package, for None."""
    if path is None:
        return None
    from diptych.metrics import NiqeModel

    return NiqeModel.load(path)


def options(**values: str | None) -> list[str]:
    """Return the options that were given, as they are typed.

    >>> options(reference="good", niqe_model=None)
    ['--reference', 'good']
    """
    given = {name: value for name, value in values.items() if value is not None}
    return [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", value)]


def _print(report: Report) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    console.print(_scores(report))
    for verdict in report.verdicts:
        console.print(f"{report.column(verdict.key).label}: {verdict.text}")
    if len(report.images) > 1:
        worst = report.images[:_WORST]
        console.print(_images(report, worst, f"the worst by {report.columns[0].label}"))
    for text in report.notes:
        console.print(text, style="dim")


def _scores(report: Report) -> Any:
    """Return a row for each metric and entry: narrow enough for any terminal."""
    from diptych.evaluation.as_markdown import seconds
    from diptych.evaluation.numbers import bounds_of, decimals_for, mean_of

    rows = []
    for column, head in zip(report.columns, _heads(report), strict=True):
        places = decimals_for(column, report.summaries)
        for index, entry in enumerate(report.entries):
            one = report.summary(entry.name, column.key)
            count = str(one.count + one.infinite)
            rows.append(["" if index else head, entry.name, mean_of(one, places), bounds_of(one, places), count])
    timed = [entry for entry in report.entries if entry.seconds_per_megapixel is not None]
    for index, entry in enumerate(timed):
        rows.append(["" if index else "s per megapixel ↓", entry.name, seconds(entry.seconds_per_megapixel), "", ""])
    return _table(None, ["", "", "mean", "95 % interval", "images"], rows, names=2)


def _images(report: Report, images: Sequence[str], title: str) -> Any:
    from diptych.evaluation.numbers import decimals_for, number

    shown = [
        (column, head) for column, head in zip(report.columns, _heads(report), strict=True) if not column.mean_matched
    ]
    rows = [
        [
            row.image,
            row.entry,
            *(number(row.values.get(one.key), decimals_for(one, report.summaries)) for one, _ in shown),
        ]
        for row in report.rows
        if row.image in images
    ]
    return _table(title, ["image", "", *(head for _, head in shown)], rows, names=2)


def _heads(report: Report) -> list[str]:
    from diptych.evaluation.as_markdown import header

    return header(report)


def _table(title: str | None, heads: Sequence[str], rows: Iterable[Sequence[str]], names: int) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for index, head in enumerate(heads):
        table.add_column(Text(head), justify="left" if index < names else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
