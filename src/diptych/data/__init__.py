"""Pictures for training: folders read picture by picture, samples that are functions of their number, preparation.

>>> import pathlib, tempfile
>>> import numpy as np
>>> from diptych.photo import write
>>> path = pathlib.Path(tempfile.mkdtemp())
>>> for number in range(3):
...     write(path / f"{number}.png", np.full((40, 60, 3), 80 * number, np.uint8))
>>> batches = Sampler(PhotoFolder(path), domain="A", crop=32, seed=7)
>>> batches.batch(0, 3).shape
(3, 3, 32, 32)
"""

from diptych.data.folder import PhotoFolder
from diptych.data.preparing import mean_quantiles, prepare, split
from diptych.data.sampling import Prefetcher, Sampler
from diptych.data.viewing import COPY, Parts, PartSampler, ViewSampler, copies_of

__all__ = [
    "COPY",
    "PartSampler",
    "Parts",
    "PhotoFolder",
    "Prefetcher",
    "Sampler",
    "ViewSampler",
    "copies_of",
    "mean_quantiles",
    "prepare",
    "split",
]
