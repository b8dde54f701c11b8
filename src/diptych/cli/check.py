"""``diptych check``: are these two folders fit for training?"""

from __future__ import annotations

from typing import Annotated

import typer

from diptych.cli.progress import note, printable, track


def check(
    source: Annotated[str, typer.Argument(metavar="A", help="A folder of what is to be enhanced.")],
    target: Annotated[str, typer.Argument(metavar="B", help="A folder of what it should look like; no pairs needed.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a page with the pictures, which needs no network.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Pictures at a time; 0 means one for each core.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the page if it exists.")] = False,
) -> None:
    """Check two folders before training: unreadable files, copies, mixed kinds, numbers, how they differ, and contents.

    Exit code 0 if they are ready, also with warnings; 1 if they are not or a file cannot be read; 2 for a wrong call.
    """
    from diptych.data.domain_check import check as check_folders
    from diptych.photo import atomic_write, check_target

    if html is not None:
        check_target(html, overwrite=overwrite)
    found = check_folders(
        source, target, jobs=jobs, progress=lambda seen, total: track(seen, total, "checking", quiet=as_json)
    )
    if html is not None:
        atomic_write(html, found.to_html().encode(), overwrite=overwrite)
        note(f"wrote {html}")
    text = found.to_json() if as_json else "\n".join(map(printable, found.to_text().split("\n")))
    typer.echo(text, nl=as_json)
    if found.verdict == "not ready" or not found.complete:
        raise typer.Exit(1)
