"""Enhancers on pictures that are read by rows: what plans does so in a first pass, and then its steps follow."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np

from diptych.core.enhancer import Enhancer
from diptych.core.errors import ParameterError
from diptych.core.image import convert
from diptych.large.rows import LazyRows, Rows
from diptych.large.statistics import planned
from diptych.large.steps import after_steps
from diptych.recipes import Planned, Recipe
from diptych.recipes.automatic import Auto
from diptych.runtime import NetworkPlanner


def enhanced(enhancer: Enhancer, rows: Rows) -> Rows:
    """Return the enhanced picture, in the dtype of the picture.

    Raises
    ------
    ParameterError
        If the enhancer needs the whole picture at once.
    """
    return converted(_enhanced(enhancer, rows), rows.dtype)


def converted(rows: Rows, dtype: np.dtype[Any]) -> Rows:
    """Return the picture in another dtype, correctly rounded."""
    return rows if rows.dtype == dtype else LazyRows(rows, lambda strip, _: convert(strip, dtype), dtype)


@singledispatch
def _enhanced(enhancer: Any, rows: Rows) -> Rows:
    raise ParameterError(f"'{enhancer.spec.name}' needs the whole picture; by rows there are recipes, and what plans")


@_enhanced.register
def _(enhancer: Recipe, rows: Rows) -> Rows:
    return after_steps(enhancer.steps, rows)


@_enhanced.register
def _(enhancer: Auto, rows: Rows) -> Rows:
    return after_steps(planned(enhancer, rows).steps, rows)


@_enhanced.register
def _(enhancer: Planned, rows: Rows) -> Rows:
    return after_steps(planned(enhancer, rows).steps, rows)


@_enhanced.register
def _(enhancer: NetworkPlanner, rows: Rows) -> Rows:
    return after_steps(planned(enhancer, rows).steps, rows)
