"""Make the folders that ``train.py`` reads: free pictures to learn from, and 24 (Kodak's) held out.

    python benchmarks/denoiser/pictures.py DATA OUT

DATA holds the folders ``free`` and ``free2``. Those of ``sets/training.txt`` are used, without doubles and drawings; of free2
reduced, as they are large.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

SETS = Path(__file__).resolve().parents[1] / "sets"
HELD_OUT = tuple(f"free2/{number:03d}.jpg" for number in range(41, 65))
REDUCED = 0.6


def training_names() -> list[str]:
    lines = (SETS / "training.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#") and line not in HELD_OUT]


def main(data: Path, out: Path) -> None:
    for folder in ("train", "test"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for name in training_names():
        target = out / "train" / name.replace("/", "-")
        if name.startswith("free2/"):
            picture = Image.open(data / name).convert("RGB")
            size = (round(REDUCED * picture.width), round(REDUCED * picture.height))
            picture.resize(size, Image.Resampling.BOX).save(target, quality=96, subsampling=0)
        else:
            target.write_bytes((data / name).read_bytes())
    for name in HELD_OUT:
        (out / "test" / name.replace("/", "-")).write_bytes((data / name).read_bytes())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
