"""The result of a check: a value, and the ways to write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from diptych.data.checking.findings import Finding

Verdict = Literal["ready", "ready, with warnings", "not ready"]


@dataclass(frozen=True)
class Counts:
    """How many pictures a folder has, and how they look.

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
    See `diptych.data.checking.check`.
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
        """Return the check as lines of text."""
        from diptych.data.checking.as_text import to_text

        return to_text(self)

    def to_json(self) -> str:
        """Return the check as JSON, without the thumbnails."""
        from diptych.data.checking.as_json import to_json

        return to_json(self)

    def to_html(self) -> str:
        """Return the check as one page that needs nothing else, with the pictures that are named."""
        from diptych.data.checking.as_html import to_html

        return to_html(self)
