"""The geometry of a recipe: its geometric steps, and the map of positions that they amount to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diptych.core.image import FloatImage, Image, to_float
from diptych.recipes.recipe import Recipe
from diptych.recipes.steps import Step, declaration_of, step

_CONTENT = "register"  # its map depends on the image


def geometry_of(recipe: Recipe, image: Image) -> Recipe:
    """Return the geometric steps of a recipe, with those whose map depends on the image as they are chosen for this one.

    >>> print(geometry_of(Recipe(step("gamma", gamma=2.0), step("flip")), np.zeros((4, 6), np.uint8)))
    flip direction=horizontal
    """
    chosen = []
    for index, one in enumerate(recipe.steps):
        if declaration_of(one.operator).group == "geometry":
            known = one.operator != _CONTENT
            chosen.append(one if known else _as_affine(one, Recipe(*recipe.steps[:index])(image)))
    return Recipe(*chosen, name="geometry")


def _as_affine(one: Step, image: Image) -> Step:
    from diptych.operators.register import find_mapping

    parameters = dict(one.parameters)
    (a, b, c), (d, e, f) = find_mapping(
        _channels(image), _reference(parameters["reference"]), parameters["thumbnail"], str(parameters["model"])
    ).tolist()
    kept = {name: parameters[name] for name in ("interpolation", "border")}
    return step("affine", matrix=((e, d, f), (b, a, c)), **kept)


def _channels(image: Image) -> FloatImage:
    floats = to_float(image)
    return floats if floats.ndim == 3 else floats[:, :, np.newaxis]


def _reference(image: object) -> FloatImage | None:
    return None if image is None else _channels(np.asarray(image))


def mapping_of(geometry: Recipe, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the 3 x 3 matrix, in (x, y, 1) order, from pixels of the result of geometric steps to pixels of the image.

    Parameters
    ----------
    geometry : Recipe
        From `geometry_of`.
    shape : tuple of int
        Of the image.

    Examples
    --------
    >>> mapping_of(Recipe(step("crop", left=2), step("zoom", factor=0.5)), (8, 10)).tolist()
    [[2.0, 0.0, 2.5], [0.0, 2.0, 0.5], [0.0, 0.0, 1.0]]
    """
    total, size = np.eye(3), (shape[0], shape[1])
    for one in geometry.steps:
        declaration, parameters = declaration_of(one.operator), dict(one.parameters)
        assert declaration.mapping is not None, one.operator
        matrix = np.eye(3)
        matrix[:2] = declaration.mapping(size, **parameters)
        total = total @ matrix
        size = declaration.output_shape(size, **parameters)
    swap = [1, 0, 2]
    return total[swap][:, swap]
