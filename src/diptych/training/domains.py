"""The folders of a run, both or the one that it has, made ready: divided, prepared, cut into numbered batches."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, from_float, to_float
from diptych.data import PhotoFolder, Sampler, ViewSampler, split, thumbnails_of
from diptych.photo import read
from diptych.recipes import Recipe, step
from diptych.training.before import decide_before, decide_before_alone
from diptych.training.config import CycleGANConfig
from diptych.training.objectives import check_folders
from diptych.training.views import Views

_HELD_SIDE = 256
_HELD_WHOLE = 384
_HELD_COUNT = 16

Batch = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, eq=False)
class Domains:
    """What a run knows of its pictures. A run with a single folder has it in the place of the source, and no target.

    Parameters
    ----------
    before : (Recipe, Recipe)
        What each domain's pictures went through before the network.
    samplers : tuple of Sampler
        Crops of the training part of each folder.
    held_raw, held_source, held_target, held_wanted : list of ndarray
        Middles of pictures kept out of training: source as in the files, source after its `before`, target after its, target
        as in the files.
    fingerprint : dict
        SHA-256 of each folder's names and sizes.
    views : Views, optional
        In place of crops of both, what a rendering and its camera are trained on.
    wholes : ViewSampler, optional
        In place of crops, views of whole pictures of a single folder.
    """

    before: tuple[Recipe, Recipe]
    samplers: tuple[Sampler, ...]
    held_raw: list[Image]
    held_source: list[Image]
    held_target: list[Image]
    held_wanted: list[Image]
    fingerprint: dict[str, str]
    views: Views | None = None
    wholes: ViewSampler | None = None

    def batch(self, number: int, *, size: int, rank: int = 0, world: int = 1) -> Batch:
        """Return batch `number` of each folder's crops; the processes share them out among themselves.

        With `wholes` it is copies of pictures, and the places of views in them (see `diptych.data.ViewSampler`).
        """
        if self.views is not None:
            return self.views.batch(number, rank=rank, world=world)
        start = (number * world + rank) * size
        if self.wholes is not None:
            return self.wholes.batch(start, size)
        return tuple(sampler.batch(start, size) for sampler in self.samplers)

    @property
    def skipped(self) -> dict[str, str]:
        """Pictures that could not be read so far, with the reason."""
        return {
            str(sampler.folder.path / name): reason
            for sampler in self.samplers
            for name, reason in sampler.folder.skipped.items()
        }


def open_domains(
    config: CycleGANConfig,
    *,
    source: str | os.PathLike[str] | None = None,
    target: str | os.PathLike[str] | None = None,
) -> Domains:
    """Open the folders for a run.

    Raises
    ------
    ParameterError
        If a folder that the objective learns from is missing, or one is given besides.
    DataError
        If a folder cannot be trained on; it is named.
    """
    check_folders(config.objective, source=source is not None, target=target is not None)
    if source is not None and target is not None:
        return _both(config, source, target)
    name, path = ("source", source) if source is not None else ("target", target)
    assert path is not None
    return _alone(config, name, path)


def _both(config: CycleGANConfig, source: str | os.PathLike[str], target: str | os.PathLike[str]) -> Domains:
    channels = config.forward.channels_in, config.forward.channels_out
    raw = [_folder(path, None, count, config) for path, count in zip((source, target), channels, strict=True)]
    before = decide_before(raw[0], raw[1], config)
    sides = [_divided(*side, config) for side in zip(raw, before, "AB", strict=True)]
    shown = _wholes if config.has_camera else _middles
    return Domains(
        before=before,
        samplers=tuple(side.sampler for side in sides),
        held_raw=shown(sides[0].held_raw),
        held_source=shown(sides[0].held),
        held_target=shown(sides[1].held),
        held_wanted=shown(sides[1].held_raw),
        fingerprint={"source": raw[0].fingerprint(), "target": raw[1].fingerprint()},
        views=Views.of(sides[0].sampler.folder, sides[1].sampler.folder, config) if config.has_camera else None,
    )


def _alone(config: CycleGANConfig, name: str, path: str | os.PathLike[str]) -> Domains:
    whole = config.game == "exposure"  # which is that of a picture, not of a crop
    raw = _folder(path, None, config.forward.channels_in, config)
    before = decide_before_alone(raw, config)
    side = _divided(raw, before, "A" if name == "source" else "B", config)
    shown = _wholes if whole else _middles
    return Domains(
        before=(before, Recipe()),
        samplers=(side.sampler,),
        held_raw=shown(side.held_raw),
        held_source=shown(side.held),
        held_target=[],
        held_wanted=[],
        fingerprint={name: raw.fingerprint()},
        wholes=_views(side.sampler.folder, config) if whole else None,
    )


class _Side(NamedTuple):
    """A folder, divided."""

    sampler: Sampler
    held: PhotoFolder
    held_raw: PhotoFolder


def _divided(raw: PhotoFolder, before: Recipe, domain: str, config: CycleGANConfig) -> _Side:
    training, kept = split(raw.names, fraction=config.holdout, seed=config.seed)
    ready = _folder(raw.path, before, raw.channels, config) if before.steps else raw
    sampler = Sampler(
        ready.subset(training),
        domain=domain,
        crop=config.crop,
        seed=config.seed,
        flips=config.flips,
        crops_per_picture=config.crops_per_picture,
    )
    return _Side(sampler, ready.subset(kept), raw.subset(kept))


def _views(folder: PhotoFolder, config: CycleGANConfig) -> ViewSampler:
    copies = thumbnails_of(folder, cache_bytes=config.cache * 2**20)
    return ViewSampler(copies, domain="A", seed=config.seed, flips=config.flips, min_share=config.least_view)


def channels_of(path: str | os.PathLike[str]) -> int:
    """Return 1 if the first pictures of a folder are all grey, otherwise 3."""
    folder = PhotoFolder(path)
    looked_at = [read(folder.path / name).pixels for name in folder.names[:4]]
    return 1 if all(pixels.ndim == 2 or pixels.shape[2] == 1 for pixels in looked_at) else 3


def _folder(path: str | os.PathLike[str], before: Recipe | None, channels: int, config: CycleGANConfig) -> PhotoFolder:
    return PhotoFolder(path, preprocess=before, channels=channels, cache_bytes=config.cache * 2**19)


def _middles(folder: PhotoFolder) -> list[Image]:
    return [_middle(folder.picture(index)) for index in range(min(_HELD_COUNT, len(folder)))]


def _wholes(folder: PhotoFolder) -> list[Image]:
    return [_reduced(folder.picture(index)) for index in range(min(_HELD_COUNT, len(folder)))]


def _reduced(image: Image) -> Image:
    """Return the whole picture, which a rendering has to see, as a smaller one."""
    factor = min(1.0, _HELD_WHOLE / max(image.shape[:2]))
    floats = to_float(image).astype(np.float32, copy=False)
    reduced = Recipe(step("zoom", factor=factor, interpolation="area"))(floats) if factor < 1 else floats
    return np.ascontiguousarray(reduced, np.float32)


def _middle(image: Image) -> Image:
    top, left = (max(0, (length - _HELD_SIDE) // 2) for length in image.shape[:2])
    part = to_float(image[top : top + _HELD_SIDE, left : left + _HELD_SIDE])
    return np.ascontiguousarray(from_float(part, np.dtype(np.float32)))
