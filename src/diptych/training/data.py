"""The folders of a run made ready: split, preprocessed, and sampled in numbered batches."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, from_float, to_float
from diptych.data import PhotoFolder, Sampler, ViewSampler, balanced, split, thumbnails_of
from diptych.recipes import Recipe, step
from diptych.training.config import PlannerConfig, TrainConfig, ZeroReferenceConfig
from diptych.training.first_result import FirstResult

PathLike = str | os.PathLike[str]
Batch = tuple[NDArray[np.float32], ...]

_HELD_CROP = 256  # px a side of what is kept of a held-out picture
_HELD_WHOLE = 384  # px of its longer side, where the objective sees whole pictures
_HELD_COUNT = 16
_THUMBNAIL_SHARE, _VIEWS_SHARE = 0.5, 0.1  # of the memory for pictures
_SOURCE_PICTURES, _TARGET_PICTURES = 256, 512  # that a degradation model is calibrated with


class Batches(Protocol):
    """Numbered batches; the processes of a run share them out among themselves."""

    def batch(self, number: int, *, rank: int = 0, world: int = 1) -> Batch:
        """Return a batch, which is a function of its number, the process and the seed."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The pictures of a run. Where an objective learns from one folder, that is the source, and there is no target.

    Attributes
    ----------
    batches : Batches
        What the objective is trained on.
    preprocess : (Recipe, Recipe)
        What each domain's pictures go through before the network.
    folders : mapping of str to PhotoFolder
        ``source``, ``target``: the training part of each folder.
    fingerprint : mapping of str to str
        SHA-256 of each folder's names and sizes.
    held_raw, held_source : list of ndarray
        Held-out pictures of the source, as in the files and preprocessed.
    held_target, held_target_raw : list of ndarray
        The same of the target.
    first_result : FirstResult or None
        How the preprocessing of the source was chosen, where the score chose it.
    """

    batches: Batches
    preprocess: tuple[Recipe, Recipe]
    folders: dict[str, PhotoFolder]
    fingerprint: dict[str, str]
    held_raw: list[Image]
    held_source: list[Image]
    held_target: list[Image]
    held_target_raw: list[Image]
    first_result: FirstResult | None = None

    @property
    def skipped(self) -> dict[str, str]:
        """Pictures that could not be read so far, with the reason."""
        return {
            str(folder.path / name): reason
            for folder in self.folders.values()
            for name, reason in {**folder.other_kinds, **folder.skipped}.items()
        }


@dataclass(frozen=True, eq=False)
class SplitFolder:
    """A folder, preprocessed and split into a training and a held-out part; `raw` is the latter as in the files."""

    fingerprint: str
    preprocess: Recipe
    training: PhotoFolder
    held: PhotoFolder
    raw: PhotoFolder


class CropBatches:
    """Crops of one or more folders, as many of each, the last `views` of a batch being whole pictures of the same size."""

    def __init__(self, config: TrainConfig, folders: Mapping[str, PhotoFolder], *, views: int = 0) -> None:
        letters = {"source": "A", "target": "B"}
        self._sizes = config.batch - views, views
        budget = int(config.cache * 2**20 * _VIEWS_SHARE)
        self._views = [
            Sampler(
                thumbnails_of(folder, cache_bytes=budget, side=config.crop),
                domain=f"{letters[side]} whole",
                crop=config.crop,
                seed=config.seed,
                flips=config.flips,
            )
            for side, folder in folders.items()
            if views
        ]
        self._samplers = [
            Sampler(
                folder,
                domain=letters[side],
                crop=config.crop,
                seed=config.seed,
                flips=config.flips,
                crops_per_picture=config.crops_per_picture,
            )
            for side, folder in folders.items()
        ]

    def batch(self, number: int, *, rank: int = 0, world: int = 1) -> Batch:
        """Return the crops ``(N, C, crop, crop)`` of each folder."""
        found = [_numbered(self._samplers, number * world + rank, self._sizes[0])] if self._sizes[0] else []
        if self._views:
            found.append(_numbered(self._views, number * world + rank, self._sizes[1]))
        return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def _numbered(samplers: Sequence[Sampler], number: int, size: int) -> Batch:
    return tuple(sampler.batch(number * size, size) for sampler in samplers)


class ViewBatches:
    """Views of whole pictures of one folder."""

    def __init__(self, config: ZeroReferenceConfig, source: PhotoFolder) -> None:
        self._size = config.batch
        thumbnails = thumbnails_of(source, cache_bytes=config.cache * 2**20)
        self._views = ViewSampler(
            thumbnails, domain="A", seed=config.seed, flips=config.flips, min_share=config.least_view
        )

    def batch(self, number: int, *, rank: int = 0, world: int = 1) -> Batch:
        """Return thumbnails of pictures, and the boxes of views in them."""
        return self._views.batch((number * world + rank) * self._size, self._size)


class PlannerBatches:
    """Views of the target, and of the source where a discriminator looks at them."""

    def __init__(self, config: PlannerConfig, source: PhotoFolder, target: PhotoFolder) -> None:
        budget = int(config.cache * 2**20 * _THUMBNAIL_SHARE)
        self._source, self._thumbnails = source, thumbnails_of(target, cache_bytes=budget)
        self._size = config.batch
        weights = balanced(self._thumbnails, config.balance) if config.balance else None
        self._target = _views(self._thumbnails, "B", config, weights)
        self._discriminated = None
        if config.weights.adversarial:
            self._discriminated = _views(thumbnails_of(source, cache_bytes=budget // 2), "A", config)

    def batch(self, number: int, *, rank: int = 0, world: int = 1) -> Batch:
        """Return thumbnails and boxes of target views, and of source views."""
        start = (number * world + rank) * self._size
        found: Batch = self._target.batch(start, self._size)
        return found if self._discriminated is None else found + self._discriminated.batch(start, self._size)

    def source_pictures(self) -> Iterator[Image]:
        """Yield up to 256 whole pictures of the source, from all over the folder, one at a time."""
        return _evenly(self._source, _SOURCE_PICTURES)

    def target_thumbnails(self) -> Iterator[Image]:
        """Yield up to 512 thumbnails of pictures of the target."""
        return _evenly(self._thumbnails, _TARGET_PICTURES)


def open_folder(path: PathLike, *, channels: int, config: TrainConfig, preprocess: Recipe | None = None) -> PhotoFolder:
    """Open a folder with its share of the run's memory. Raises `DataError` if it cannot be trained on."""
    return PhotoFolder(path, preprocess=preprocess, channels=channels, cache_bytes=config.cache * 2**19)


def split_folder(raw: PhotoFolder, preprocess: Recipe, config: TrainConfig) -> SplitFolder:
    """Split a folder into a training and a held-out part, and preprocess both."""
    training, held = split(raw.names, fraction=config.holdout, seed=config.seed)
    channels = raw.channels
    ready = open_folder(raw.path, channels=channels, config=config, preprocess=preprocess) if preprocess.steps else raw
    return SplitFolder(raw.fingerprint(), preprocess, ready.subset(training), ready.subset(held), raw.subset(held))


def training_data(
    batches: Batches,
    *,
    source: SplitFolder,
    target: SplitFolder | None = None,
    name: str = "source",
    whole: bool = False,
) -> TrainingData:
    """Gather what a run needs of its pictures.

    Parameters
    ----------
    batches : Batches
        Of the training parts.
    source, target : SplitFolder
        Both folders, or the one that the objective learns from.
    name : str
        Which one that is.
    whole : bool
        Keep whole held-out pictures, reduced to 384 px, instead of their middles of 256 px.
    """
    sides = {name: source} if target is None else {"source": source, "target": target}
    keep = _reduced if whole else _middle
    return TrainingData(
        batches=batches,
        preprocess=(source.preprocess, Recipe() if target is None else target.preprocess),
        folders={side: folder.training for side, folder in sides.items()},
        fingerprint={side: folder.fingerprint for side, folder in sides.items()},
        held_raw=[keep(image) for image in _first(source.raw)],
        held_source=[keep(image) for image in _first(source.held)],
        held_target=[] if target is None else [keep(image) for image in _first(target.held)],
        held_target_raw=[] if target is None else [keep(image) for image in _first(target.raw)],
    )


def _views(
    thumbnails: PhotoFolder,
    domain: str,
    config: PlannerConfig,
    weights: NDArray[np.float64] | None = None,
) -> ViewSampler:
    return ViewSampler(
        thumbnails,
        domain=domain,
        seed=config.seed,
        flips=config.flips,
        min_share=config.least_view,
        weights=weights,
    )


def _evenly(folder: PhotoFolder, most: int) -> Iterator[Image]:
    for index in np.unique(np.linspace(0, len(folder) - 1, min(most, len(folder))).round().astype(int)):
        yield folder.picture(int(index))


def _first(folder: PhotoFolder) -> Iterator[Image]:
    return (folder.picture(index) for index in range(min(_HELD_COUNT, len(folder))))


def _reduced(image: Image) -> Image:
    factor = min(1.0, _HELD_WHOLE / max(image.shape[:2]))
    floats = to_float(image).astype(np.float32, copy=False)
    reduced = Recipe(step("zoom", factor=factor, interpolation="area"))(floats) if factor < 1 else floats
    return np.ascontiguousarray(reduced, np.float32)


def _middle(image: Image) -> Image:
    top, left = (max(0, (length - _HELD_CROP) // 2) for length in image.shape[:2])
    part = to_float(image[top : top + _HELD_CROP, left : left + _HELD_CROP])
    return np.ascontiguousarray(from_float(part, np.dtype(np.float32)))
