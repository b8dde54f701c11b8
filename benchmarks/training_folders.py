"""Link the pictures that the model in the package learns from, and those that are only watched, into two folders.

    python benchmarks/training_folders.py PICTURES OUT

OUT/good holds links to the pictures of `sets/training.txt`, OUT/dark to those of `sets/dark.txt` under PICTURES.
"""

from __future__ import annotations

import sys
from pathlib import Path

from picture_sets import Pictures


def main(root: str, out: str) -> None:
    pictures = Pictures(Path(root))
    for folder, name in (("good", "training"), ("dark", "dark")):
        links = [
            (pictures.path(one).resolve(), Path(out, folder, one.replace("/", "_"))) for one in pictures.listed(name)
        ]
        for path, link in links:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(path)
        print(f"{folder}: {len(links)} pictures")


if __name__ == "__main__":
    main(*sys.argv[1:3])
