"""``diptych demo``: the main job on a picture that is always there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from diptych.cli.progress import note

if TYPE_CHECKING:
    from diptych.core.image import Image


def demo(
    output: Annotated[
        str, typer.Option("-o", "--output", help="The before/after picture to write.")
    ] = "diptych-demo.png",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace it if it exists.")] = False,
) -> None:
    """Make a dark, noisy picture of one that ships inside scikit-image, enhance it, and write both into one PNG."""
    from pathlib import Path

    import numpy as np

    from diptych.core.errors import PhotoExistsError
    from diptych.photo import write
    from diptych.runtime import enhance

    if Path(output).exists() and not overwrite:
        raise PhotoExistsError(f"{output}: exists already; use --overwrite")
    dark = darken(sample())
    write(output, np.hstack([dark, enhance(dark)]), overwrite=overwrite)
    note(f"wrote {output}: left the dark picture, right what diptych made of it")


def sample() -> Image:
    """Return the picture of a cup of coffee that ships inside scikit-image, ``uint8`` (400, 600, 3)."""
    import numpy as np
    from skimage import data

    return np.asarray(data.coffee())  # type: ignore[no-untyped-call]


def darken(image: Image, exposure: float = 0.06, electrons: float = 1500.0, seed: int = 7) -> Image:
    """Return the picture as a camera would have taken it with too little light: linear light, photon noise, 8 bits."""
    import numpy as np

    light = (image / 255.0) ** 2.2 * exposure
    noisy = np.random.default_rng(seed).poisson(light * electrons) / electrons
    return np.rint(255 * np.clip(noisy, 0, 1) ** (1 / 2.2)).astype(np.uint8)
