"""``diptych list``: the operators, recipes and metrics."""

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


def list_names(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the operators, the built-in recipes or the metrics, with a one-line summary of each."""
    rows = {Kind.operators: _operators, Kind.recipes: _recipes, Kind.metrics: _metrics}[kind]()
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
