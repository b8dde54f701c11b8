"""Pictures on disk: read a file without losing what it knows, write it back, whole or not at all.

>>> import numpy as np, tempfile, pathlib
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> write(folder / "grey.png", np.full((4, 6), 300, np.uint16))
>>> photo = read(folder / "grey.png")
>>> photo.pixels.dtype, photo.pixels.shape, photo.format
(dtype('uint16'), (4, 6), 'png')

One file per format (`jpeg`, `png`, `tiff`, `webp`, `bmp`), the table of formats in `formats`, and the libraries
that decode them are imported only when a file needs them.
"""

from __future__ import annotations

from diptych.photo.atomic import atomic_write, sweep_temporary
from diptych.photo.finding import FoundPhoto, find_photos
from diptych.photo.formats import is_readable, readable_suffixes
from diptych.photo.picture import Photo
from diptych.photo.reading import read
from diptych.photo.tiff_pyramid import write_pyramid
from diptych.photo.tiff_rows import TiffRows, stored_size
from diptych.photo.writing import write

__all__ = [
    "FoundPhoto",
    "Photo",
    "TiffRows",
    "atomic_write",
    "find_photos",
    "is_readable",
    "read",
    "readable_suffixes",
    "stored_size",
    "sweep_temporary",
    "write",
    "write_pyramid",
]
