"""What the recipe `auto` sees in a picture that is read by rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from diptych.core.image import to_float
from diptych.core.noise import level_of_blocks, luma_and_chroma, noise_blocks, noise_planes
from diptych.large.rows import Rows, some
from diptych.recipes import Recipe, auto
from diptych.recipes.automatic import image_statistics, subsample_step

_BLOCK = 16  # px, of the noise
_VALUES = 8_000_000
_FEWEST = 100  # px of a side: smaller pictures have too few blocks to measure their noise by


def plan(rows: Rows) -> Recipe:
    """Return the recipe that `auto` makes for a picture: tones from some of its pixels, the noise from all of them."""
    sample = to_float(some(rows, subsample_step(rows.shape)))
    statistics = image_statistics(sample)
    if min(rows.shape[:2]) >= _FEWEST:
        luma, chroma = _noise(rows)
        statistics = replace(statistics, luma_noise=luma, chroma_noise=chroma)
    return auto.plan_for(statistics, sample)


def _noise(rows: Rows) -> tuple[float, float]:
    height, width, channels = rows.shape
    step = max(1, _VALUES // (width * channels * _BLOCK)) * _BLOCK
    found: list[list[tuple[np.ndarray, np.ndarray]]] = []
    for first in range(0, height - 2 - _BLOCK + 1, step):
        strip = to_float(rows.read(first, min(first + step + 2, height)))
        found.append([noise_blocks(channel, brightness) for channel, brightness in noise_planes(strip)])
    levels = []
    for plane in zip(*found, strict=True):
        local, level = (np.concatenate([part[side].ravel() for part in plane]) for side in (0, 1))
        levels.append(level_of_blocks(local, level))
    return luma_and_chroma(levels)
