"""Picture files: reading with all metadata, and atomic writing.

>>> import numpy as np, tempfile, pathlib
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> write(folder / "grey.png", np.full((4, 6), 300, np.uint16))
>>> photo = read(folder / "grey.png")
>>> photo.pixels.dtype, photo.pixels.shape, photo.format
(dtype('uint16'), (4, 6), 'png')

There is one module per format (`jpeg`, `png`, `tiff`, `webp`, `bmp`, `avif`, `jxl`) and a table of them in `formats`. Decoding
libraries are imported when a file needs them.
"""

from __future__ import annotations

from diptych.photo.alpha import fill_hidden
from diptych.photo.atomic import atomic_write, check_target, sweep_temporary, write_error
from diptych.photo.formats import (
    by_suffix,
    is_readable,
    kinds_read,
    readable_suffixes,
    writable_suffixes,
    written_suffix,
)
from diptych.photo.frames import Frames, encode_frames, read_frames, write_frames
from diptych.photo.photo import Photo
from diptych.photo.reader import decode, identify, read
from diptych.photo.search import FoundPhoto, Search, find_photos, search, unreadable_reason
from diptych.photo.tiff_pyramid import write_pyramid
from diptych.photo.tiff_rows import TiffRows, stored_size
from diptych.photo.writer import encode, write

__all__ = [
    "FoundPhoto",
    "Frames",
    "Photo",
    "Search",
    "TiffRows",
    "atomic_write",
    "by_suffix",
    "check_target",
    "decode",
    "encode",
    "encode_frames",
    "fill_hidden",
    "find_photos",
    "identify",
    "is_readable",
    "kinds_read",
    "read",
    "read_frames",
    "readable_suffixes",
    "search",
    "stored_size",
    "sweep_temporary",
    "unreadable_reason",
    "writable_suffixes",
    "write",
    "write_error",
    "write_frames",
    "write_pyramid",
    "written_suffix",
]
