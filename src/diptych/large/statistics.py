"""Planning for a picture that is read by rows: what planners measure of it."""

from __future__ import annotations

import itertools
from functools import singledispatch
from typing import Any

import numpy as np

from diptych.core.errors import ParameterError
from diptych.core.image import FloatImage, to_float
from diptych.core.noise import NoiseModel, find_jpeg, measure_noise, noise_of_regions
from diptych.core.noise.blocks import SIDE, places
from diptych.core.operator import GRID
from diptych.large.rows import Rows, every
from diptych.large.steps import after_steps
from diptych.recipes import Planned, Recipe, apply_wishes
from diptych.recipes.automatic import Auto
from diptych.recipes.statistics import ImageStatistics, image_statistics, subsample_step
from diptych.runtime import NetworkPlanner
from diptych.runtime.corrected import CorrectedPlanner
from diptych.runtime.planner import Numbers
from diptych.runtime.thumbnail import thumbnail_by_rows

_SOUGHT = 768  # rows in the middle in which the blocks of a JPEG are looked for


def sample_of(rows: Rows) -> FloatImage:
    """Return some of the pixels, from which tones are measured."""
    return to_float(every(rows, subsample_step(rows.shape)))


def measured_by_rows(rows: Rows) -> tuple[ImageStatistics, FloatImage]:
    """Return the statistics of a picture, and the sample of its pixels that they are of."""
    sample = sample_of(rows)
    return image_statistics(sample, noise_of(rows)), sample


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
    return planner.plan_for(*measured_by_rows(rows))


@planned.register
def _(planner: CorrectedPlanner, rows: Rows) -> Recipe:
    """As `auto` and the network do it."""

    def numbers() -> Numbers:
        network = planner.network
        return network.numbers_of(thumbnail_by_rows(rows.read, rows.shape, network.side))

    return planner.plan_for(*measured_by_rows(rows), numbers)


@planned.register
def _(planner: Planned, rows: Rows) -> Recipe:
    found = planned(planner.planner, rows)
    return apply_wishes(found, planner.wishes, lambda: planner.denoising(lambda: noise_of(rows)))


@planned.register
def _(planner: NetworkPlanner, rows: Rows) -> Recipe:
    """From a thumbnail of all pixels."""
    wanted, given = planner.metadata.channels_in, rows.shape[2]
    if given != wanted:
        raise ParameterError(f"the picture has {given} channels, the model '{planner.spec.name}' takes {wanted}")
    seen = after_steps(planner.before.steps, rows)
    numbers = planner.numbers_of(thumbnail_by_rows(seen.read, seen.shape, planner.side))
    return planner.denoised(planner.recipe_of(numbers, channels=given), lambda: measured_by_rows(rows))


def noise_of(rows: Rows) -> NoiseModel:
    """Measure the noise, as `diptych.core.noise.measure_noise` does it."""
    wanted = places(*rows.shape[:2])
    if not wanted:
        return measure_noise(rows.read(0, rows.shape[0]))
    regions = []
    for top, group in itertools.groupby(wanted, key=lambda place: place[0]):
        strip = rows.read(top, top + SIDE)
        regions += [strip[:, left : left + SIDE].copy() for _, left in group]  # a view would keep the whole strip
    middle = max(0, rows.shape[0] - _SOUGHT) // 2 // GRID * GRID
    return noise_of_regions(
        to_float(np.stack(regions)), find_jpeg(rows.read(middle, min(middle + _SOUGHT, rows.shape[0])))
    )
