"""Sort photographs by rule into `good` (to learn from), `dark` (only watched) and what is left out: drawings, grey, burnt out.

    python benchmarks/free_photos.py FOLDER OUT

OUT/good and OUT/dark hold links to the files. The rule looks at small copies: the mean luma, the mean chroma, and how much
is white.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import diptych as dp
from diptych.core.color import luma
from diptych.core.image import to_float


def look(path: Path) -> tuple[float, float, float]:
    """Return mean luma, mean chroma and the share of white of a small copy."""
    pixels = dp.read(path).pixels
    if pixels.ndim == 2 or pixels.shape[2] < 3:
        return 0.0, 0.0, 1.0
    small = to_float(dp.operators.zoom(pixels[..., :3], height=192, width=192, interpolation="area"))
    light = luma(small)
    chroma = np.sqrt(((small - light[..., None]) ** 2).sum(2))
    return float(light.mean()), float(chroma.mean()), float((light > 0.985).mean())


def kind(luma: float, chroma: float, white: float) -> str | None:
    if not 0.035 < chroma < 0.33 or white >= 0.25:
        return None
    if 0.22 < luma < 0.68:
        return "good"
    return "dark" if 0.05 < luma <= 0.22 else None


def main(folder: str, out: str) -> None:
    counts = {"good": 0, "dark": 0, None: 0}
    for path in sorted(Path(folder).glob("*.jpg")):
        found = kind(*look(path))
        counts[found] += 1
        if found:
            link = Path(out, found, path.name)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(path.resolve())
    print(f"{counts['good']} good, {counts['dark']} dark, {counts[None]} left out")


if __name__ == "__main__":
    main(*sys.argv[1:3])
