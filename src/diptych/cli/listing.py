"""``diptych list``: the operators, recipes, metrics, models and generators."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer


class Kind(StrEnum):
    """A catalogue."""

    operators = "operators"
    recipes = "recipes"
    metrics = "metrics"
    models = "models"
    generators = "generators"


def list_names(
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help="What to list.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List operators, recipes, metrics, models of the package or generators to train, with a one-line summary of each."""
    rows = {
        Kind.operators: _operators,
        Kind.recipes: _recipes,
        Kind.metrics: _metrics,
        Kind.models: _models,
        Kind.generators: _generators,
    }[kind]()
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        typer.echo(f"{row['name']:{width}}  {row['summary']}")


def _operators() -> list[dict[str, Any]]:
    from diptych import operators

    declarations = [operators.declaration(name) for name in operators.names()]
    return [
        {
            "name": one.name,
            "group": one.group,
            "summary": one.summary,
            "parameters": {parameter.name: parameter.schema() for parameter in one.parameters},
        }
        for one in declarations
    ]


def _recipes() -> list[dict[str, Any]]:
    from diptych.recipes import catalogue

    specs = [catalogue.find(name).spec for name in catalogue.names()]
    return [{"name": spec.name, "summary": spec.summary} for spec in specs]


def _metrics() -> list[dict[str, Any]]:
    from diptych import metrics

    declarations = [metrics.declaration(name) for name in metrics.names()]
    return [
        {
            "name": one.name,
            "unit": one.unit,
            "direction": one.direction,
            "needs_reference": one.needs_reference,
            "smallest_side": one.smallest_side,
            "extra": one.extra,
            "summary": one.summary,
        }
        for one in declarations
    ]


def _models() -> list[dict[str, Any]]:
    from diptych.runtime import default_model, read_bundle
    from diptych.runtime.default import PACKAGED_MODELS

    found = {name: read_bundle(default_model(name)).metadata for name in PACKAGED_MODELS}
    return [
        {"name": name, "summary": one.summary, "licence": one.licence, "scores": one.scores}
        for name, one in found.items()
    ]


def _generators() -> list[dict[str, Any]]:
    from diptych import networks

    configs = [networks.from_dict({"name": name}) for name in networks.names(role="generator")]
    return [{"name": one.name, "summary": _first_line(type(one)), "settings": networks.to_dict(one)} for one in configs]


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").strip().partition("\n")[0].rstrip(".")
