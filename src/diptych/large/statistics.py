"""Planning for a picture that is read by rows: what planners measure of it."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np

from diptych.core.errors import ParameterError
from diptych.core.image import FloatImage, to_float
from diptych.core.noise import level_of_blocks, luma_and_chroma, noise_blocks, noise_planes, picture_noise
from diptych.large.rows import Rows, every
from diptych.large.steps import after_steps
from diptych.recipes import Planned, Recipe, apply_wishes
from diptych.recipes.automatic import Auto, image_statistics, subsample_step
from diptych.runtime import NetworkPlanner
from diptych.runtime.corrected import CorrectedPlanner
from diptych.runtime.planner import Numbers
from diptych.runtime.thumbnail import thumbnail_by_rows

_BLOCK = 16  # px, of the noise
_VALUES = 8_000_000
_FEWEST = 100  # px of a side: smaller pictures have too small blocks to measure their noise by


def sample_of(rows: Rows) -> FloatImage:
    """Return some of the pixels, from which tones are measured."""
    return to_float(every(rows, subsample_step(rows.shape)))


@singledispatch
def planned(planner: Any, rows: Rows) -> Recipe:
    """Return the recipe that a planner makes for a picture.

    Raises
    ------
    ParameterError
        If it needs the whole picture.
    """
    raise ParameterError(f"'{planner.spec.name}' needs the whole picture to plan; take auto")


@planned.register
def _(planner: Auto, rows: Rows) -> Recipe:
    """Tones from some of the pixels, the noise from all of them."""
    sample = sample_of(rows)
    return planner.plan_for(image_statistics(sample, noise_of(rows)), sample)


@planned.register
def _(planner: CorrectedPlanner, rows: Rows) -> Recipe:
    """As `auto` and the network do it."""
    sample = sample_of(rows)

    def numbers() -> Numbers:
        network = planner.network
        return network.numbers_of(thumbnail_by_rows(rows.read, rows.shape, network.side))

    return planner.plan_for(image_statistics(sample, noise_of(rows)), sample, numbers)


@planned.register
def _(planner: Planned, rows: Rows) -> Recipe:
    return apply_wishes(planned(planner.planner, rows), planner.wishes)


@planned.register
def _(planner: NetworkPlanner, rows: Rows) -> Recipe:
    """From a thumbnail of all pixels."""
    wanted, given = planner.metadata.channels_in, rows.shape[2]
    if given != wanted:
        raise ParameterError(f"the picture has {given} channels, the model '{planner.spec.name}' takes {wanted}")
    seen = after_steps(planner.before.steps, rows)
    numbers = planner.numbers_of(thumbnail_by_rows(seen.read, seen.shape, planner.side))
    return planner.recipe_of(numbers, channels=given)


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
