"""From the values of the images to the table: means, intervals, verdicts, the order, and what to know about them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from diptych.evaluation.columns import Column
from diptych.evaluation.numbers import decimals_for, number
from diptych.evaluation.report import Problem, Row, Summary, Verdict
from diptych.evaluation.statistics import FEWEST_FOR_A_VERDICT, RESAMPLES, decide, interval

if TYPE_CHECKING:
    from diptych.evaluation.entries import Candidate


def goodness(rows: Iterable[Row], column: Column, candidates: Sequence[Candidate]) -> float:
    """Return how good an image came out, by one metric, on average over what was done to it: the order of the report.

    The untouched input counts only if there is nothing else; an image without a value comes first.
    """
    made = {one.name for one in candidates if one.kind != "input"} or {one.name for one in candidates}
    values = [row.values.get(column.key, -column.sign * math.inf) for row in rows if row.entry in made]
    return column.sign * sum(values) / len(values) if values else -math.inf


def worst_first(rows: Sequence[Row], column: Column, candidates: Sequence[Candidate]) -> tuple[Row, ...]:
    """Return the rows, those of the worst image first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.image, []).append(row)
    order = sorted(groups, key=lambda image: (goodness(groups[image], column, candidates), image))
    return tuple(row for image in order for row in groups[image])


def summarise(rows: Sequence[Row], entries: Sequence[str], columns: Sequence[Column], seed: int) -> tuple[Summary, ...]:
    """Return mean and interval of each entry under each metric."""
    return tuple(_summary(rows, entry, column.key, seed) for entry in entries for column in columns)


def _summary(rows: Sequence[Row], entry: str, key: str, seed: int) -> Summary:
    values = [row.values[key] for row in rows if row.entry == entry and key in row.values]
    finite = [value for value in values if math.isfinite(value)]
    mean = float(np.mean(finite)) if finite else values[0] if values else None
    low, high = interval(finite, seed) or (None, None)
    return Summary(entry, key, mean, low, high, len(finite), len(values) - len(finite))


def compare(
    rows: Sequence[Row], entries: Sequence[str], columns: Sequence[Column], summaries: Sequence[Summary], seed: int
) -> tuple[Verdict, ...]:
    """Return the verdict on every two entries under each metric, over the images on which both have finite values."""
    verdicts = []
    for column in columns:
        values = {(row.entry, row.image): row.values[column.key] for row in rows if column.key in row.values}
        finite = {place: value for place, value in values.items() if math.isfinite(value)}
        places = decimals_for(column, summaries)
        for first, second in itertools.combinations(entries, 2):
            differences = [
                column.sign * (value - finite[second, image])
                for (entry, image), value in finite.items()
                if entry == first and (second, image) in finite
            ]
            verdicts.append(_verdict(first, second, column, differences, places, seed))
    return tuple(verdicts)


def _verdict(first: str, second: str, column: Column, differences: Sequence[float], places: int, seed: int) -> Verdict:
    said, bounds = decide(differences, seed)
    mean = float(np.mean(differences)) if differences else None
    low, high = bounds or (None, None)
    better = {"first": first, "second": second}.get(said)
    text = _sentence(said, first, second, _amount(mean, low, high, column, places, said), len(differences))
    return Verdict(first, second, column.key, better, mean, low, high, len(differences), text)


def _amount(mean: float | None, low: float | None, high: float | None, column: Column, places: int, said: str) -> str:
    if mean is None:
        return ""
    if said == "second":
        mean, low, high = -mean, *(None if one is None else -one for one in (high, low))
    bounds = "" if low is None or high is None else f" [{number(low, places)}, {number(high, places)}]"
    return f"{number(mean, places)}{' ' * bool(column.unit)}{column.unit}{bounds}"


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
    """Return what a reader must know to read the numbers rightly."""
    labels = {column.key: column.label for column in columns}
    notes = [
        f"{labels[one.key]} of {one.entry} is infinite on {one.infinite} image{'s' * (one.infinite != 1)}: printed as inf "
        f"and left out of the mean."
        for one in summaries
        if one.infinite
    ]
    if any(column.mean_matched for column in columns):
        notes.append(
            "(mean matched): the output was first multiplied by the one number that gives it the mean brightness of the "
            "reference, which knows the answer. Compare it with published scores that do the same, never with the plain ones."
        )
    if niqe_model:
        notes.append(f"niqe: model {niqe_model.partition(' (')[0]}. Values of different models do not compare.")
    if problems:
        notes.append("Some values could not be found (see the problems): means may be over different images.")
    notes.append(
        f"[low, high]: bootstrap 95 % interval of the mean, {RESAMPLES:,} resamples of the images, seed {seed}. Verdicts "
        f"resample the differences image by image, need {FEWEST_FOR_A_VERDICT} images, and each may err once in 20 times."
    )
    return tuple(notes)
