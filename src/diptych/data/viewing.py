"""Views of whole pictures, and parts of them with their places, as functions of their number.

A place is four shares of the picture: top, left, height and width. A width below 0 is a mirrored view, whose left edge lies to
the right.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, to_float
from diptych.data.folder import PhotoFolder
from diptych.data.sampling import Sampler
from diptych.recipes import Recipe, step

COPY = 192
"""Side in px of the square copies."""

_TALLER = 0.85, 1.15  # height of a view relative to its width, as shares

Floats = NDArray[np.float32]


class Parts(NamedTuple):
    """Parts of pictures.

    Attributes
    ----------
    copies : ndarray, shape (N, C, COPY, COPY)
        The whole pictures.
    crops : ndarray, shape (N, C, crop, crop)
        The parts at full resolution.
    places : ndarray, shape (N, 4)
        Where they are.
    """

    copies: Floats
    crops: Floats
    places: Floats


def copies_of(folder: PhotoFolder, *, cache_bytes: int) -> PhotoFolder:
    """Return the folder's pictures as small squares, by the averages of equal areas, whatever their shape."""
    shrink = step("zoom", height=COPY, width=COPY, interpolation="area")
    before = Recipe(*folder.before.steps, shrink, name="copy")
    return PhotoFolder(
        folder.path, before=before, channels=folder.channels, cache_bytes=cache_bytes, names=folder.names
    )


class ViewSampler:
    """Views of a picture, numbered as those of a `Sampler`.

    Parameters
    ----------
    copies : PhotoFolder
        From `copies_of`.
    domain : str
        Any word; samplers of different domains draw independently.
    seed : int
        0 or more.
    flips : bool
        Mirror half of the views left to right.
    least : float
        Share of the picture that a view shows along either axis, at least.
    """

    def __init__(self, copies: PhotoFolder, *, domain: str, seed: int, flips: bool = True, least: float = 0.6) -> None:
        self.folder = copies
        self._least = least
        self._sampler = Sampler(copies, domain=f"{domain} view", crop=1, seed=seed)
        self._flips = flips

    def batch(self, start: int, count: int) -> tuple[Floats, Floats]:
        """Return copies ``(count, C, COPY, COPY)`` of pictures, and the places ``(count, 4)`` of the views in them."""
        numbers = range(start, start + count)
        pictures = [_planes(self.folder.picture(self._sampler.index(number))) for number in numbers]
        places = [self._place(self._sampler.generator(number)) for number in numbers]
        return np.stack(pictures), np.array(places, np.float32)

    def _place(self, draw: np.random.Generator) -> tuple[float, float, float, float]:
        width = draw.uniform(self._least, 1)
        height = float(np.clip(width * draw.uniform(*_TALLER), self._least, 1))
        top, left = draw.uniform(0, 1 - height), draw.uniform(0, 1 - width)
        mirrored = self._flips and draw.random() < 0.5
        return (top, left + width, height, -width) if mirrored else (top, left, height, width)


class PartSampler:
    """Crops at full resolution with their places, and the copies of the pictures that they are parts of.

    Parameters
    ----------
    folder, copies : PhotoFolder
        The pictures, and `copies_of` them.
    crop, domain, seed, flips, crops_per_picture :
        As for `Sampler`.
    """

    def __init__(
        self,
        folder: PhotoFolder,
        copies: PhotoFolder,
        *,
        domain: str,
        crop: int,
        seed: int,
        flips: bool = True,
        crops_per_picture: int = 1,
    ) -> None:
        self._copies = copies
        self._flips = flips
        self._sampler = Sampler(
            folder, domain=f"{domain} part", crop=crop, seed=seed, crops_per_picture=crops_per_picture
        )

    def batch(self, start: int, count: int) -> Parts:
        """Return parts `start` to ``start + count - 1``."""
        found = [self._part(number) for number in range(start, start + count)]
        copies, crops, places = (np.stack(part) for part in zip(*found, strict=True))
        return Parts(copies, crops, places)

    def _part(self, number: int) -> tuple[Floats, Floats, Floats]:
        index, size, draw = self._sampler.index(number), self._sampler.crop, self._sampler.generator(number)
        picture = self._sampler.folder.picture(index)
        top, left, crop = _cut(picture, size, draw)
        height, width = picture.shape[:2]
        mirrored = self._flips and draw.random() < 0.5
        across = (left + size, -size) if mirrored else (left, size)
        place = np.array([top / height, across[0] / width, size / height, across[1] / width], np.float32)
        planes = _planes(crop[:, ::-1] if mirrored else crop)
        return _planes(self._copies.picture(index)), planes, place


def _cut(picture: Image, size: int, draw: np.random.Generator) -> tuple[int, int, Image]:
    """Return top, left and a square; a picture that is smaller is continued by its mirror image."""
    missing = [max(0, size - length) for length in picture.shape[:2]]
    if any(missing):
        picture = np.pad(picture, (*((0, length) for length in missing), (0, 0)), mode="symmetric")
    top, left = (int(draw.integers(0, length - size + 1)) for length in picture.shape[:2])
    return top, left, picture[top : top + size, left : left + size]


def _planes(picture: Image) -> Floats:
    return np.ascontiguousarray(to_float(picture).transpose(2, 0, 1), np.float32)
