"""``diptych demo``: enhancement of a picture that ships with scikit-image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from diptych.cli.progress import note

if TYPE_CHECKING:
    from diptych.core.image import Image


def demo(
    output: Annotated[
        str, typer.Option("-o", "--output", help="The before-and-after picture to write.")
    ] = "diptych-demo.png",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace it if it exists.")] = False,
) -> None:
    """Darken a picture that ships with scikit-image, add noise, enhance it, and write both side by side."""
    from pathlib import Path

    import numpy as np

    from diptych.core.errors import PhotoExistsError
    from diptych.photo import write
    from diptych.runtime import enhance

    if Path(output).exists() and not overwrite:
        raise PhotoExistsError(f"{output}: exists already; use --overwrite")
    dark = darken(sample())
    write(output, np.hstack([dark, enhance(dark)]), overwrite=overwrite)
    note(f"wrote {output}: the dark picture on the left, the enhanced one on the right")


def sample() -> Image:
    """Return the picture of a cup of coffee that ships with scikit-image, ``uint8`` (400, 600, 3)."""
    import numpy as np
    from skimage import data

    return np.asarray(data.coffee())  # type: ignore[no-untyped-call]


def darken(image: Image, exposure: float = 0.06, electrons: float = 1500.0, seed: int = 7) -> Image:
    """Simulate an underexposed photograph: less light (in linear values), photon noise, 8 bits."""
    import numpy as np

    light = (image / 255.0) ** 2.2 * exposure
    noisy = np.random.default_rng(seed).poisson(light * electrons) / electrons
    return np.rint(255 * np.clip(noisy, 0, 1) ** (1 / 2.2)).astype(np.uint8)
