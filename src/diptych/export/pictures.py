"""The user's pictures, prepared for calibration and measurement."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, to_float
from diptych.evaluation.pairs import pair, read_side
from diptych.export.errors import ExportError
from diptych.photo import find_photos, kinds_read, read
from diptych.recipes import Recipe
from diptych.runtime import BundleMetadata

Batch = NDArray[np.float32]
"""One picture as a network takes it: ``(1, C, H, W)``."""

SIDE = 512
"""Side in px of the middle of a picture that times are measured on."""

_CALIBRATED = 256  # px
_LARGEST = 1024  # px of a picture that the preprocess recipe sees
_MOST = 32


def read_pictures(
    folder: str | os.PathLike[str], *, channels: int, most: int = _MOST, max_side: int = _LARGEST
) -> list[Image]:
    """Read pictures of a folder, spread evenly over it if there are more than `most`.

    Parameters
    ----------
    folder : path
        A folder, searched with its subfolders, or one picture.
    channels : int
        How many channels the model takes. Grey pictures become colour by three copies.
    most : int
        Read at most so many.
    max_side : int
        Larger pictures are cropped to their middle, in px.

    Returns
    -------
    list of ndarray, shape (H, W, channels)
        In the depth of their files.

    Raises
    ------
    ExportError
        If there is no picture, or one has another number of channels.
    PhotoError
        If one cannot be read.

    Examples
    --------
    ``read_pictures("dark", channels=3, most=16)``
    """
    if not Path(folder).exists():
        raise ExportError(f"{folder}: no such folder; give a folder of your own pictures with `images`")
    found = [photo.path for photo in find_photos([folder])]
    if not found:
        raise ExportError(f"{folder}: no pictures in it; give a folder of {kinds_read()} files")
    chosen = [found[index] for index in sorted({int(i) for i in np.linspace(0, len(found) - 1, min(most, len(found)))})]
    return [middle(_fitting(path, channels), max_side) for path in chosen]


def _fitting(path: Path, channels: int) -> Image:
    pixels = read(path).pixels
    pixels = pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels
    if pixels.shape[2] == 1 and channels == 3:
        return np.repeat(pixels, 3, axis=2)
    if pixels.shape[2] != channels:
        raise ExportError(
            f"{path}: has {pixels.shape[2]} channels and the model takes {channels}; give pictures that it is meant for"
        )
    return pixels


def middle(image: Image, side: int) -> Image:
    """Return the central crop of a picture, at most `side` px high and wide."""
    top, left = (max(0, (length - side) // 2) for length in image.shape[:2])
    return np.ascontiguousarray(image[top : top + side, left : left + side])


def read_pairs(
    folder: str | os.PathLike[str], references: str | os.PathLike[str], *, channels: int, most: int = 8
) -> list[tuple[Image, Image]]:
    """Return central crops of pictures and of their references, the files of the same names in the other folder.

    Parameters
    ----------
    folder, references : path
        Folders with files of the same names.
    channels : int
        How many channels the model takes.
    most : int
        Read at most so many pairs.

    Raises
    ------
    ExportError
        If there is no pair, or the sizes of one differ.

    Examples
    --------
    ``read_pairs("low", "high", channels=3)``
    """
    for source in (folder, references):
        if not Path(source).exists():
            raise ExportError(f"{source}: no such folder; give a folder of pictures")
    items, _ = pair(read_side(folder, "pictures"), read_side(references, "references"), {})
    found = [(item.image, item.reference) for item in items if item.image and item.reference]
    if not found:
        raise ExportError(
            f"{references}: no picture has the name of one in {folder}; give the references of these pictures"
        )
    pairs = [(_fitting(one, channels), read(other).pixels) for one, other in found[:most]]
    for (one, other), (path, _) in zip(pairs, found, strict=False):
        if one.shape[:2] != other.shape[:2]:
            raise ExportError(f"{path}: is not as large as its reference; give references of the same sizes")
    return [(middle(one, SIDE), middle(other, SIDE)) for one, other in pairs]


def as_batches(pictures: Sequence[Image], metadata: BundleMetadata, *, side: int = _CALIBRATED) -> list[Batch]:
    """Return the pictures as inputs of the network: preprocessed, cropped to their middle, padded to the multiple."""
    preprocess = Recipe.from_toml(metadata.preprocess) if metadata.preprocess else Recipe()
    return [padded(middle(preprocess(to_float(one)), side), metadata.multiple) for one in pictures]


def padded(image: NDArray[Any], multiple: int) -> Batch:
    """Return a float picture ``(H, W, C)`` as a batch, padded to multiples by reflection."""
    more = [(0, -side % multiple) for side in image.shape[:2]]
    continued = np.pad(image, [*more, (0, 0)], mode="symmetric")
    return np.ascontiguousarray(continued.transpose(2, 0, 1)[np.newaxis], np.float32)
