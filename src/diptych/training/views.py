"""What a rendering and its camera are trained on: views of whole pictures, and parts of them at full resolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import Image
from diptych.data import BoxedCropSampler, PhotoFolder, ViewSampler, thumbnails_of
from diptych.networks import Render
from diptych.training.config import CycleGANConfig

_COPIES = 0.5  # of the memory for pictures that the small copies may have


@dataclass(frozen=True, eq=False)
class Views:
    """Batches for `diptych.training.render_game`.

    Parameters
    ----------
    source : PhotoFolder
        The pictures that the camera is to match.
    good, parts : ViewSampler, BoxedCropSampler
        Of the target.
    poor : ViewSampler or None
        Of the source; only where a discriminator looks at them.
    batch_size, crops : int
        How many views, and how many parts, are in a batch.
    """

    source: PhotoFolder
    good: ViewSampler
    parts: BoxedCropSampler | None
    poor: ViewSampler | None
    batch_size: int
    crops: int

    @classmethod
    def of(cls, source: PhotoFolder, target: PhotoFolder, config: CycleGANConfig) -> Views:
        """Return the views of the training parts of both folders."""
        budget = int(config.cache * 2**20 * _COPIES)
        options: dict[str, Any] = {"seed": config.seed, "flips": config.flips}
        copies = thumbnails_of(target, cache_bytes=budget)
        denoises = isinstance(config.forward, Render) and config.forward.denoiser != "none"
        parts = BoxedCropSampler(
            target, copies, domain="B", crop=config.crop, crops_per_picture=config.crops_per_picture, **options
        )
        poor = thumbnails_of(source, cache_bytes=budget // 2) if config.adversarial else None
        return cls(
            source=source,
            good=ViewSampler(copies, domain="B", min_share=config.least_view, **options),
            parts=parts if denoises and config.crops and config.denoising else None,
            poor=ViewSampler(poor, domain="A", min_share=config.least_view, **options) if poor else None,
            batch_size=config.batch,
            crops=config.crops,
        )

    def batch(self, number: int, *, rank: int = 0, world: int = 1) -> tuple[NDArray[np.float32], ...]:
        """Return batch `number`: copies and places of good views; of the source's; copies, crops and places of parts."""
        turn = number * world + rank
        found: tuple[NDArray[np.float32], ...] = self.good.batch(turn * self.batch_size, self.batch_size)
        if self.poor:
            found += self.poor.batch(turn * self.batch_size, self.batch_size)
        if self.parts:
            found += tuple(self.parts.batch(turn * self.crops, self.crops))
        return found

    def poor_pictures(self, most: int) -> Iterator[Image]:
        """Yield up to `most` whole pictures of the source, from all over the folder, one at a time."""
        return _spread(self.source, most)

    def good_copies(self, most: int) -> Iterator[Image]:
        """Yield up to `most` small copies of pictures of the target."""
        return _spread(self.good.folder, most)


def _spread(folder: PhotoFolder, most: int) -> Iterator[Image]:
    for index in np.unique(np.linspace(0, len(folder) - 1, min(most, len(folder))).round().astype(int)):
        yield folder.picture(int(index))
