"""Fit NIQE's model to the good photographs of a folder: how the model in the package was made.

    python benchmarks/fit_niqe.py FOLDER -o FILE [--name NAME] [--source TEXT]

Which photographs are good is decided by `diptych.metrics.why_unsuited`; in each, the patches that are more than 0.75 times as
sharp as the sharpest are used. The name and the source are kept in the file.
"""

from __future__ import annotations

import argparse
import collections
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import diptych as dp
from diptych.metrics import NiqeModel, why_unsuited


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit NIQE's model to the good photographs of a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--name", default="diptych-1")
    parser.add_argument("--source", default="photographs whose terms allow free use")
    given = parser.parse_args()
    counts: collections.Counter[str] = collections.Counter()
    model = NiqeModel.fit(suited(given.folder, counts), name=given.name)
    rule = "chosen by diptych.metrics.why_unsuited, patches sharper than 0.75 of the sharpest"
    source = f"{given.source}: {counts['used']} of {counts.total()} pictures, {rule}"
    NiqeModel(model.mean, model.covariance, model.patch, given.name, source).save(given.output)
    for reason, count in counts.most_common():
        print(f"{count:5} {reason}")
    print(f"wrote {given.output}: {given.output.stat().st_size} bytes")


def suited(folder: Path, counts: collections.Counter[str]) -> Iterator[np.ndarray]:
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"):
            continue
        image = dp.read(path).pixels
        reason = why_unsuited(image)
        counts[reason or "used"] += 1
        if not reason:
            yield image


if __name__ == "__main__":
    main()
