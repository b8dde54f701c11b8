"""What the command line says, turned into enhancers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from diptych.core.errors import ParameterError

if TYPE_CHECKING:
    from diptych.core.enhancer import Enhancer
    from diptych.core.parameters import Parameter

_ASSIGNMENT = re.compile(r"[A-Za-z_]+=", re.ASCII)
_SEPARATOR = "\x1f"  # cannot be typed by accident, unlike a space


def fold_operators(arguments: Iterable[str]) -> list[str]:
    r"""Join each ``--op NAME key=value ...`` into one option value, since an option cannot take a varying number.

    >>> fold_operators(["enhance", "a.png", "--op", "gamma", "gamma=0.5", "-o", "b.png"])
    ['enhance', 'a.png', '--op', 'gamma\x1fgamma=0.5', '-o', 'b.png']
    """
    folded: list[str] = []
    in_operator = False
    for argument in arguments:
        if in_operator and _ASSIGNMENT.match(argument):
            folded[-1] += _SEPARATOR + argument
            continue
        in_operator = argument.startswith("--op=") or (len(folded) > 0 and folded[-1] == "--op")
        folded.append(argument)
    return folded


def choose_enhancer(model: str | None, recipe: str | None, operators: list[str] | None) -> Enhancer:
    """Return the enhancer that the three options ask for; ``auto`` if none does."""
    given = [
        option for option, value in (("--model", model), ("--recipe", recipe), ("--op", operators or None)) if value
    ]
    if len(given) > 1:
        raise ParameterError(f"{' and '.join(given)} exclude each other; give one of them")
    from diptych.recipes import Recipe, catalogue

    if operators:
        return Recipe(*(_step(text) for text in operators), name="command line")
    if model == "none":
        return catalogue.find("auto")
    return catalogue.find(model or recipe or "auto")


def _step(text: str) -> Any:
    from diptych import operators
    from diptych.recipes import step

    name, *assignments = text.split(_SEPARATOR)
    declaration = operators.declaration(name)
    values = {}
    for assignment in assignments:
        key, _, value = assignment.partition("=")
        values[key] = _value(declaration.parameter(key), value, name)
    return step(name, **values)


def _value(parameter: Parameter, text: str, owner: str) -> Any:
    if parameter.kind != "image" or (parameter.optional and text.lower() == "none"):
        return parameter.parse(text, owner)
    from diptych.photo import read

    return read(text).pixels
