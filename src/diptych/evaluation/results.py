"""The rows of a report: values, means, verdicts, and what could not be measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """What was compared: an enhancer, a folder of ready outputs, or the untouched input.

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
    """The values of one candidate on one image; a value that could not be measured is absent."""

    image: str
    candidate: str
    values: Mapping[str, float]
    seconds_per_megapixel: float | None = None


@dataclass(frozen=True)
class Summary:
    """One candidate under one metric.

    Attributes
    ----------
    mean : float or None
        Over the finite values; infinity if all values are infinite, None if there are none.
    low, high : float or None
        The bootstrap 95 % interval of the mean; None for fewer than two finite values.
    count, infinite : int
        Number of finite and of infinite values.
    """

    candidate: str
    key: str
    mean: float | None
    low: float | None
    high: float | None
    count: int
    infinite: int


@dataclass(frozen=True)
class Verdict:
    """The comparison of two candidates under one metric.

    Attributes
    ----------
    better : str or None
        The name of the better one; None if the images do not decide it.
    difference, low, high : float or None
        Mean difference, positive if `first` is better than `second`, and its 95 % interval.
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
    candidate: str
    metric: str
    reason: str

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.image, self.candidate, self.metric) if part)
        return f"{where}: {self.reason}"
