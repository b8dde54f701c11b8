"""The check as one HTML page that needs nothing else: no network, no script, no other file."""

from __future__ import annotations

from diptych import __version__
from diptych.data.checking.findings import counted
from diptych.data.checking.result import DomainCheck
from diptych.pages import render

_STATISTICS: tuple[tuple[str, str, str], ...] = (
    ("luma", "Mean luma, of white", "{:.0%}"),
    ("contrast", "Contrast, of the range", "{:.0%}"),
    ("red", "Red / green", "{:.2f}"),
    ("blue", "Blue / green", "{:.2f}"),
    ("saturation", "Saturation", "{:.0%}"),
    ("relative_noise", "Noise, of the mean luma", "{:.1%}"),
)
_LEVELS = {"ready": "good", "ready, with warnings": "warning", "not ready": "error"}


def to_html(check: DomainCheck) -> str:
    """Return the page."""
    values = {"check": check, "level": _LEVELS[check.verdict], "table": _table(check), "version": __version__}
    return render("check.html", values)


def _table(check: DomainCheck) -> list[tuple[str, ...]]:
    counts = [check.counts[domain] for domain in "AB"]
    return [
        ("Pictures", *(counted(one.files, "file") for one in counts)),
        ("Readable", *(f"{one.readable:,}" for one in counts)),
        *((title, *(_number(one.medians.get(key), form) for one in counts)) for key, title, form in _STATISTICS),
    ]


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value).replace("%", " %")
