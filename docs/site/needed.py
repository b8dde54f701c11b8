"""What the docstring of a public name lacks: parameters with types or shapes, what is returned, errors, an example."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

import docstrings


def lacking(value: Any) -> list[str]:
    """Return the names of the sections that a function or class should have and has not."""
    text = docstrings.own_docstring(value)
    sections = docstrings.split(text)
    if inspect.isclass(value):
        described = not _fields(value) or "Parameters" in sections or "Attributes" in sections
        return [] if text and described else ["Parameters or Attributes"]
    if not inspect.isroutine(value):
        return [] if text or not callable(value) else ["docstring"]
    needed = {
        "Parameters": bool(_parameters(value)),
        "Returns": _returns(value) and not sections[""].startswith(("Return", "Whether", "Yield")),
        "Raises": _raises(value),
        "Examples": ">>>" not in text and "``" not in sections.get("Examples", ""),
    }
    return [name for name, is_needed in needed.items() if is_needed and name not in sections]


def _fields(value: Any) -> list[str]:
    return [name for name in getattr(value, "__annotations__", {}) if not name.startswith("_")]


def _parameters(value: Any) -> list[str]:
    return [name for name in inspect.signature(value).parameters if name not in ("self", "image")]


def _returns(value: Any) -> bool:
    return inspect.signature(value).return_annotation not in (None, "None", inspect.Signature.empty)


def _raises(value: Any) -> bool:
    """Return whether the function itself raises something."""
    try:
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(value)))
    except (OSError, TypeError):
        return False
    return any(isinstance(node, ast.Raise) and node.exc is not None for node in ast.walk(ast.parse(source)))
