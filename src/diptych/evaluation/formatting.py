"""How a report prints numbers, and the escaping and the tables of Markdown."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Sequence

from diptych.evaluation.columns import Column
from diptych.evaluation.results import Summary

_MOST_DECIMALS = 5
_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~])")


def decimals_for(column: Column, summaries: Iterable[Summary]) -> int:
    """Return the number of decimals for a column: 2 for decibels, else three significant digits of its smallest mean."""
    if column.unit == "dB":
        return 2
    means = [abs(one.mean) for one in summaries if one.key == column.key and one.mean]
    sizes = [mean for mean in means if math.isfinite(mean)]
    return max(0, min(2 - math.floor(math.log10(min(sizes))), _MOST_DECIMALS)) if sizes else 3


def number(value: float | None, decimals: int) -> str:
    """Format a value; infinity is ``inf``, a missing value a dash.

    >>> number(18.128, 2), number(float("inf"), 2), number(None, 2), number(-0.001, 2)
    ('18.13', 'inf', '–', '0.00')
    """
    if value is None:
        return "–"
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def bounds(summary: Summary, decimals: int) -> str:
    """Format the interval of a mean; empty if there is none.

    >>> bounds(Summary("auto", "psnr", 18.128, 16.2, 20.07, 14, 0), 2)
    '[16.20, 20.07]'
    """
    if summary.low is None:
        return ""
    return f"[{number(summary.low, decimals)}, {number(summary.high, decimals)}]"


def seconds(value: float | None) -> str:
    """Format seconds per megapixel.

    >>> seconds(0.01234), seconds(None)
    ('0.012', '')
    """
    return "" if value is None else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def heading(column: Column) -> str:
    """Return the heading of a column: label, unit, and an arrow to where it is better."""
    return f"{column.label}{f' {column.unit}' if column.unit else ''} {'↑' if column.direction == 'higher' else '↓'}"


def escape_markdown(text: str) -> str:
    r"""Escape text for Markdown: no markup, no HTML, one line.

    >>> print(escape_markdown("<b>*a*|b</b>"))
    &lt;b&gt;\*a\*\|b&lt;/b&gt;
    """
    return html.escape(_SPECIAL.sub(r"\\\1", " ".join(text.split())), quote=False)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; the cells of the rows are escaped, those of the head are not."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *([escape_markdown(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown_list(title: str, items: Iterable[str]) -> list[str]:
    """Return a section with a list in Markdown; nothing for an empty list."""
    lines = [f"- {escape_markdown(item)}" for item in items]
    return [f"## {title}", "\n".join(lines)] if lines else []
