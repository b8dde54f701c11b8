"""From names and steps in a query to an enhancer, and back. Nothing here opens a file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from diptych.core.enhancer import Enhancer
from diptych.core.errors import ParameterError, PhotoTooLargeError, UnknownNameError
from diptych.recipes import Recipe, Step, Wishes, refine, step
from diptych.recipes.steps import declaration_of
from diptych.runtime import EnhancerChoice, resolve_enhancer
from diptych.web.models import ModelRegistry
from diptych.web.query import ChoiceQuery, EnhanceQuery

MOST_STEPS = 16
NOT_IN_QUERY = ("image", "model")
"""Kinds of parameters that a query cannot give."""


def enhancer_for(query: ChoiceQuery, registry: ModelRegistry, *, wishes: bool = True) -> Enhancer:
    """Return the enhancer of a query, or what it is without the wishes.

    Raises
    ------
    ParameterError, UnknownNameError
        If there is no such enhancer.
    """
    steps = read_steps(query.steps) if isinstance(query, EnhanceQuery) and query.steps is not None else None
    choice = EnhancerChoice(
        model=query.model,
        recipe=query.recipe,
        steps=steps,
        profile=query.profile,
        wishes=query.wishes if wishes else Wishes(),
    )
    return resolve_enhancer(choice, registry=registry)


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
    declaration = declaration_of(name[:100])
    if declaration is refine.DECLARATION:
        raise UnknownNameError(f"no operator named '{name[:100]}' for requests; leave the step out")
    values = {key: value for key, value in item.items() if key != "operator"}
    for key, value in values.items():
        if declaration.parameter(key[:100]).kind == "image" and value is not None:
            raise ParameterError(
                f"steps: step {number}: {name} {key} is a picture, which a request cannot give; leave it out"
            )
    return step(name, **values)


def compact(steps: Iterable[Step]) -> str:
    """Return steps as `read_steps` reads them, as short as can be: without values that are the defaults.

    >>> compact([step("levels", white=0.9)])
    '[{"operator":"levels","white":0.9}]'
    """
    shortened = []
    for one in steps:
        usual = {parameter.name: parameter.default for parameter in one.declaration.parameters}
        shortened.append({name: value for name, value in one.as_dict().items() if usual.get(name) != value})
    return json.dumps(shortened, separators=(",", ":"))


def to_json(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Return steps as `read_steps` reads them."""
    return [one.as_dict() for one in steps]


def check_growth(enhancer: Enhancer, shape: tuple[int, ...], max_pixels: int) -> int:
    """Return the number of pixels of the largest picture between the steps, before any step is run.

    Raises
    ------
    PhotoTooLargeError
        If it is more than the limit. The message names the step.
    """
    height, width = shape[:2]
    planes = -(-(shape[2] if len(shape) == 3 else 1) // 4)
    largest = height * width
    for one in enhancer.steps if isinstance(enhancer, Recipe) else ():
        height, width = one.declaration.output_shape((height, width), **dict(one.parameters))
        if height * width * planes > max_pixels:
            raise PhotoTooLargeError(
                f"{one.operator} would make {width} x {height} pixels, more than {max_pixels}; request a smaller result"
            )
        largest = max(largest, height * width)
    return largest
