"""Docstrings in NumPy's style as Markdown, and what they lack."""

from __future__ import annotations

import inspect
import re
from typing import Any

SECTIONS = ("Parameters", "Attributes", "Returns", "Yields", "Raises", "Notes", "References", "Examples")
_FIELDS = ("Parameters", "Attributes", "Returns", "Yields", "Raises")
_HEADING = re.compile(rf"^({'|'.join(SECTIONS)})\n-+\n", re.MULTILINE)


def split(text: str) -> dict[str, str]:
    """Return the sections of a docstring; what stands before the first is the section ''."""
    before, *rest = _HEADING.split(text)
    return {"": before.strip()} | {name: body.strip("\n") for name, body in zip(rest[::2], rest[1::2], strict=True)}


def own_docstring(value: Any) -> str:
    """Return the docstring of a value, or nothing where it is the one of its class."""
    text = inspect.getdoc(value) or ""
    inherited = not (inspect.isclass(value) or inspect.isroutine(value) or inspect.ismodule(value))
    return "" if inherited and text == (inspect.getdoc(type(value)) or "") and not _is_ours(value) else text


def _is_ours(value: Any) -> bool:
    return str(getattr(type(value), "__module__", "")).startswith("diptych")


def signature(name: str, value: Any) -> str:
    """Return the call as it is written, a parameter a line where it is long."""
    if not callable(value):
        return name
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return name
    plain = [one.replace(annotation=inspect.Parameter.empty) for one in found.parameters.values()]
    text = f"{name}{found.replace(parameters=plain, return_annotation=inspect.Signature.empty)}"
    text = re.sub(r"<(?:factory|object)[^>]*>", "...", text)
    return (
        text if len(text) <= 88 else text.replace("(", "(\n    ", 1).replace(", ", ",\n    ").removesuffix(")") + "\n)"
    )


def markdown(text: str) -> str:
    """Return a docstring as Markdown, its sections under bold words."""
    parts = []
    for name, body in split(text).items():
        if not body:
            continue
        rendered = _fields(body) if name in _FIELDS else _prose(body)
        parts += [f"**{name}**", rendered] if name else [rendered]
    return "\n\n".join(parts)


def _fields(body: str) -> str:
    """Return entries, ``name : type`` with an indented text below, as a list."""
    entries: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line and not line.startswith(" "):
            entries.append((line, []))
        elif entries:
            entries[-1][1].append(line.strip())
    rows = []
    for head, lines in entries:
        name, _, kind = head.partition(" : ")
        rows.append(f"- `{name}`{f' ({_inline(kind)})' if kind else ''}: {_inline(' '.join(lines))}".rstrip(": "))
    return "\n".join(rows)


def _prose(body: str) -> str:
    """Return paragraphs with examples in fences and code in single backticks."""
    blocks = []
    for block in re.split(r"\n\s*\n", body):
        if block.lstrip().startswith(">>>"):
            blocks.append(f"```pycon\n{inspect.cleandoc(block)}\n```")
        else:
            blocks.append(_inline(re.sub(r"^\.\. \[\d+\]\s*", "", block, flags=re.MULTILINE)))
    return "\n\n".join(blocks)


def _inline(text: str) -> str:
    """Return text with single backticks around code, and nothing else that Markdown would take for markup."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text.replace("``", "`"))
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(one if one.startswith("`") else re.sub(r"([*_<\[\]])", r"\\\1", one) for one in pieces)
