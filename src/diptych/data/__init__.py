"""Pictures for training: folders decoded lazily, numbered random samples, and preparation.

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
from diptych.data.preparation import mean_quantiles, prepare, split
from diptych.data.sampler import Prefetcher, Sampler
from diptych.data.views import THUMBNAIL_SIDE, ViewSampler, balanced, thumbnails_of

__all__ = [
    "THUMBNAIL_SIDE",
    "PhotoFolder",
    "Prefetcher",
    "Sampler",
    "ViewSampler",
    "balanced",
    "mean_quantiles",
    "prepare",
    "split",
    "thumbnails_of",
]
