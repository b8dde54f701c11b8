"""Options that several commands have: which enhancer is meant, and how results are written."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

Model = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|NAME|none",
        help="A model's .onnx file, low_light or denoise for those in the package, or none for the recipe auto.",
    ),
]
Purpose = Annotated[
    Literal["underwater", "haze", "xray", "scan", "document", "low-light"] | None,
    typer.Option("--for", help="What the pictures are: the recipe for that. [default: low-light, which plans]"),
]
RecipeName = Annotated[str | None, typer.Option(metavar="NAME|FILE", help="A recipe by name, or its TOML file.")]
Operators = Annotated[
    list[str] | None,
    typer.Option("--op", metavar="NAME key=value ...", help="An operator; repeat it for a chain."),
]
Jobs = Annotated[int, typer.Option(min=0, help="Pictures at a time; 0 means one for each core.")]
Quality = Annotated[int, typer.Option(min=1, max=100, help="Quality of JPEG, WebP, AVIF, JPEG XL and HEIC outputs.")]
MaxPixels = Annotated[int, typer.Option(min=1, help="Refuse larger pictures, before they are decoded.")]
FormatName = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="Convert: jpeg, png, tiff, webp, avif, jxl, heic, gif, bmp, dicom. [default: as IN]",
    ),
]
Suffix = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="Goes after the name, before the ending. [default: .enhanced, or none with -o]"),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say only what fails.")]


def recipe_for(purpose: str | None, named: dict[str, Any]) -> str | None:
    """Return the recipe that is meant by ``--for``, or by ``--recipe``; None for the default enhancer."""
    from diptych.core.errors import ParameterError

    given = [option for option, value in named.items() if value]
    if purpose is not None and given:
        raise ParameterError(f"--for and {' and '.join(given)} exclude each other; give one of them")
    if purpose is None:
        return named["--recipe"]
    return None if purpose == "low-light" else purpose
