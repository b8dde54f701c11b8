"""Animations and pages through an enhancer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from diptych.core.enhancer import Enhancer
from diptych.photo import Frames, Photo
from diptych.recipes import Planner, Recipe
from diptych.runtime.enhancing import brighter, enhance, plan


def enhance_frames(frames: Frames, enhancer: Enhancer, times: int = 0) -> tuple[Frames, tuple[Recipe, ...]]:
    """Enhance every frame of an animation by one plan, so that nothing flickers, and every page of a TIFF by its own.

    Parameters
    ----------
    frames : Frames
        What `diptych.photo.read_frames` returns; one picture is a page.
    enhancer : Enhancer
        A recipe, a model or a planner, whose plan for an animation is made for the frame of middle brightness.
    times : int
        How many times the spread of a plan brighter, or darker.

    Returns
    -------
    (Frames, tuple of Recipe)
        The frames with the times and metadata that they had, and the recipes that were planned, in order.

    Examples
    --------
    >>> from diptych.photo import Photo
    >>> from diptych.recipes import auto
    >>> dark = tuple(Photo(np.full((8, 8), value, np.uint8)) for value in (9, 12, 15))
    >>> done, recipes = enhance_frames(Frames(dark, (40, 40, 40)), auto)
    >>> len(done.photos), len(recipes)
    (3, 1)
    """
    photos = frames.photos
    if not isinstance(enhancer, Planner):
        return replace(frames, photos=tuple(enhance(photo, enhancer) for photo in photos)), ()
    keys = (_middle(frames),) if frames.timed else photos
    recipes = tuple(plan(key, brighter(key, enhancer, times)) for key in keys)
    chosen = recipes * len(photos) if frames.timed else recipes
    done = tuple(enhance(photo, recipe) for photo, recipe in zip(photos, chosen, strict=True))
    return replace(frames, photos=done), recipes


def _middle(frames: Frames) -> Photo:
    """Return the frame whose mean is the median of all."""
    order = np.argsort([float(photo.pixels.mean()) for photo in frames.photos], kind="stable")
    return frames.photos[int(order[len(order) // 2])]
