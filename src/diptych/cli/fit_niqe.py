"""``diptych fit-niqe``: fit a NIQE model to a folder of good photographs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diptych.cli.arguments import in_options
from diptych.cli.progress import note, track

if TYPE_CHECKING:
    from diptych.core.image import Image


def fit_niqe(
    folder: Annotated[
        str,
        typer.Argument(metavar="DIR", help="A folder of good photographs, all RGB or all grey; the more the better."),
    ],
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="The model file to write (.npz).")],
    name: Annotated[
        str | None, typer.Option(help="The name of the model in reports. [default: the name of the file]")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="A description of the photographs. [default: DIR and their number]")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
) -> None:
    """Fit the NIQE metric to your own photographs. Unusable files are named and left out."""
    from diptych.core.errors import ParameterError
    from diptych.metrics import NiqeModel
    from diptych.photo import check_target, search, unreadable_reason

    check_target(output, overwrite=overwrite)
    found = search([folder] if Path(folder).exists() else [])
    paths = [one.path for one in found.photos]
    if not paths:
        raise ParameterError(f"no pictures in {folder}; give a folder of good photographs")
    failed = [f"{path}: {unreadable_reason(path)}" for path in found.unreadable]
    for reason in failed:
        note(f"failed: {in_options(reason)}")
    images = track(_readable(paths, failed), len(paths), "fitting")
    model = NiqeModel.fit(
        images, name=name or Path(output).stem, source=source or f"{len(paths)} photographs in {folder}"
    )
    model.save(output)
    note(
        f"wrote {output}: {model.name}, from {len(paths) + len(found.unreadable) - len(failed)} of {len(paths)} photographs"
    )
    if failed:
        raise typer.Exit(1)


def _readable(paths: Sequence[Path], failed: list[str]) -> Iterator[Image]:
    from diptych import metrics
    from diptych.core.errors import DiptychError
    from diptych.photo import read

    smallest = metrics.declaration("niqe").smallest_side
    for path in paths:
        try:
            pixels = read(path).pixels
        except DiptychError as error:
            failed.append(str(error))
            note(f"failed: {error}")
            continue
        height, width, *channels = pixels.shape
        if min(height, width) >= smallest and channels in ([], [1], [3]):
            yield pixels
            continue
        failed.append(f"{path}: {width} x {height} pixels; NIQE needs {smallest} on each side, grey or RGB")
        note(f"failed: {failed[-1]}")
