"""Write small copies of the pictures that the model in the package learns from, and of those that are only watched.

    python benchmarks/training_folders.py PICTURES OUT

OUT/good gets the pictures of `sets/training.txt`, OUT/dark some of `sets/dark.txt` under PICTURES: at most 448 px a side, as
JPEG. A planner looks at 128 px, and small files are quick to read.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from picture_sets import Pictures

SIDE, QUALITY, WATCHED = 448, 94, 12


def main(root: str, out: str) -> None:
    pictures = Pictures(Path(root))
    for folder, names in (("good", pictures.listed("training")), ("dark", pictures.listed("dark")[:WATCHED])):
        Path(out, folder).mkdir(parents=True, exist_ok=True)
        for name in names:
            picture = Image.open(pictures.path(name)).convert("RGB")
            picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
            target = Path(out, folder, name.replace("/", "_")).with_suffix(".jpg")
            picture.save(target, quality=QUALITY, subsampling=0)
        print(f"{folder}: {len(names)} pictures")


if __name__ == "__main__":
    main(*sys.argv[1:3])
