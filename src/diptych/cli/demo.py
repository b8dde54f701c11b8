"""``diptych demo``: enhancement of a photograph that comes with Diptych."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from diptych.cli.compilation import prepare_for_default
from diptych.cli.progress import note

if TYPE_CHECKING:
    from diptych.photo import Photo


def demo(
    output: Annotated[
        str, typer.Option("-o", "--output", help="The before-and-after picture to write.")
    ] = "diptych-demo.png",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace it if it exists.")] = False,
) -> None:
    """Enhance a dark photograph that comes with Diptych, and write both side by side."""
    from pathlib import Path

    import numpy as np

    from diptych.core.errors import PhotoExistsError
    from diptych.photo import write
    from diptych.runtime import DefaultEnhancer

    if Path(output).exists() and not overwrite:
        raise PhotoExistsError(f"{output}: exists already; use --overwrite")
    prepare_for_default()
    dark = sample().pixels
    plan = DefaultEnhancer().plan(dark)
    write(output, np.hstack([dark, plan(dark)]), overwrite=overwrite)
    note(f"wrote {output}: the photograph on the left, and on the right what this plan made of it:")
    for line in str(plan).splitlines():
        note(f"  {line}")


def sample() -> Photo:
    """Return the photograph: steps in a forest, ``uint8`` (479, 720, 3), Unsplash licence."""
    from importlib import resources

    from diptych.photo import read

    return read(str(resources.files("diptych.cli") / "data" / "forest.jpg"))
