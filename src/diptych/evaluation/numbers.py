"""How numbers are printed: three digits that count, the same in a whole column."""

from __future__ import annotations

import math
from collections.abc import Iterable

from diptych.evaluation.columns import Column
from diptych.evaluation.report import Summary

_MOST = 5


def decimals_for(column: Column, summaries: Iterable[Summary]) -> int:
    """Return with how many decimals the values of a column are printed: 2 for decibels, else 3 digits of the smallest."""
    if column.unit == "dB":
        return 2
    means = [abs(one.mean) for one in summaries if one.key == column.key and one.mean]
    sizes = [mean for mean in means if math.isfinite(mean)]
    return max(0, min(2 - math.floor(math.log10(min(sizes))), _MOST)) if sizes else 3


def number(value: float | None, decimals: int) -> str:
    """Print a value; infinity is ``inf``, what is not there a dash.

    >>> number(18.128, 2), number(float("inf"), 2), number(None, 2), number(-0.001, 2)
    ('18.13', 'inf', '–', '0.00')
    """
    if value is None:
        return "–"
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def mean_of(summary: Summary, decimals: int) -> str:
    """Print the mean.

    >>> mean_of(Summary("auto", "psnr", 18.128, 16.2, 20.07, 14, 0), 2)
    '18.13'
    """
    return number(summary.mean, decimals)


def bounds_of(summary: Summary, decimals: int) -> str:
    """Print the interval, or nothing if there is none.

    >>> bounds_of(Summary("auto", "psnr", 18.128, 16.2, 20.07, 14, 0), 2)
    '[16.20, 20.07]'
    """
    if summary.low is None:
        return ""
    return f"[{number(summary.low, decimals)}, {number(summary.high, decimals)}]"


def scored(summary: Summary, decimals: int) -> str:
    """Print mean and interval.

    >>> scored(Summary("auto", "psnr", 18.128, 16.2, 20.07, 14, 0), 2)
    '18.13 [16.20, 20.07]'
    """
    return f"{mean_of(summary, decimals)} {bounds_of(summary, decimals)}".strip()
