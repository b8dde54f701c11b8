"""From values to conclusions: means and intervals, verdicts, the order of the images, and notes on how to read them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from diptych.evaluation.columns import Column
from diptych.evaluation.formatting import decimals_for, number
from diptych.evaluation.results import Problem, Row, Summary, Verdict
from diptych.evaluation.statistics import FEWEST_FOR_A_VERDICT, RESAMPLES, decide, interval


def mean_score(rows: Iterable[Row], column: Column, candidates: Collection[str]) -> float:
    """Return the mean value of one image over candidates, signed so that more is better: the order of the report.

    A missing value counts as the worst.
    """
    values = [row.values.get(column.key, -column.sign * math.inf) for row in rows if row.candidate in candidates]
    return column.sign * sum(values) / len(values) if values else -math.inf


def worst_first(rows: Sequence[Row], column: Column, candidates: Collection[str]) -> tuple[Row, ...]:
    """Return the rows, those of the worst image first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.image, []).append(row)
    order = sorted(groups, key=lambda image: (mean_score(groups[image], column, candidates), image))
    return tuple(row for image in order for row in groups[image])


def summarise(
    rows: Sequence[Row], candidates: Sequence[str], columns: Sequence[Column], seed: int
) -> tuple[Summary, ...]:
    """Return mean and interval of each candidate under each metric."""
    return tuple(_summary(rows, candidate, column.key, seed) for candidate in candidates for column in columns)


def _summary(rows: Sequence[Row], candidate: str, key: str, seed: int) -> Summary:
    values = [row.values[key] for row in rows if row.candidate == candidate and key in row.values]
    finite = [value for value in values if math.isfinite(value)]
    mean = float(np.mean(finite)) if finite else values[0] if values else None
    low, high = interval(finite, seed) or (None, None)
    return Summary(candidate, key, mean, low, high, len(finite), len(values) - len(finite))


def compare(
    rows: Sequence[Row], candidates: Sequence[str], columns: Sequence[Column], summaries: Sequence[Summary], seed: int
) -> tuple[Verdict, ...]:
    """Return the verdict on every two candidates under each metric, over the images on which both have finite values."""
    verdicts = []
    for column in columns:
        values = {(row.candidate, row.image): row.values[column.key] for row in rows if column.key in row.values}
        finite = {key: value for key, value in values.items() if math.isfinite(value)}
        decimals = decimals_for(column, summaries)
        for first, second in itertools.combinations(candidates, 2):
            differences = [
                column.sign * (value - finite[second, image])
                for (candidate, image), value in finite.items()
                if candidate == first and (second, image) in finite
            ]
            verdicts.append(_verdict(first, second, column, differences, decimals, seed))
    return tuple(verdicts)


def _verdict(
    first: str, second: str, column: Column, differences: Sequence[float], decimals: int, seed: int
) -> Verdict:
    said, bounds = decide(differences, seed)
    mean = float(np.mean(differences)) if differences else None
    low, high = bounds or (None, None)
    better = {"first": first, "second": second}.get(said)
    text = _sentence(said, first, second, _amount(mean, low, high, column, decimals, said), len(differences))
    return Verdict(first, second, column.key, better, mean, low, high, len(differences), text)


def _amount(mean: float | None, low: float | None, high: float | None, column: Column, decimals: int, said: str) -> str:
    if mean is None:
        return ""
    if said == "second":
        mean, low, high = -mean, *(None if one is None else -one for one in (high, low))
    bounds = "" if low is None or high is None else f" [{number(low, decimals)}, {number(high, decimals)}]"
    return f"{number(mean, decimals)}{' ' * bool(column.unit)}{column.unit}{bounds}"


def _sentence(said: str, first: str, second: str, amount: str, count: int) -> str:
    if said in ("first", "second"):
        winner, loser = (first, second) if said == "first" else (second, first)
        return f"{winner} is better than {loser} by {amount}"
    if said == "noise":
        return f"the difference between {first} and {second} is noise: {amount}"
    if said == "same":
        return f"{first} and {second} are equal"
    if count == 0:
        return f"{first} and {second} have no image on which both have finite values"
    return f"{count} image{'s' * (count != 1)}: too few for a verdict on {first} against {second} (difference {amount})"


def notes_on(
    columns: Sequence[Column], summaries: Sequence[Summary], problems: Sequence[Problem], niqe_model: str, seed: int
) -> tuple[str, ...]:
    """Return what a reader must know about the numbers."""
    labels = {column.key: column.label for column in columns}
    notes = [
        f"{labels[one.key]} of {one.candidate} is infinite on {one.infinite} image{'s' * (one.infinite != 1)}: printed as inf "
        f"and left out of the mean."
        for one in summaries
        if one.infinite
    ]
    if any(column.mean_matched for column in columns):
        notes.append(
            "(mean matched): the output was first multiplied by the number that gives it the mean brightness of the "
            "reference. This uses the reference, so compare it only with published scores that do the same."
        )
    if niqe_model:
        notes.append(f"niqe: model {niqe_model.partition(' (')[0]}. Values of different models do not compare.")
    if problems:
        notes.append("Some values could not be measured (see the problems): means may be over different images.")
    notes.append(
        f"[low, high]: bootstrap 95 % interval of the mean, {RESAMPLES:,} resamples of the images, seed {seed}. Verdicts "
        f"resample the differences per image, need {FEWEST_FOR_A_VERDICT} images, and each has a chance of 1 in 20 to be wrong."
    )
    return tuple(notes)
