"""Enhancers on pictures that are read by rows. A model sees the thumbnail, found in a first pass; the rendering follows."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np

from diptych.core.enhancer import Enhancer
from diptych.core.errors import ParameterError
from diptych.core.image import convert
from diptych.large.rows import LazyRows, Rows, in_floats
from diptych.large.statistics import planned
from diptych.large.steps import after_steps
from diptych.recipes import Planned, Recipe
from diptych.recipes.automatic import Auto
from diptych.runtime import NetworkPlanner, RenderEnhancer
from diptych.runtime.render import render
from diptych.runtime.thumbnail import thumbnail_by_rows


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
    raise ParameterError(
        f"'{enhancer.spec.name}' needs the whole picture; by rows there are recipes, what plans, and models that render "
        f"without a denoiser of their own (profile fast)"
    )


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


@_enhanced.register
def _(enhancer: RenderEnhancer, rows: Rows) -> Rows:
    metadata = enhancer.metadata
    if not enhancer.spec.by_rows:
        raise ParameterError(
            f"'{metadata.name}' has a denoiser, which large pictures are not given; choose the profile fast"
        )
    if rows.shape[2] != metadata.channels_in:
        raise ParameterError(
            f"the picture has {rows.shape[2]} channels, the model '{metadata.name}' takes {metadata.channels_in}"
        )
    preprocess, postprocess = (
        Recipe.from_toml(text) if text else None for text in (metadata.preprocess, metadata.postprocess)
    )
    # As in memory: integers between the steps and the network have 16 bits, so that no level is lost.
    between = np.dtype(np.uint16 if rows.dtype.kind == "u" else np.float32)
    given = converted(after_steps(preprocess.steps, rows), between) if preprocess else _supported(rows)
    dtype = (between if postprocess else rows.dtype) if rows.dtype.kind == "u" else np.dtype(np.float32)
    parameters = enhancer.decide(thumbnail_by_rows(given.read, given.shape, enhancer.thumbnail))
    height = rows.shape[0]
    made = LazyRows(given, lambda strip, first: render(strip, parameters, dtype, above=first, height=height), dtype)
    return after_steps(postprocess.steps, made) if postprocess else made


def _supported(rows: Rows) -> Rows:
    """Return the picture in a dtype that the kernels take."""
    return (
        rows if rows.dtype.name in ("uint8", "uint16", "float32") else converted(in_floats(rows), np.dtype(np.float32))
    )
