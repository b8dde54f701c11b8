"""The models, recipes and operators as JSON, from which a client can build its form."""

from __future__ import annotations

from typing import Any

from diptych import operators
from diptych.core.enhancer import Enhancer
from diptych.core.operator import Declaration
from diptych.core.parameters import Parameter
from diptych.core.wishes import WISHES
from diptych.recipes import Planner, Recipe, catalogue
from diptych.runtime.default import DEFAULT, PACKAGED_MODELS
from diptych.web.models import ModelRegistry
from diptych.web.steps import NOT_IN_QUERY, to_json


def everything(registry: ModelRegistry) -> dict[str, Any]:
    """Return all that can be asked for."""
    return {"models": models(registry), "recipes": recipes(registry), "operators": all_operators()}


def models(registry: ModelRegistry) -> list[dict[str, Any]]:
    """Return the values that ``model`` accepts; `wishes` is null for what does not plan."""
    return [
        {
            "name": name,
            "summary": registry.model(name).spec.summary,
            "profiles": list(registry.profiles(name)),
            "default": name == DEFAULT,
            "packaged": name in PACKAGED_MODELS,
            "wishes": _wishes(registry.model(name)),
        }
        for name in registry.models
    ]


def recipes(registry: ModelRegistry) -> list[dict[str, Any]]:
    """Return the values that ``recipe`` accepts; `steps` is null for a recipe that plans for each picture."""
    found = {name: registry.recipe(name) for name in registry.recipes}
    return [
        {
            "name": name,
            "summary": one.spec.summary,
            "steps": to_json(one.steps) if isinstance(one, Recipe) else None,
            "packaged": name in catalogue.names(),
            "wishes": _wishes(one),
        }
        for name, one in found.items()
    ]


def _wishes(enhancer: Enhancer) -> dict[str, dict[str, Any]] | None:
    """Return the JSON Schema of each wish, for an enhancer that plans."""
    if not isinstance(enhancer, Planner):
        return None
    return {
        name: {
            "type": "number",
            "minimum": one.minimum,
            "maximum": one.maximum,
            "default": one.neutral,
            "description": one.doc,
        }
        | ({"x-unit": one.unit} if one.unit else {})
        for name, one in WISHES.items()
    }


def all_operators() -> list[dict[str, Any]]:
    """Return the JSON Schema of a step with each operator that a request can use."""
    declarations = [operators.declaration(name) for name in operators.names()]
    return [schema(one) for one in declarations if not any(_plain_misses(parameter) for parameter in one.parameters)]


def schema(declaration: Declaration) -> dict[str, Any]:
    """Return the JSON Schema of a step with this operator.

    >>> schema(operators.declaration("gamma"))["properties"]["gamma"]["maximum"]
    20
    """
    plain = [one for one in declaration.parameters if one.kind not in NOT_IN_QUERY]
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
    return parameter.required and parameter.kind in NOT_IN_QUERY


def _property(parameter: Parameter) -> dict[str, Any]:
    found = parameter.schema()
    if parameter.optional:
        kinds = found["type"] if isinstance(found["type"], list) else [found["type"]]
        found["type"] = [*kinds, "null"]
    if parameter.kind == "integer" and parameter.step != 1:
        found["x-step"] = parameter.step  # counted from the minimum
    return found
