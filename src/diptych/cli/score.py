"""``diptych score``: measure the quality of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diptych.cli.reports import Output, load_model, options, progress_bar, split_names


def score(
    output: Annotated[str, typer.Argument(metavar="OUT", help="A folder of pictures to score, or one picture.")],
    reference: Annotated[
        str | None,
        typer.Option(metavar="REF", help="What they should look like: files of the same names, or one file."),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME", help="See `diptych list metrics`. [default: psnr,ssim,niqe; niqe,noise without REF]"
        ),
    ] = None,
    niqe_model: Annotated[
        str | None, typer.Option(metavar="FILE", help="A NIQE model made by `diptych fit-niqe`.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a self-contained page with the pictures.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the page if it is there already.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap intervals.")] = 0,
) -> None:
    """Score a folder of pictures, with or without references. Pictures without a partner are left out and named."""
    from diptych.evaluation import evaluate

    wanted = Output(as_json, as_markdown, html, overwrite)
    wanted.check()
    report = evaluate(
        {_name(output): output},
        references=reference,
        metrics=split_names(metrics),
        niqe_model=load_model(niqe_model),
        seed=seed,
        gallery=wanted.gallery,
        progress=progress_bar("scoring", quiet=as_json),
    )
    command = ["score", output, *options(reference=reference, metrics=metrics, niqe_model=niqe_model)]
    wanted.finish(report, command + (["--seed", str(seed)] if seed else []))


def _name(output: str) -> str:
    name = Path(output).resolve().name or output
    return name if name not in ("input", "reference") else f"{name} (scored)"
