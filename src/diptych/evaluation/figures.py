"""The small drawings of the HTML report: means with their intervals on one scale, and histograms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from diptych.evaluation.exhibits import BINS
from diptych.evaluation.results import Summary

_COLORS = 5
_HEIGHT = 40


class Curve(NamedTuple):
    """A histogram as the ``d`` of an SVG path; `style` is its CSS class."""

    label: str
    style: str
    path: str


def interval_positions(summary: Summary, summaries: Iterable[Summary]) -> tuple[float, float, float] | None:
    """Return where the lower bound, the mean and the upper bound lie on a line from 3 to 117 that all candidates share.

    None where nothing can be compared: a single candidate, no interval, or equal values.
    """
    alike = [one for one in summaries if one.key == summary.key]
    ends = [end for one in alike if one.count for end in (one.mean, one.low, one.high) if end is not None]
    if len(alike) < 2 or summary.low is None or summary.high is None or min(ends) == max(ends):
        return None
    low, middle, high = (
        3 + 114 * (float(end or 0) - min(ends)) / (max(ends) - min(ends))
        for end in (summary.low, summary.mean, summary.high)
    )
    return low, middle, high


def histogram_curves(histograms: Mapping[str, Sequence[float]]) -> list[Curve]:
    """Return the share of each brightness in each picture, as square roots, so that rare values show too."""
    highest = max(max(shares) for shares in histograms.values()) ** 0.5
    return [
        Curve(label, "reference" if label == "reference" else f"s{index % _COLORS}", _path(shares, highest))
        for index, (label, shares) in enumerate(histograms.items())
    ]


def _path(shares: Sequence[float], highest: float) -> str:
    points = (f"{index + 0.5:g} {_HEIGHT - _HEIGHT * share**0.5 / highest:.2f}" for index, share in enumerate(shares))
    return f"M0 {_HEIGHT}L{'L'.join(points)}L{BINS} {_HEIGHT}"
