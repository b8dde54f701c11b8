"""``diptych compare``: measure recipes and models on the same pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from diptych.core.enhancer import Enhancer

_UNTOUCHED = "input"


def compare(
    images: Annotated[str, typer.Argument(metavar="IMAGES", help="A folder of pictures to enhance, or one picture.")],
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="NAME|FILE|FOLDER",
            help="A recipe by name or its TOML file, a model's .onnx file, low_light for the model in the package, default for "
            "the default enhancer, a folder of ready outputs, or input for the pictures as they are; repeat it. "
            "[default: input and auto]",
        ),
    ] = None,
    reference: Reference = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="B",
            help="A folder of pictures as they should look, no pairs: adds the score by which training "
            "and advise choose.",
        ),
    ] = None,
    metrics: MetricNames = None,
    niqe_model: NiqeModelFile = None,
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
    html: HtmlFile = None,
    overwrite: Overwrite = False,
    seed: Seed = 0,
) -> None:
    """Run recipes and models on one folder and say which is better, by how much, and whether it is more than noise."""
    from diptych.evaluation import evaluate

    wanted = Output(as_json, as_markdown, html, overwrite)
    wanted.check()
    given = candidates or [_UNTOUCHED, "auto"]
    report = evaluate(
        _named(given),
        images,
        references=reference,
        target=target,
        metrics=split_names(metrics),
        niqe_model=load_model(niqe_model),
        seed=seed,
        gallery=wanted.gallery,
        progress=progress_bar("comparing", quiet=as_json),
    )
    command = ["compare", images, *(part for one in given for part in ("--with", one))]
    command += options(reference=reference, target=target, metrics=metrics, niqe_model=niqe_model)
    wanted.finish(report, command + (["--seed", str(seed)] if seed else []))


def _named(given: list[str]) -> dict[str, Enhancer | str | None]:
    """Give each candidate a name: what it was called by, without folder and suffix, unless that is taken."""
    named: dict[str, Enhancer | str | None] = {}
    for text in given:
        name, one = _find(text)
        named[text if name in named else name] = one
    return named


def _find(text: str) -> tuple[str, Enhancer | str | None]:
    from diptych.recipes import catalogue
    from diptych.runtime import resolve_enhancer
    from diptych.runtime.resolve import is_trained

    if text == _UNTOUCHED:
        return _UNTOUCHED, None
    if text not in catalogue.names() and Path(text).is_dir() and not is_trained(text):
        return Path(text).resolve().name, text
    return Path(text).stem, resolve_enhancer(text)
