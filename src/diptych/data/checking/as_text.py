"""The check as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from diptych.data.checking.findings import Finding, counted
from diptych.data.checking.result import DomainCheck

_WIDTH = 100
_INDENT = "    "
_GROUPS = 5


def to_text(check: DomainCheck) -> str:
    """Return the verdict, the folders, and every finding with the pictures it names."""
    lines = [check.verdict[0].upper() + check.verdict[1:] + "."]
    for domain, folder in (("A", check.source), ("B", check.target)):
        counts = check.counts[domain]
        missing = "" if counts.files == counts.readable else f", {counts.readable:,} readable"
        lines.append(f"{domain} = {folder}: {counted(counts.files)}{missing}")
    for one in check.findings:
        lines += ["", *_lines(one)]
    return "\n".join(lines) + "\n"


def _lines(one: Finding) -> Iterator[str]:
    yield from textwrap.wrap(f"{one.level}: {one.text}", _WIDTH, subsequent_indent="  ", break_long_words=False)
    apart = one.kind == "unreadable" or any(len(group) > 1 for group in one.examples)
    shown = [" = ".join(group) for group in one.examples[: _GROUPS if apart else None]]
    yield from (_INDENT + item for item in shown) if apart else _packed(shown)
    if one.count > len(shown):
        yield f"{_INDENT}and {one.count - len(shown):,} more"


def _packed(items: Sequence[str]) -> Iterator[str]:
    """Yield lines of several names; a name is never broken."""
    line = ""
    for item in items:
        if line and len(_INDENT) + len(line) + 2 + len(item) > _WIDTH:
            yield f"{_INDENT}{line},"
            line = item
        else:
            line = f"{line}, {item}" if line else item
    if line:
        yield _INDENT + line
