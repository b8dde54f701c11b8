"""From the query of a request to an enhancer. Numbers, words and names only: nothing here opens a file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from diptych import operators
from diptych.core.enhancer import Enhancer
from diptych.core.errors import ParameterError, PhotoTooLargeError
from diptych.recipes import Recipe, Step, step
from diptych.recipes.steps import declaration_of
from diptych.runtime import EnhancerChoice, resolve_enhancer
from diptych.web.shelf import Shelf

MOST_STEPS = 16
_NOT_PLAIN = ("image", "model")

FormatName = Literal["jpeg", "png", "tiff", "webp", "bmp"]


class Wish(BaseModel):
    """What the query of a request may say. At most one of model, recipe and steps."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(None, max_length=64, description="A model by name; GET /v1/models lists them.")
    recipe: str | None = Field(None, max_length=64, description="A recipe by name; GET /v1/recipes lists them.")
    steps: str | None = Field(
        None,
        max_length=50_000,
        description='Operators as a JSON list, e.g. [{"operator": "gamma", "gamma": 0.5}]; GET /v1/operators lists them.',
    )
    profile: Literal["best", "fast"] | None = Field(
        None, description="For a model that renders: fast takes no noise away."
    )
    format: FormatName | None = Field(None, description="Format of the answer; by default that of the picture.")
    quality: int = Field(95, ge=1, le=100, description="Of JPEG and WebP answers.")


def enhancer_for(wish: Wish, shelf: Shelf) -> Enhancer:
    """Return what the query asks for; `ParameterError` or `UnknownNameError` if it cannot be had."""
    steps = None if wish.steps is None else read_steps(wish.steps)
    choice = EnhancerChoice(model=wish.model, recipe=wish.recipe, steps=steps, profile=wish.profile)
    return resolve_enhancer(choice, registry=shelf)


def read_steps(text: str) -> list[Step]:
    """Read steps from JSON: a list of objects, each an operator's name and values for some of its parameters.

    >>> [str(one) for one in read_steps('[{"operator": "gamma", "gamma": 0.5}]')]
    ['gamma gamma=0.5']
    """
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        raise ParameterError('steps: is not JSON; give e.g. [{"operator": "gamma", "gamma": 0.5}]') from None
    if not isinstance(listed, list) or len(listed) > MOST_STEPS:
        raise ParameterError(f"steps: give a list of at most {MOST_STEPS} steps")
    return [_step(one, number) for number, one in enumerate(listed, 1)]


def _step(item: Any, number: int) -> Step:
    name = item.get("operator") if isinstance(item, dict) else None
    if not isinstance(name, str):
        raise ParameterError(f'steps: step {number} needs the name of an operator: {{"operator": "..."}}')
    declaration = operators.declaration(name[:100])
    values = {key: value for key, value in item.items() if key != "operator"}
    for key, value in values.items():
        if declaration.parameter(key[:100]).kind in _NOT_PLAIN and value is not None:
            raise ParameterError(f"steps: step {number}: {name} {key} is a picture, which a request cannot give")
    return step(name, **values)


def to_json(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Return steps as `read_steps` reads them."""
    return [
        {"operator": one.operator} | {name: value for name, value in one.parameters if value is not None}
        for one in steps
    ]


def check_growth(enhancer: Enhancer, shape: tuple[int, ...], max_pixels: int) -> None:
    """Refuse steps that would make a picture larger than the limit, before any is done.

    Raises
    ------
    PhotoTooLargeError
        If one would. The message names the step.
    """
    height, width = shape[:2]
    planes = -(-(shape[2] if len(shape) == 3 else 1) // 4)
    for one in enhancer.steps if isinstance(enhancer, Recipe) else ():
        height, width = declaration_of(one.operator).output_shape((height, width), **dict(one.parameters))
        if height * width * planes > max_pixels:
            raise PhotoTooLargeError(
                f"{one.operator} would make {width} x {height} pixels of it, more than the service's {max_pixels}; ask for less"
            )
