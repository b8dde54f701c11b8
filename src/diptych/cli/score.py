"""``diptych score``: measure the quality of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diptych.cli.reports import (
    AsJson,
    AsMarkdown,
    HtmlFile,
    MetricNames,
    NiqeModelFile,
    Output,
    Overwrite,
    Reference,
    Seed,
    load_model,
    options,
    progress_bar,
    split_names,
)


def score(
    output: Annotated[str, typer.Argument(metavar="OUT", help="A folder of pictures to score, or one picture.")],
    reference: Reference = None,
    metrics: MetricNames = None,
    niqe_model: NiqeModelFile = None,
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
    html: HtmlFile = None,
    overwrite: Overwrite = False,
    seed: Seed = 0,
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
