"""Write docs/operators.md and a before/after picture of every operator, from pictures that ship inside scikit-image.

python docs/make_gallery.py
"""

from __future__ import annotations

from pathlib import Path

import gallery_pictures
import numpy as np

import diptych as dp
from diptych import operators
from diptych.core.operator import Declaration

HERE = Path(__file__).parent
HEIGHT = 240
TITLES = {
    "filter": "Spatial filters",
    "tone": "Histogram and tone",
    "geometry": "Geometry",
    "morphology": "Morphology",
    "illumination": "Illumination",
    "denoising": "Denoising",
    "segmentation": "Segmentation",
}


def shown(image: np.ndarray) -> np.ndarray:
    """Return the picture at the height of the gallery, RGB."""
    image = image if image.ndim == 3 else np.repeat(image[:, :, np.newaxis], 3, axis=2)
    width = round(image.shape[1] * HEIGHT / image.shape[0])
    return operators.zoom(image, height=HEIGHT, width=width, interpolation="area")


def entry(declaration: Declaration) -> str:
    """Make the pictures of one operator and return its part of the page."""
    before, after = gallery_pictures.made(declaration.name, declaration.group)
    name = declaration.name
    pair = np.hstack([shown(before), np.full((HEIGHT, 6, 3), 255, np.uint8), shown(after)])
    dp.write(HERE / "images" / "operators" / f"{name}.jpg", pair, overwrite=True, quality=85)
    rows = [
        f"| `{p.name}` | {p.bounds} | {default(p.default)} | {declaration.describe(p.name)} |"
        for p in declaration.parameters
    ]
    table = ["", "| parameter | values | default | |", "|---|---|---|---|", *rows, ""] if rows else [""]
    fast = "; ".join(
        f"{path.name} ({', '.join(path.dtypes)}{': ' + path.note if path.note else ''})" for path in declaration.paths
    )
    return "\n".join(
        [
            f"### {name}",
            "",
            declaration.summary,
            "",
            f"![{name}: before and after](images/operators/{name}.jpg)",
            "",
            f"```python other\n{gallery_pictures.code(name, declaration.group)}\n```",
            *(["", f"Faster paths: {fast}."] if fast else []),
            *table,
        ]
    )


def default(value: object) -> str:
    """Return a default as it stands in the table."""
    return (
        "a stored table"
        if isinstance(value, tuple) and len(str(value)) > 40
        else f"`{value}`"
        if value is not None
        else "none"
    )


def main() -> None:
    """Write the page."""
    (HERE / "images" / "operators").mkdir(parents=True, exist_ok=True)
    declarations = [operators.declaration(name) for name in operators.names()]
    parts = [
        "# Operators",
        "",
        "Made by `make docs-sources`: each picture, left before, right after, by the code below it.",
        "[The faults](#the-faults) of the pictures before, and what they import, are at the end.",
        "`diptych show NAME` prints the whole page of one.",
    ]
    for group, title in TITLES.items():
        parts += ["", f"## {title}", ""]
        parts += [entry(one) for one in declarations if one.group == group]
    parts += [
        "",
        "## The faults",
        "",
        "What is done to good pictures above.",
        "",
        f"```python other\n{gallery_pictures.source()}\n```",
    ]
    (HERE / "operators.md").write_text("\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
