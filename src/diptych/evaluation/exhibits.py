"""The pictures of a report: for each image the input, the outputs, the reference and the maps, reduced and compressed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych import operators
from diptych.core.color import luma
from diptych.core.image import Image, from_float, to_float
from diptych.photo import Photo, formats
from diptych.quality.hallucination import NOTICEABLE, hallucinated_structure

LONGEST_SIDE = 1600
BINS = 64

# Base 64 of this fits a page of 15 MB and leaves room for the tables.
_BYTES_IN_ALL = 10_800_000
_BYTES_FOR_AN_IMAGE = 700_000
_QUALITIES = (90, 80, 65, 50)

_TOO_DARK, _TOO_BRIGHT = np.array([0.10, 0.36, 0.95]), np.array([0.95, 0.45, 0.0])
_FULL_COLOR_AT = 0.25
_HOT = np.array([[1.0, 0.85, 0.2], [1.0, 0.1, 0.35]])
_HOTTEST = 12.0


@dataclass(frozen=True)
class Panel:
    """A picture of the report, as the bytes of a WebP file.

    `kind` is ``picture``, ``difference`` or ``hallucinated``; `note` explains the colours of a map.
    """

    label: str
    kind: str
    note: str
    data: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Exhibit:
    """The panels of one image, and the histograms of its pictures: 64 shares each."""

    image: str
    panels: tuple[Panel, ...]
    histograms: Mapping[str, tuple[float, ...]]


class Draft(NamedTuple):
    """A panel before it is compressed."""

    kind: str
    label: str
    note: str
    pixels: Image


def byte_budget(images: int) -> int:
    """Return how many bytes the panels of one image may take, given the number of images."""
    return min(_BYTES_FOR_AN_IMAGE, _BYTES_IN_ALL // max(images, 1))


def exhibit(
    name: str,
    pictures: Mapping[str, Image],
    reference: Image | None = None,
    *,
    untouched: str | None = None,
    budget: int,
) -> Exhibit:
    """Return the exhibit of one image, of small pictures only, so that many fit into memory.

    Parameters
    ----------
    name : str
        Name of the image.
    pictures : mapping of str to ndarray
        The input and the outputs by candidate, `reduced`.
    reference : ndarray or None
        What the image should look like, `reduced`.
    untouched : str or None
        Which of the pictures is the input.
    budget : int
        Bytes that the panels may take together.
    """
    everything = {**pictures, **({} if reference is None else {"reference": reference})}
    drafts = [Draft("picture", label, "", shown(one)) for label, one in everything.items()]
    source = pictures.get(untouched) if untouched is not None else None
    for label, one in pictures.items():
        if reference is not None:
            drafts += _difference(label, one, "reference", reference)
        elif source is not None and label != untouched:
            drafts += _difference(label, one, str(untouched), source)
        if source is not None and label != untouched:
            drafts += _hallucinated(label, one, source)
    share = budget // len(drafts)
    panels = tuple(_panel(draft, share) for draft in drafts)
    return Exhibit(name, panels, {label: _histogram(one) for label, one in everything.items()})


def reduced(image: Image) -> Image:
    """Return the image with no side longer than 1600 px, reduced by means over areas."""
    factor = LONGEST_SIDE / max(image.shape[:2])
    return image if factor >= 1 else operators.zoom(image, factor=factor, interpolation="area")


def shown(image: Image) -> Image:
    """Return the image in 8 bits, grey (H, W) or RGB; of other numbers of channels the mean."""
    floats = to_float(image)
    if floats.ndim == 3 and floats.shape[2] != 3:
        floats = floats.mean(axis=2)
    return from_float(floats, np.dtype(np.uint8))


def _difference(label: str, image: Image, other_label: str, other: Image) -> list[Draft]:
    if image.shape[:2] != other.shape[:2]:
        return []
    note = (
        f"Orange: {label} is brighter than {other_label}; blue: darker; grey: equal. "
        f"Full colour at a difference of {100 * _FULL_COLOR_AT:.0f} % of white."
    )
    return [Draft("difference", f"{label} − {other_label}", note, difference_map(image, other))]


def _hallucinated(label: str, image: Image, source: Image) -> list[Draft]:
    if image.shape != source.shape:
        return []
    signal = hallucinated_structure(source, image)
    note = (
        f"Structure in {label} that no tone curve and no change of local contrast makes from the input, relative to the "
        f"expected noise: yellow from {NOTICEABLE:g} times the noise, red from {_HOTTEST:g} times. "
        f"Coloured: {100 * np.mean(signal > NOTICEABLE):.1f} % of the picture."
    )
    return [Draft("hallucinated", f"hallucinated by {label}", note, hallucination_map(image, signal))]


def difference_map(image: Image, other: Image) -> Image:
    """Return a map of where an image is darker (blue) or brighter (orange) than the other, on grey."""
    difference = (_luma(image) - _luma(other))[:, :, np.newaxis] / _FULL_COLOR_AT
    strength = np.minimum(np.abs(difference), 1)
    color = np.where(difference < 0, _TOO_DARK, _TOO_BRIGHT)
    return from_float(0.82 * (1 - strength) + color * strength, np.dtype(np.uint8))


def hallucination_map(image: Image, signal: NDArray[np.float64]) -> Image:
    """Return hallucinated structure in yellow to red over the darkened grey image."""
    heat = np.clip((signal - NOTICEABLE) / (_HOTTEST - NOTICEABLE), 0, 1)[:, :, np.newaxis]
    hot = _HOT[0] * (1 - heat) + _HOT[1] * heat
    weight = np.where(signal > NOTICEABLE, 0.55 + 0.45 * heat[:, :, 0], 0)[:, :, np.newaxis]
    return from_float(0.45 * _luma(image)[:, :, np.newaxis] * (1 - weight) + hot * weight, np.dtype(np.uint8))


def _luma(image: Image) -> NDArray[np.float64]:
    return np.asarray(luma(to_float(image).astype(np.float64)), np.float64)


def _histogram(image: Image) -> tuple[float, ...]:
    counts, _ = np.histogram(_luma(image), bins=BINS, range=(0, 1 + 1e-9))
    return tuple(float(share) for share in counts / counts.sum())


def _panel(draft: Draft, budget: int) -> Panel:
    data, small = _packed(draft.pixels, budget)
    return Panel(draft.label, draft.kind, draft.note, data, small.shape[1], small.shape[0])


def _packed(pixels: Image, budget: int) -> tuple[bytes, Image]:
    """Return the best WebP within the budget: lower quality first, then fewer pixels."""
    codec = formats.by_suffix("panel.webp").codec()
    while True:
        for quality in _QUALITIES:
            data = codec.encode(Photo(pixels), quality)
            if len(data) <= budget or max(pixels.shape[:2]) <= 64:
                return data, pixels
        pixels = operators.zoom(pixels, factor=0.7, interpolation="area")
