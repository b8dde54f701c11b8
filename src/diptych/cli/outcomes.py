"""What became of pictures, in the words of the command line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diptych.cli.arguments import in_options

if TYPE_CHECKING:
    from diptych.runtime.batch import Result


def spoken(result: Result) -> Result:
    """Return a result whose reason names options instead of parameters."""
    return replace(result, reason=in_options(result.reason)) if result.reason else result


def counted_others(count: int) -> str:
    """Return the line that says how many files are neither pictures nor videos.

    >>> counted_others(2)
    '2 other files left out'
    """
    return f"{count:,} other file{'s' * (count > 1)} left out"
