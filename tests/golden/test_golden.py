"""What a person looked at and found good stays as it was: thumbnails of results, kept as numbers.

After a change that is meant, look at docs/operators.md again and write new ones with ``DIPTYCH_WRITE_GOLDENS=1``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from skimage import data

import diptych as dp
from diptych.cli.demo import darken
from diptych.core.image import to_float

FILE = Path(__file__).with_name("thumbnails.json")

CASES = {
    "auto on a dark cup": lambda: dp.auto(darken(data.coffee())),
    "auto on a good cup": lambda: dp.auto(data.coffee()),
    "clahe": lambda: dp.operators.clahe(data.moon(), clip_limit=6.0),
    "retinex_msrcr": lambda: dp.operators.retinex_msrcr(darken(data.coffee())),
    "lime": lambda: dp.operators.lime(darken(data.coffee())),
    "denoise_photo": lambda: dp.operators.denoise_photo(data.chelsea(), luma=0.03, chroma=0.03),
    "flatten_background": lambda: dp.operators.flatten_background(data.page()),
    "dehaze": lambda: dp.operators.dehaze(data.coffee()),
    "specify_histogram": lambda: dp.operators.specify_histogram(darken(data.coffee())),
    "white_balance": lambda: dp.operators.white_balance(data.coffee()),
}


def thumbnail(image: np.ndarray) -> list:
    """Return the means over a grid of 4 x 6 fields, in thousandths."""
    floats = to_float(image)
    rows, columns = (np.array_split(np.arange(side), parts) for side, parts in zip(floats.shape, (4, 6), strict=False))
    fields = [[floats[np.ix_(r, c)].mean(axis=(0, 1)) for c in columns] for r in rows]
    return np.rint(1000 * np.array(fields)).astype(int).tolist()


def test_the_file_is_complete():
    if os.environ.get("DIPTYCH_WRITE_GOLDENS"):
        FILE.write_text(json.dumps({name: thumbnail(make()) for name, make in CASES.items()}) + "\n")
    assert set(json.loads(FILE.read_text())) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_as_it_was(name):
    difference = np.array(thumbnail(CASES[name]())) - np.array(json.loads(FILE.read_text())[name])
    assert np.abs(difference).max() <= 3
