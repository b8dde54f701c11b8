"""A sheet to look at: a row for each picture of some folders, its input and what each enhancer makes of it.

    python benchmarks/contact_sheet.py OUT.png FOLDER... [--most 20] [--recipe auto] [--model FILE.onnx]

Pictures are reduced to 900 px before they are enhanced. The columns are the input, the recipes, the models, and last the model
of the package.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import diptych as dp
from diptych.core.image import Image
from diptych.photo import find_photos
from diptych.recipes import Recipe, catalogue, step
from diptych.runtime import DefaultEnhancer
from diptych.training.run.samples import sample_grid

_SIDE = 900


def reduced(image: Image) -> Image:
    factor = min(1.0, _SIDE / max(image.shape[:2]))
    return Recipe(step("zoom", factor=factor, interpolation="area"))(image) if factor < 1 else image


def pictures(folder: Path, most: int) -> Iterator[Image]:
    found = [photo.path for photo in find_photos([str(folder)])]
    for path in found[:: max(1, len(found) // most)][:most]:
        yield reduced(dp.read(path).pixels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--most", type=int, default=20)
    parser.add_argument("--recipe", action="append", default=[])
    parser.add_argument("--model", action="append", default=[], type=Path)
    given = parser.parse_args()
    enhancers: list[Callable[[Image], Image]] = [catalogue.find(name) for name in given.recipe]
    enhancers += [DefaultEnhancer(source=path) for path in given.model]
    enhancers.append(DefaultEnhancer())
    rows = [
        [image, *(enhance(image) for enhance in enhancers)]
        for folder in given.folders
        for image in pictures(folder, given.most)
    ]
    dp.write(given.out, sample_grid(rows, side=260), overwrite=True)


if __name__ == "__main__":
    main()
