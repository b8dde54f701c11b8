"""The recipe file: TOML with a format version, every value spelled out, unknown keys refused.

format = 1
name = "evening"
summary = ""

[[step]]
operator = "stretch"
low = 1.0
high = 99.0
channels = "together"
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from diptych.core.errors import DiptychError, RecipeError, did_you_mean
from diptych.core.toml import MOST_CHARACTERS, parse_toml
from diptych.recipes.steps import Step, step

FORMAT = 1
_KEYS = ("format", "name", "summary", "step")
_MOST_STEPS = 100


def dump(name: str, summary: str, steps: Iterable[Step]) -> str:
    """Return the text of a recipe file."""
    import tomli_w

    tables = [{"operator": step.operator} | _values(step) for step in steps]
    # A header for each step, where the writer alone would put short ones on one line.
    head = tomli_w.dumps({"format": FORMAT, "name": name, "summary": summary})
    return "\n[[step]]\n".join([head, *(_ROW.sub(_in_one_line, tomli_w.dumps(table)) for table in tables)])


def _values(step: Step) -> dict[str, Any]:
    """Return what a step has in a file: tables of numbers last, for whoever reads it."""
    found = {key: _written(value) for key, value in step.parameters if value is not None}
    return dict(sorted(found.items(), key=lambda item: isinstance(item[1], tuple | list)))


_ROW = re.compile(r"\[\n(?:\s*[-+.\w]+,\n){1,8}\s*\]")
"""A short array as the writer puts it, a line for each number."""


def _in_one_line(row: re.Match[str]) -> str:
    return "[" + ", ".join(row[0][1:-1].replace(",", " ").split()) + "]"


def _written(value: Any) -> Any:
    return getattr(value, "reference", value)  # a model's name and hash


def load(text: str, source: str) -> tuple[str, str, list[Step]]:
    """Return name, summary and steps of a recipe file; `source` names it in errors."""
    try:
        document = parse_toml(text)
    except ValueError as error:
        raise RecipeError(f"{source}: {error}") from None
    _check_format(document, source)
    for key in document:
        if key not in _KEYS:
            raise RecipeError(f"{source}: unknown key '{key[:80]}'{did_you_mean(key[:80], _KEYS)}")
    tables = document.get("step", [])
    if not isinstance(tables, list):
        raise RecipeError(f"{source}: 'step' must be a list of tables; write [[step]]")
    if len(tables) > _MOST_STEPS:
        raise RecipeError(f"{source}: has {len(tables)} steps; a recipe has at most {_MOST_STEPS}, write several")
    steps = [_step(table, f"{source}: step {index}") for index, table in enumerate(tables, 1)]
    return _text(document, "name", source), _text(document, "summary", source), steps


def read_text(path: str | Path) -> str:
    """Return the text of a recipe file; raise `RecipeError` naming it."""
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_CHARACTERS + 1)
        if len(data) > MOST_CHARACTERS:
            raise RecipeError(f"{path}: larger than {MOST_CHARACTERS} bytes; this is not a recipe")
        return data.decode()
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise RecipeError(f"{path}: {reason}; check the path") from None
    except UnicodeDecodeError:
        raise RecipeError(f"{path}: not a text file; a recipe is TOML in UTF-8") from None


def _check_format(document: Mapping[str, Any], source: str) -> None:
    version = document.get("format")
    if version is None:
        raise RecipeError(f"{source}: no format version; a recipe file begins with 'format = {FORMAT}'")
    if type(version) is not int or version < 1:
        raise RecipeError(f"{source}: format = {str(version)[:40]} is not a version; write 'format = {FORMAT}'")
    if version > FORMAT:
        raise RecipeError(
            f"{source}: format {str(version)[:40]} is newer than this Diptych reads ({FORMAT}); upgrade Diptych"
        )


def _text(document: Mapping[str, Any], key: str, source: str) -> str:
    value = document.get(key, "")
    if not isinstance(value, str):
        raise RecipeError(f"{source}: {key} = {str(value)[:80]} is not a text")
    return value


def _step(table: Any, source: str) -> Step:
    if not isinstance(table, dict) or not isinstance(table.get("operator"), str):
        raise RecipeError(f'{source}: needs the name of an operator: operator = "..."')
    parameters = {key: value for key, value in table.items() if key != "operator"}
    try:
        return step(table["operator"], **parameters)
    except DiptychError as error:
        raise RecipeError(f"{source}: {error}") from None
