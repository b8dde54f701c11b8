"""The report: a frozen table, and the ways to write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from diptych.core.errors import UnknownNameError, did_you_mean
from diptych.evaluation.columns import Column
from diptych.evaluation.gallery import Exhibit
from diptych.evaluation.pairing import Missing
from diptych.evaluation.provenance import Provenance


@dataclass(frozen=True)
class Entry:
    """One that was evaluated: an enhancer, a folder of ready outputs, or the untouched input.

    Attributes
    ----------
    name, kind, summary : str
        The kind is ``enhancer``, ``folder`` or ``input``.
    seconds_per_megapixel : float or None
        Median over the images; None where nothing was run.
    recipe : str
        The TOML text of a recipe; empty for others.
    """

    name: str
    kind: str
    summary: str = ""
    seconds_per_megapixel: float | None = None
    recipe: str = ""


@dataclass(frozen=True)
class Row:
    """The values of one entry on one image; a value that could not be found is absent."""

    image: str
    entry: str
    values: Mapping[str, float]
    seconds_per_megapixel: float | None = None


@dataclass(frozen=True)
class Summary:
    """One entry under one metric.

    Attributes
    ----------
    mean : float or None
        Over the finite values; infinity if all values are infinite, None if there are none.
    low, high : float or None
        The bootstrap 95 % interval of the mean; None for less than two finite values.
    count, infinite : int
        Number of finite and of infinite values.
    """

    entry: str
    key: str
    mean: float | None
    low: float | None
    high: float | None
    count: int
    infinite: int


@dataclass(frozen=True)
class Verdict:
    """What may be said of two entries under one metric.

    Attributes
    ----------
    better : str or None
        The name of the better one; None if that cannot be told.
    difference, low, high : float or None
        Mean difference, counted so that `first` better than `second` is positive, and its 95 % interval.
    count : int
        Number of images on which both have finite values.
    text : str
        The verdict as a sentence.
    """

    first: str
    second: str
    key: str
    better: str | None
    difference: float | None
    low: float | None
    high: float | None
    count: int
    text: str


@dataclass(frozen=True)
class Problem:
    """What could not be measured, and why; `metric` is empty if the whole image failed."""

    image: str
    entry: str
    metric: str
    reason: str

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.image, self.entry, self.metric) if part)
        return f"{where}: {self.reason}"


@dataclass(frozen=True)
class Report:
    """The result of `diptych.evaluate`: entries x metrics, with everything that is needed to trust it.

    Attributes
    ----------
    columns : tuple of Column
        The metrics, with unit and direction.
    entries : tuple of Entry
        What was evaluated.
    images : tuple of str
        The images, worst first by the first metric.
    rows : tuple of Row
        The value of every metric for every image and entry, in the order of `images`.
    summaries, verdicts : tuple
        Means with intervals, and the comparison of every two entries.
    missing, problems, notes : tuple
        Files without a partner, what could not be measured, and what to know when reading the numbers.
    provenance : Provenance
        Versions, command, hashes, model of NIQE.
    exhibits : tuple of Exhibit
        Pictures for the HTML, worst first; empty if none were asked for.

    Examples
    --------
    See `diptych.evaluate`.
    """

    columns: tuple[Column, ...]
    entries: tuple[Entry, ...]
    images: tuple[str, ...]
    rows: tuple[Row, ...]
    summaries: tuple[Summary, ...]
    verdicts: tuple[Verdict, ...]
    missing: tuple[Missing, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    provenance: Provenance
    exhibits: tuple[Exhibit, ...] = field(default=(), repr=False)

    def summary(self, entry: str, key: str) -> Summary:
        """Return the mean and interval of an entry under a metric; raise `UnknownNameError` if there is no such."""
        for one in self.summaries:
            if (one.entry, one.key) == (entry, key):
                return one
        known = sorted({f"{one.entry}, {one.key}" for one in self.summaries})
        raise UnknownNameError(f"no column '{entry}, {key}' in this report{did_you_mean(f'{entry}, {key}', known)}")

    def column(self, key: str) -> Column:
        """Return the column of this key."""
        return next(one for one in self.columns if one.key == key)

    def to_json(self) -> str:
        """Return the report as JSON; infinity is the string ``inf``."""
        from diptych.evaluation.as_json import to_json

        return to_json(self)

    def to_markdown(self) -> str:
        """Return the report as Markdown tables."""
        from diptych.evaluation.as_markdown import to_markdown

        return to_markdown(self)

    def to_html(self) -> str:
        """Return the report as one self-contained HTML page, with the pictures that `evaluate` kept in its gallery."""
        from diptych.evaluation.as_html import to_html

        return to_html(self)
