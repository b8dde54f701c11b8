"""The report as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
import html
import importlib.resources
import string
from collections.abc import Iterable

from diptych.evaluation.as_markdown import seconds
from diptych.evaluation.exhibits_html import exhibits
from diptych.evaluation.numbers import bounds_of, decimals_for, mean_of, number
from diptych.evaluation.report import Entry, Report

# Beyond this the table of the images is folded away.
_ROWS_IN_SIGHT = 60


def to_html(report: Report) -> str:
    """Return the page. Everything that comes from outside, names of files above all, is escaped."""
    sections = _sections(report)
    style, script = _template("report.css"), _template("report.js")
    return string.Template(_template("report.html")).substitute(
        title=escape(_title(report)),
        lead=escape(_lead(report)),
        sections=" ".join(f'<a href="#{key}">{title}</a>' for key, title, _ in sections),
        body="\n".join(f'<section id="{key}">\n<h2>{title}</h2>\n{text}\n</section>' for key, title, text in sections),
        style=style,
        script=script,
        # The browser runs these two and nothing that might have slipped in.
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def escape(text: str) -> str:
    """Make text harmless in HTML, in attributes too."""
    return html.escape(text, quote=True)


def _template(name: str) -> str:
    return importlib.resources.files("diptych.evaluation").joinpath("template", name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _title(report: Report) -> str:
    names = [one.name for one in report.entries]
    return f"Comparison of {', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else f"Scores of {names[0]}"


def _lead(report: Report) -> str:
    count = len(report.images)
    left_out = len(report.missing)
    return (
        f"{count} image{'s' * (count != 1)}, {', '.join(one.label for one in report.columns)}"
        + (f"; {left_out} left out" if left_out else "")
        + f". Made by Diptych {report.provenance.versions['diptych']} on {report.provenance.created[:10]}."
    )


def _sections(report: Report) -> list[tuple[str, str, str]]:
    pictures = exhibits(report)
    sections = [
        ("scores", "Scores", _scores(report)),
        ("verdicts", "Verdicts", _verdicts(report)),
        ("problems", "Problems" if report.problems else "Left out", _problems(report)),
        ("pictures", "Pictures, the worst first", pictures),
        ("images", "Every image", _images(report)),
        ("provenance", "Provenance", _provenance(report)),
    ]
    return [section for section in sections if section[2]]


def _scores(report: Report) -> str:
    timed = any(one.seconds_per_megapixel is not None for one in report.entries)
    head = f"{_heads(['', 'Images'])}{_metric_heads(report)}{_heads(['Seconds per megapixel'] if timed else [])}"
    rows = "\n".join(_score_row(report, one, timed) for one in report.entries)
    notes = "".join(f"<li>{escape(note)}</li>" for note in report.notes)
    return f'{_table(head, rows)}\n<ul class="notes">{notes}</ul>'


def _score_row(report: Report, entry: Entry, timed: bool) -> str:
    cells = []
    for column in report.columns:
        summary = report.summary(entry.name, column.key)
        places = decimals_for(column, report.summaries)
        kind = ' class="matched"' if column.mean_matched else ""
        bounds = f'<span class="bounds">{bounds_of(summary, places)}</span>'
        chart = _chart(report, entry.name, column.key)
        cells.append(f'<td{kind}><span class="mean">{mean_of(summary, places)}</span>{bounds}{chart}</td>')
    count = sum(row.entry == entry.name for row in report.rows)
    cells += [f"<td>{seconds(entry.seconds_per_megapixel)}</td>"] if timed else []
    return f"<tr><th scope=row>{escape(entry.name)}</th><td>{count}</td>{''.join(cells)}</tr>"


def _chart(report: Report, entry: str, key: str) -> str:
    """Return mean and interval on the scale that all entries share; nothing for a single entry."""
    ends = [
        end
        for one in report.summaries
        if one.key == key and one.count
        for end in (one.mean, one.low, one.high)
        if end is not None
    ]
    summary = report.summary(entry, key)
    if len(report.entries) < 2 or summary.low is None or summary.high is None or min(ends) == max(ends):
        return ""
    left, middle, right = (
        3 + 114 * (float(end or 0) - min(ends)) / (max(ends) - min(ends))
        for end in (summary.low, summary.mean, summary.high)
    )
    return (
        '<svg viewBox="0 0 120 12" aria-hidden="true"><line class="axis" x1="0" x2="120" y1="6" y2="6"/>'
        f'<line class="whisker" x1="{left:.1f}" x2="{right:.1f}" y1="6" y2="6"/>'
        f'<circle class="dot" cx="{middle:.1f}" cy="6" r="3.4"/></svg>'
    )


def _verdicts(report: Report) -> str:
    lines = []
    for column in report.columns:
        said = "".join(
            f"<p{' class=clear' if one.better else ''}>{escape(one.text)}</p>"
            for one in report.verdicts
            if one.key == column.key
        )
        lines += [f"<li><b>{escape(column.label)}</b><div>{said}</div></li>"] if said else []
    return f'<ul class="verdicts">{"".join(lines)}</ul>' if lines else ""


def _problems(report: Report) -> str:
    problems = "".join(f"<li>{escape(str(one))}</li>" for one in report.problems)
    missing = "".join(f"<li>{escape(one.image)}: {escape(one.reason)}</li>" for one in report.missing)
    return (f'<ul class="problems">{problems}</ul>' if problems else "") + (
        f"<p>Left out, as they have no partner:</p><ul>{missing}</ul>" if missing else ""
    )


def _images(report: Report) -> str:
    rows = []
    for row in report.rows:
        values = (number(row.values.get(one.key), decimals_for(one, report.summaries)) for one in report.columns)
        cells = "".join(f"<td>{value}</td>" for value in values)
        rows.append(f"<tr><th scope=row>{escape(row.image)}</th><td class=text>{escape(row.entry)}</td>{cells}</tr>")
    table = _table(_heads(["Image", ""]) + _metric_heads(report), "\n".join(rows))
    return table if len(rows) <= _ROWS_IN_SIGHT else f"<details><summary>{len(rows)} rows</summary>{table}</details>"


def _heads(titles: Iterable[str]) -> str:
    return "".join(f"<th scope=col>{escape(title)}</th>" if title else "<td></td>" for title in titles)


def _metric_heads(report: Report) -> str:
    better = {"higher": "↑ better", "lower": "↓ better"}
    return "".join(
        f'<th scope=col>{escape(one.label)}<span class="unit">{escape(one.unit)} {better[one.direction]}</span></th>'
        for one in report.columns
    )


def _table(head: str, rows: str) -> str:
    # A region that scrolls must be reachable by the keyboard.
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Table">'
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table></div>"
    )


def _provenance(report: Report) -> str:
    facts = report.provenance
    pairs = [("Command", facts.command or "(called from Python)"), ("Made", facts.created), ("System", facts.system)]
    pairs += [("Model of NIQE", facts.niqe_model)] if facts.niqe_model else []
    pairs += [("Versions", ", ".join(f"{name} {version}" for name, version in facts.versions.items()))]
    pairs += [(entry.name, entry.summary or entry.kind) for entry in report.entries]
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    recipes = "".join(
        f"<details><summary>Recipe {escape(one.name)}</summary><pre>{escape(one.recipe)}</pre></details>"
        for one in report.entries
        if one.recipe
    )
    hashes = "\n".join(f"{digest or 'not readable':64}  {escape(path)}" for path, digest in facts.files.items())
    files = f"<details><summary>SHA-256 of {len(facts.files)} files</summary><pre>{hashes}</pre></details>"
    return f"<dl>{listed}</dl>{recipes}{files}"
