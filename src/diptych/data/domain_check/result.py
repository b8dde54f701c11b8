"""The result of a check: a value, and the ways to write it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from diptych import __version__
from diptych.data.domain_check.findings import Finding, counted
from diptych.pages import render

Verdict = Literal["ready", "ready, with warnings", "not ready"]

FORMAT = 1
"""Of the JSON."""

_ROWS: tuple[tuple[str, str, str], ...] = (
    ("luma", "Mean luma, of white", "{:.0%}"),
    ("contrast", "Contrast, of the range", "{:.0%}"),
    ("red", "Red / green", "{:.2f}"),
    ("blue", "Blue / green", "{:.2f}"),
    ("saturation", "Saturation", "{:.0%}"),
    ("relative_noise", "Noise, of the mean luma", "{:.1%}"),
)
_LEVELS = {"ready": "good", "ready, with warnings": "warning", "not ready": "error"}  # classes of the page

_WIDTH = 100
_INDENT = "    "
_GROUPS = 5


@dataclass(frozen=True)
class Counts:
    """How many pictures a folder has, and the medians of their traits.

    Attributes
    ----------
    files, readable : int
        Found, and read without an error.
    medians : mapping of str to float
        Of the readable ones: luma, contrast and saturation from 0 to 1, red and blue as ratios to green, noise as a share
        of the mean luma.
    """

    files: int
    readable: int
    medians: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class DomainCheck:
    """What `check` found out about two folders.

    Attributes
    ----------
    source, target : str
        The folders: A, what is to be enhanced, and B, what it should look like.
    counts : mapping of str to Counts
        Of ``A`` and ``B``.
    findings : tuple of Finding
        Errors first, then warnings, then notes.
    thumbnails : mapping of str to bytes
        Small WebP files of the pictures that the findings name, for the page.

    Examples
    --------
    See `diptych.data.domain_check.check`.
    """

    source: str
    target: str
    counts: Mapping[str, Counts]
    findings: tuple[Finding, ...]
    thumbnails: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def verdict(self) -> Verdict:
        """``not ready`` if there is an error, ``ready, with warnings`` if there is a warning, else ``ready``."""
        levels = {one.level for one in self.findings}
        return "not ready" if "error" in levels else "ready, with warnings" if "warning" in levels else "ready"

    @property
    def complete(self) -> bool:
        """True if every file could be read."""
        return all(one.files == one.readable for one in self.counts.values())

    def to_text(self) -> str:
        """Return the verdict, the folders, and every finding with the pictures it names."""
        lines = [self.verdict[0].upper() + self.verdict[1:] + "."]
        for domain, folder in (("A", self.source), ("B", self.target)):
            counts = self.counts[domain]
            missing = "" if counts.files == counts.readable else f", {counts.readable:,} readable"
            lines.append(f"{domain} = {_in_a_line(folder)}: {counted(counts.files)}{missing}")
        for one in self.findings:
            lines += ["", *_lines(one)]
        return "\n".join(lines) + "\n"

    def to_json(self) -> str:
        """Return verdict, counts and findings as indented JSON, without the thumbnails."""
        values = {
            "format": FORMAT,
            "verdict": self.verdict,
            "source": self.source,
            "target": self.target,
            "counts": {domain: asdict(counts) for domain, counts in self.counts.items()},
            "findings": [asdict(one) for one in self.findings],
        }
        return json.dumps(values, indent=2, allow_nan=False, ensure_ascii=False)

    def to_html(self) -> str:
        """Return the check as one page that needs nothing else, with the pictures that are named."""
        values = {"check": self, "level": _LEVELS[self.verdict], "table": _table(self), "version": __version__}
        return render("check.html", values)


def _lines(one: Finding) -> Iterator[str]:
    yield from textwrap.wrap(f"{one.level}: {one.text}", _WIDTH, subsequent_indent="  ", break_long_words=False)
    apart = one.kind == "unreadable" or any(len(group) > 1 for group in one.examples)
    shown = [_in_a_line(" = ".join(group)) for group in one.examples[: _GROUPS if apart else None]]
    yield from (_INDENT + item for item in shown) if apart else _packed(shown)
    if one.count > len(shown):
        yield f"{_INDENT}and {one.count - len(shown):,} more"


def _in_a_line(name: str) -> str:
    return name.replace("\n", r"\n")


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


def _table(check: DomainCheck) -> list[tuple[str, ...]]:
    """Return the rows of the page's table: what it is, and the words for A and B."""
    counts = [check.counts[domain] for domain in "AB"]
    return [
        ("Pictures", *(counted(one.files, "file") for one in counts)),
        ("Readable", *(f"{one.readable:,}" for one in counts)),
        *((title, *(_number(one.medians.get(key), form) for one in counts)) for key, title, form in _ROWS),
    ]


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value).replace("%", " %")
