"""``diptych compare``: measure recipes and models on the same pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diptych.cli.reports import Output, load_model, options, progress_bar, split_names

if TYPE_CHECKING:
    from diptych.core.enhancer import Enhancer

_UNTOUCHED = "none"


def compare(
    images: Annotated[str, typer.Argument(metavar="IMAGES", help="A folder of pictures to enhance, or one picture.")],
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="NAME|FILE|FOLDER",
            help="A recipe by name or its TOML file, a model's .onnx file, low_light for the model in the package, a folder of "
            "ready outputs, or none for the untouched input; repeat it. [default: none and auto]",
        ),
    ] = None,
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
    """Run recipes and models on one folder and say which is better, by how much, and whether it is more than noise."""
    from diptych.evaluation import evaluate

    wanted = Output(as_json, as_markdown, html, overwrite)
    wanted.check()
    given = candidates or [_UNTOUCHED, "auto"]
    report = evaluate(
        _named(given),
        images,
        references=reference,
        metrics=split_names(metrics),
        niqe_model=load_model(niqe_model),
        seed=seed,
        gallery=wanted.gallery,
        progress=progress_bar("comparing", quiet=as_json),
    )
    command = ["compare", images, *(part for one in given for part in ("--with", one))]
    command += options(reference=reference, metrics=metrics, niqe_model=niqe_model)
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

    if text == _UNTOUCHED:
        return "input", None
    if text not in catalogue.names() and Path(text).is_dir():
        return Path(text).resolve().name, text
    return Path(text).stem, resolve_enhancer(text)
