"""What `auto` and the default enhancer measure of a picture, where it is read by rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from diptych.core.image import FloatImage, to_float
from diptych.core.noise import level_of_blocks, luma_and_chroma, noise_blocks, noise_planes, picture_noise
from diptych.large.rows import Rows, every
from diptych.recipes import Recipe, auto
from diptych.recipes.automatic import image_statistics, subsample_step

_BLOCK = 16  # px, of the noise
_VALUES = 8_000_000
_FEWEST = 100  # px of a side: smaller pictures have too small blocks to measure their noise by


def sample_of(rows: Rows) -> FloatImage:
    """Return some of the pixels, from which tones are measured."""
    return to_float(every(rows, subsample_step(rows.shape)))


def plan_auto(rows: Rows) -> Recipe:
    """Return the recipe that `auto` makes for a picture: tones from some of its pixels, the noise from all of them."""
    sample = sample_of(rows)
    luma, chroma = noise_of(rows)
    return auto.plan_for(replace(image_statistics(sample), luma_noise=luma, chroma_noise=chroma), sample)


def noise_of(rows: Rows) -> tuple[float, float]:
    """Return the noise of luma and chroma."""
    height, width, channels = rows.shape
    if min(height, width) < _FEWEST:
        return picture_noise(sample_of(rows))
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
