"""Models, recipes and operators as JSON: what a client, or the page, makes its form of."""

from __future__ import annotations

from typing import Any

from diptych import operators
from diptych.core.operator import Declaration
from diptych.core.parameters import Parameter
from diptych.recipes import Recipe
from diptych.runtime.default import DEFAULT
from diptych.web.asking import to_json
from diptych.web.shelf import Shelf

_IN_THE_BOX = "The model in the package, for dark colour photos; others get the recipe auto."
_NOT_PLAIN = ("image", "model")


def models(shelf: Shelf) -> list[dict[str, Any]]:
    """Return what may be given as ``model``."""
    return [
        {
            "name": name,
            "summary": _IN_THE_BOX if name == DEFAULT else shelf.model(name).spec.summary,
            "profiles": list(shelf.profiles(name)),
            "default": name == DEFAULT,
        }
        for name in shelf.models
    ]


def recipes(shelf: Shelf) -> list[dict[str, Any]]:
    """Return what may be given as ``recipe``; `steps` is null for one that makes them for each picture."""
    found = {name: shelf.recipe(name) for name in shelf.recipes}
    return [
        {
            "name": name,
            "summary": one.spec.summary,
            "steps": to_json(one.steps) if isinstance(one, Recipe) else None,
        }
        for name, one in found.items()
    ]


def all_operators() -> list[dict[str, Any]]:
    """Return the JSON Schema of each operator that a request can use: the object that a step is."""
    declarations = [operators.declaration(name) for name in operators.names()]
    return [schema(one) for one in declarations if not any(_plain_misses(parameter) for parameter in one.parameters)]


def schema(declaration: Declaration) -> dict[str, Any]:
    """Return the JSON Schema of a step with this operator.

    >>> schema(operators.declaration("gamma"))["properties"]["gamma"]["maximum"]
    20
    """
    plain = [one for one in declaration.parameters if one.kind not in _NOT_PLAIN]
    properties = {one.name: _property(one) | {"description": declaration.describe(one.name)} for one in plain}
    return {
        "title": declaration.name,
        "description": declaration.summary,
        "x-group": declaration.group,
        "type": "object",
        "properties": {"operator": {"const": declaration.name}} | properties,
        "required": ["operator", *(one.name for one in plain if one.required)],
        "additionalProperties": False,
    }


def _plain_misses(parameter: Parameter) -> bool:
    return parameter.required and parameter.kind in _NOT_PLAIN


def _property(parameter: Parameter) -> dict[str, Any]:
    found = parameter.schema()
    if parameter.optional:
        kinds = found["type"] if isinstance(found["type"], list) else [found["type"]]
        found["type"] = [*kinds, "null"]
    if parameter.kind == "integer" and parameter.step != 1:
        found["x-step"] = parameter.step  # from the minimum on
    return found
