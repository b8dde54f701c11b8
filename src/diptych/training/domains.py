"""Both folders of a run, made ready: divided, prepared, cut into numbered batches."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image, from_float, to_float
from diptych.data import PhotoFolder, Sampler, split
from diptych.photo import read
from diptych.recipes import Recipe, step
from diptych.training.before import decide_before
from diptych.training.config import CycleGANConfig
from diptych.training.views import Views

_HELD_SIDE = 256
_HELD_WHOLE = 384
_HELD_COUNT = 16

Batch = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, eq=False)
class Domains:
    """What a run knows of its pictures.

    Parameters
    ----------
    before : (Recipe, Recipe)
        What each domain's pictures went through before the network.
    samplers : (Sampler, Sampler)
        Crops of the training part.
    held_raw, held_source, held_target, held_wanted : list of ndarray
        Middles of pictures kept out of training: source as in the files, source after its `before`, target after its, target
        as in the files.
    fingerprint : dict
        SHA-256 of either folder's names and sizes.
    views : Views, optional
        In place of crops of both, what a rendering and its camera are trained on.
    """

    before: tuple[Recipe, Recipe]
    samplers: tuple[Sampler, Sampler]
    held_raw: list[Image]
    held_source: list[Image]
    held_target: list[Image]
    held_wanted: list[Image]
    fingerprint: dict[str, str]
    views: Views | None = None

    def batch(self, number: int, *, size: int, rank: int = 0, world: int = 1) -> Batch:
        """Return batch `number` of both domains; the processes share its crops out among themselves."""
        if self.views is not None:
            return self.views.batch(number, rank=rank, world=world)
        start = (number * world + rank) * size
        first, second = self.samplers
        return first.batch(start, size), second.batch(start, size)

    @property
    def skipped(self) -> dict[str, str]:
        """Pictures that could not be read so far, with the reason."""
        return {
            str(sampler.folder.path / name): reason
            for sampler in self.samplers
            for name, reason in sampler.folder.skipped.items()
        }


def open_domains(config: CycleGANConfig, *, source: str | os.PathLike[str], target: str | os.PathLike[str]) -> Domains:
    """Open both folders for a run.

    Raises
    ------
    DataError
        If a folder cannot be trained on; it is named.
    """
    channels = config.forward.channels_in, config.forward.channels_out
    raw = [_folder(path, None, count, config) for path, count in zip((source, target), channels, strict=True)]
    before = decide_before(raw[0], raw[1], config)
    parts = [split(folder.names, fraction=config.holdout, seed=config.seed) for folder in raw]
    ready = [
        _folder(folder.path, recipe, folder.channels, config) if recipe.steps else folder
        for folder, recipe in zip(raw, before, strict=True)
    ]
    options = {"crop": config.crop, "seed": config.seed, "crops_per_picture": config.crops_per_picture}
    samplers = [
        Sampler(folder.restrict(names), domain=domain, flips=config.flips, **options)
        for folder, (names, _), domain in zip(ready, parts, "AB", strict=True)
    ]
    held = [folder.restrict(names) for folder, (_, names) in zip(ready, parts, strict=True)]
    shown = _wholes if config.has_camera else _middles
    return Domains(
        before=before,
        samplers=(samplers[0], samplers[1]),
        held_raw=shown(raw[0].restrict(parts[0][1])),
        held_source=shown(held[0]),
        held_target=shown(held[1]),
        held_wanted=shown(raw[1].restrict(parts[1][1])),
        fingerprint={"source": raw[0].fingerprint(), "target": raw[1].fingerprint()},
        views=Views.of(samplers[0].folder, samplers[1].folder, config) if config.has_camera else None,
    )


def channels_of(path: str | os.PathLike[str]) -> int:
    """Return 1 if the first pictures of a folder are all grey, otherwise 3."""
    folder = PhotoFolder(path)
    looked_at = [read(folder.path / name).pixels for name in folder.names[:4]]
    return 1 if all(pixels.ndim == 2 or pixels.shape[2] == 1 for pixels in looked_at) else 3


def _folder(path: str | os.PathLike[str], before: Recipe | None, channels: int, config: CycleGANConfig) -> PhotoFolder:
    return PhotoFolder(path, before=before, channels=channels, cache_bytes=config.cache * 2**19)


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
