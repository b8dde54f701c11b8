"""Models on pictures that are read by rows: the network sees the thumbnail, found in a first pass; the rendering follows."""

from __future__ import annotations

from typing import Any

import numpy as np

from diptych.core.enhancer import Enhancer
from diptych.core.errors import ParameterError
from diptych.core.image import Image, from_float, to_float
from diptych.large.looking import plan
from diptych.large.rows import Made, Rows, in_floats, some
from diptych.large.steps import after_steps
from diptych.recipes import Recipe, auto
from diptych.recipes.automatic import image_statistics
from diptych.runtime import InTheBox, RenderEnhancer
from diptych.runtime.enhancing import DENOISING, thinning
from diptych.runtime.picture import convert
from diptych.runtime.render import render, thumbnail_row


def enhanced(enhancer: Enhancer, rows: Rows) -> Rows:
    """Return the enhanced picture, in the dtype of the picture.

    Raises
    ------
    ParameterError
        If the enhancer needs the whole picture at once.
    """
    return converted(_enhanced(enhancer, rows), rows.dtype)


def _enhanced(enhancer: Enhancer, rows: Rows) -> Rows:
    if isinstance(enhancer, InTheBox):
        return _in_the_box(enhancer, rows)
    if isinstance(enhancer, RenderEnhancer):
        return _rendered(enhancer, rows)
    if isinstance(enhancer, Recipe):
        return after_steps(enhancer.steps, rows)
    if enhancer is auto:
        return after_steps(plan(rows).steps, rows)
    raise ParameterError(
        f"'{enhancer.spec.name}' needs the whole picture; by rows there are recipes, auto and models that render without a "
        f"denoiser of their own (--profile fast)"
    )


def converted(rows: Rows, dtype: np.dtype[Any]) -> Rows:
    """Return the picture in another dtype, correctly rounded."""
    return rows if rows.dtype == dtype else Made(rows, lambda strip, _: convert(strip, dtype), dtype)


def _in_the_box(box: InTheBox, rows: Rows) -> Rows:
    if rows.shape[2] != 3:
        return after_steps(plan(rows).steps, rows)
    night = image_statistics(to_float(some(rows, thinning(rows.shape)))).night
    recipe = plan(rows) if night > 0 or box.profile == "best" else Recipe()
    if night == 1:
        return after_steps(recipe.steps, rows)
    calm = [one for one in recipe.steps if one.operator == DENOISING] if box.profile == "best" else []
    wide = converted(after_steps(calm, rows), np.dtype(np.float32 if rows.dtype.kind == "f" else np.uint16))
    day = converted(_enhanced(box.model, wide if calm else rows), rows.dtype)
    return _mixed(day, converted(after_steps(recipe.steps, rows), rows.dtype), night) if night else day


def _mixed(one: Rows, other: Rows, share: float) -> Rows:
    def work(strip: Image, first: int) -> Image:
        start = to_float(strip)
        end = to_float(other.read(first, first + len(strip)))
        return from_float(start + np.float32(share) * (end - start), one.dtype)

    return Made(one, work, one.dtype)


def _rendered(model: RenderEnhancer, rows: Rows) -> Rows:
    facts = model.metadata
    if model.denoises:
        raise ParameterError(f"'{facts.name}' has a denoiser, which large pictures are not given; add --profile fast")
    if rows.shape[2] != facts.channels_in:
        raise ParameterError(
            f"the picture has {rows.shape[2]} channels, the model '{facts.name}' takes {facts.channels_in}"
        )
    before, after = (_steps(text) for text in (facts.preprocess, facts.postprocess))
    # As in memory: integers between the steps and the network have 16 bits, so that no level is lost.
    wide = np.dtype(np.uint16 if rows.dtype.kind == "u" else np.float32)
    prepared = converted(after_steps(before.steps, rows), wide) if before else _plain(rows)
    dtype = (wide if after else rows.dtype) if rows.dtype.kind == "u" else np.dtype(np.float32)
    parameters = model.decide(_thumbnail(prepared, model.thumbnail))
    height = rows.shape[0]
    made = Made(prepared, lambda strip, first: render(strip, parameters, dtype, above=first, height=height), dtype)
    return after_steps(after.steps, made) if after else made


def _steps(text: str) -> Recipe | None:
    return Recipe.from_toml(text) if text else None


def _plain(rows: Rows) -> Rows:
    return (
        rows if rows.dtype.name in ("uint8", "uint16", "float32") else converted(in_floats(rows), np.dtype(np.float32))
    )


def _thumbnail(rows: Rows, side: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    cells = np.empty((rows.shape[2], side, side), np.float32)
    for row in range(side):
        thumbnail_row(rows.read, rows.shape, cells, row)
    return cells
