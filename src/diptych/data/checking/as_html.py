"""The check as one HTML page that needs nothing else: no network, no script, no other file."""

from __future__ import annotations

import base64
import hashlib
import html
import importlib.resources
import string
from collections.abc import Iterable, Mapping

from diptych import __version__
from diptych.data.checking.findings import Finding, Level, counted
from diptych.data.checking.result import Counts, DomainCheck

_LEVELS: tuple[tuple[Level, str], ...] = (("error", "Errors"), ("warning", "Warnings"), ("note", "Notes"))

_ROWS: tuple[tuple[str, str, str], ...] = (
    ("luma", "Mean luma, of white", "{:.0%}"),
    ("contrast", "Contrast, of the range", "{:.0%}"),
    ("red", "Red / green", "{:.2f}"),
    ("blue", "Blue / green", "{:.2f}"),
    ("saturation", "Saturation", "{:.0%}"),
    ("relative_noise", "Noise, of the mean luma", "{:.1%}"),
)


def to_html(check: DomainCheck) -> str:
    """Return the page. Everything that comes from outside, names of files above all, is escaped."""
    style = _template("check.css")
    return string.Template(_template("check.html")).substitute(
        title="Domain check",
        verdict=f'<p class="verdict {_worst(check)}">{_escape(check.verdict.capitalize())}</p>',
        lead=f"A = {_escape(check.source)}<br>B = {_escape(check.target)}",
        made=f"Made by Diptych {__version__}.",
        body="\n".join([*_sections(check), _folders(check.counts)]),
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


def _template(name: str) -> str:
    return importlib.resources.files("diptych.data.checking").joinpath("template", name).read_text("utf-8")


def _escape(text: str) -> str:
    return html.escape(text, quote=True)


def _worst(check: DomainCheck) -> str:
    return {"ready": "good", "ready, with warnings": "warning", "not ready": "error"}[check.verdict]


def _sections(check: DomainCheck) -> Iterable[str]:
    for level, title in _LEVELS:
        found = [one for one in check.findings if one.level == level]
        if found:
            articles = "\n".join(_article(one, check.thumbnails) for one in found)
            yield f"<section>\n<h2>{title}</h2>\n{articles}\n</section>"


def _article(one: Finding, thumbnails: Mapping[str, bytes]) -> str:
    rest = one.count - len(one.examples)
    more = f'<p class="soft">and {rest:,} more</p>' if rest > 0 else ""
    groups = "".join(_group(group, thumbnails) for group in one.examples)
    shown = f'<div class="pictures">{groups}</div>{more}' if groups else ""
    return f'<article class="{one.level}"><p>{_escape(one.text)}</p>{shown}</article>'


def _group(group: tuple[str, ...], thumbnails: Mapping[str, bytes]) -> str:
    figures = "".join(_figure(label, thumbnails.get(label)) for label in group)
    return f'<div class="together">{figures}</div>' if len(group) > 1 else figures


def _figure(label: str, data: bytes | None) -> str:
    name = _escape(label)
    if data is None:
        return f'<p class="name">{name}</p>'
    source = base64.b64encode(data).decode()
    return f'<figure><img src="data:image/webp;base64,{source}" alt=""><figcaption>{name}</figcaption></figure>'


def _folders(counts: Mapping[str, Counts]) -> str:
    rows = [("Pictures", *(counted(counts[domain].files, "file") for domain in "AB"))]
    rows += [("Readable", *(f"{counts[domain].readable:,}" for domain in "AB"))]
    rows += [
        (title, *(_number(counts[domain].medians.get(key), form) for domain in "AB")) for key, title, form in _ROWS
    ]
    body = "\n".join(f"<tr><th scope=row>{row[0]}</th><td>{row[1]}</td><td>{row[2]}</td></tr>" for row in rows)
    head = "<tr><td></td><th scope=col>A</th><th scope=col>B</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>\n{body}\n</tbody></table>"
    return f'<section>\n<h2>The folders</h2>\n<p class="soft">Looks are medians over the pictures.</p>\n{table}\n</section>'


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value).replace("%", " %")
