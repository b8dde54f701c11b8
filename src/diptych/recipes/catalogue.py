"""The enhancers that have a name: what a recipe can be called besides its file."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from diptych.core.enhancer import Enhancer
from diptych.core.errors import UnknownNameError, did_you_mean
from diptych.recipes import tuned
from diptych.recipes.automatic import auto
from diptych.recipes.recipe import Recipe

# Made when they are asked for: a step reads the file of its operator.
_NAMED: dict[str, Callable[[], Enhancer]] = {
    "auto": lambda: auto,
    "underwater": tuned.underwater,
    "haze": tuned.haze,
    "xray": tuned.xray,
    "scan": tuned.scan,
    "document": tuned.document,
}


def names() -> tuple[str, ...]:
    """Return the names of all built-in recipes.

    >>> names()
    ('auto', 'document', 'haze', 'scan', 'underwater', 'xray')
    """
    return tuple(sorted(_NAMED))


def find(name: str) -> Enhancer:
    """Return the built-in recipe of this name, or the recipe in the file of this name.

    Raises
    ------
    UnknownNameError
        If it is neither.
    RecipeError
        If the file is not a recipe.
    """
    if name in _NAMED:
        return _made(name)
    if name.endswith(".toml") or Path(name).exists():
        return Recipe.load(name)
    raise UnknownNameError(f"no recipe named '{name}', and no such file{did_you_mean(name, _NAMED)}")


@cache
def _made(name: str) -> Enhancer:
    return _NAMED[name]()
