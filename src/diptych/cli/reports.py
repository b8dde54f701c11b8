"""Shared by ``score`` and ``compare``: their options, printing and writing a report, and the exit code."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diptych.cli.arguments import in_options
from diptych.cli.progress import note, printable, track
from diptych.core.errors import ParameterError

if TYPE_CHECKING:
    from diptych.evaluation import Report
    from diptych.metrics import NiqeModel

Reference = Annotated[
    str | None, typer.Option(metavar="REF", help="What they should look like: files of the same names, or one file.")
]
MetricNames = Annotated[
    str | None,
    typer.Option(
        metavar="NAME,NAME", help="See `diptych list metrics`. [default: psnr,ssim,niqe; niqe,noise without REF]"
    ),
]
NiqeModelFile = Annotated[str | None, typer.Option(metavar="FILE", help="A NIQE model made by `diptych fit-niqe`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown.")]
HtmlFile = Annotated[str | None, typer.Option(metavar="FILE", help="Write a self-contained page with the pictures.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the page if it exists.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the bootstrap intervals.")]

GALLERY = 40
"""Number of images, the worst ones, whose pictures an HTML report shows."""

_WORST = 5


@dataclass(frozen=True)
class Output:
    """The wanted forms of the report."""

    as_json: bool
    as_markdown: bool
    html: str | None
    overwrite: bool

    def check(self) -> None:
        """Raise if the report could not be written, before any work is done."""
        if self.as_json and self.as_markdown:
            raise ParameterError("--json and --markdown exclude each other; give one of them")
        if self.html is not None:
            from diptych.photo import check_target

            check_target(self.html, overwrite=self.overwrite)

    @property
    def gallery(self) -> int:
        """Number of images whose pictures the report needs."""
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
            note(f"failed: {in_options(str(problem))}")
        for file in report.unpaired:
            note(f"left out: {file.image}: {file.reason}")
        if report.problems:
            raise typer.Exit(1)


def progress_bar(describe: str, quiet: bool) -> Callable[[Sequence[Any]], Iterable[Any]]:
    """Return a function that shows the progress of an evaluation."""
    return lambda items: track(items, len(items), describe, quiet=quiet)


def split_names(text: str | None) -> list[str] | None:
    """Split ``psnr,ssim`` into names; None stays None.

    >>> split_names("psnr, ssim")
    ['psnr', 'ssim']
    """
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def load_model(path: str | None) -> NiqeModel | None:
    """Return the NIQE model in a file; None, which means the one in the package, for None."""
    if path is None:
        return None
    from diptych.metrics import NiqeModel

    return NiqeModel.load(path)


def options(**values: str | None) -> list[str]:
    """Return the given options as they are typed.

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
    """Return a row for each metric and candidate: narrow enough for any terminal."""
    from diptych.evaluation.formatting import bounds, heading, number, seconds

    rows = []
    for column in report.columns:
        decimals = report.decimals(column.key)
        for index, candidate in enumerate(report.candidates):
            one = report.summary(candidate.name, column.key)
            printed = [number(one.mean, decimals), bounds(one, decimals), str(one.count + one.infinite)]
            rows.append(["" if index else heading(column), candidate.name, *printed])
    timed = [candidate for candidate in report.candidates if candidate.seconds_per_megapixel is not None]
    for index, candidate in enumerate(timed):
        time = seconds(candidate.seconds_per_megapixel)
        rows.append(["" if index else "s per megapixel ↓", candidate.name, time, "", ""])
    return _table(None, ["", "", "mean", "95 % interval", "images"], rows, names=2)


def _images(report: Report, images: Sequence[str], title: str) -> Any:
    from diptych.evaluation.formatting import heading, number

    shown = [column for column in report.columns if not column.mean_matched]
    rows = [
        [row.image, row.candidate, *(number(row.values.get(one.key), report.decimals(one.key)) for one in shown)]
        for row in report.rows
        if row.image in images
    ]
    return _table(title, ["image", "", *map(heading, shown)], rows, names=2)


def _table(title: str | None, heads: Sequence[str], rows: Iterable[Sequence[str]], names: int) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for index, head in enumerate(heads):
        table.add_column(Text(head), justify="left" if index < names else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table
