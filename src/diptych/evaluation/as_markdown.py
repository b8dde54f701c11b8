"""The report as Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from diptych.evaluation.numbers import decimals_for, number, scored
from diptych.evaluation.report import Report

_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~])")


def to_markdown(report: Report) -> str:
    """Return the report as Markdown: scores, verdicts, what is missing, each image, provenance."""
    parts = ["# Scores", _scores(report)]
    parts += _list(
        "Verdicts", [f"{escape(report.column(one.key).label)}: {escape(one.text)}" for one in report.verdicts]
    )
    parts += _list("Problems", [escape(str(one)) for one in report.problems])
    parts += _list("Left out", [f"{escape(one.image)}: {escape(one.reason)}" for one in report.missing])
    parts += _list("Notes", map(escape, report.notes))
    parts += ["## Images, the worst first", _images(report), "## Provenance", _provenance(report)]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    r"""Make text harmless: no markup, no HTML, one line.

    >>> print(escape("<b>*a*|b</b>"))
    &lt;b&gt;\*a\*\|b&lt;/b&gt;
    """
    return html.escape(_SPECIAL.sub(r"\\\1", " ".join(text.split())), quote=False)


def header(report: Report) -> list[str]:
    """Return the headings of the columns, each with its unit and an arrow to where it is better."""
    return [
        f"{one.label}{f' {one.unit}' if one.unit else ''} {'↑' if one.direction == 'higher' else '↓'}"
        for one in report.columns
    ]


def _scores(report: Report) -> str:
    timed = any(one.seconds_per_megapixel is not None for one in report.entries)
    lines = []
    for entry in report.entries:
        cells = [
            scored(report.summary(entry.name, one.key), decimals_for(one, report.summaries)) for one in report.columns
        ]
        images = str(sum(row.entry == entry.name for row in report.rows))
        lines.append([entry.name, images, *cells, *([seconds(entry.seconds_per_megapixel)] if timed else [])])
    return _table(["", "images", *header(report), *(["s per megapixel"] if timed else [])], lines)


def seconds(value: float | None) -> str:
    """Print seconds per megapixel.

    >>> seconds(0.01234), seconds(None)
    ('0.012', '')
    """
    return "" if value is None else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def _images(report: Report) -> str:
    lines = [
        [
            row.image,
            row.entry,
            *(number(row.values.get(one.key), decimals_for(one, report.summaries)) for one in report.columns),
        ]
        for row in report.rows
    ]
    return _table(["image", "", *header(report)], lines)


def _provenance(report: Report) -> str:
    facts = report.provenance
    rows = [["command", facts.command or "(called from Python)"], ["made", facts.created], ["system", facts.system]]
    rows += [["model of NIQE", facts.niqe_model]] if facts.niqe_model else []
    rows += [[name, version] for name, version in facts.versions.items()]
    rows += [[f"SHA-256 of {path}", digest or "(not readable)"] for path, digest in facts.files.items()]
    return _table(["", ""], rows)


def _list(title: str, items: Iterable[str]) -> list[str]:
    lines = [f"- {item}" for item in items]
    return [f"## {title}", "\n".join(lines)] if lines else []


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * 1 + ["---:"] * (len(head) - 1), *([escape(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
