"""The rule: the simplest that is not significantly worse than the best. And why, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diptych.advice.candidates import Candidate, Effort
from diptych.advice.judging import Judge, Marks
from diptych.evaluation.statistics import decide


@dataclass(frozen=True)
class Measured:
    """A candidate and what was measured of it.

    Attributes
    ----------
    candidate : Candidate
        What was tried.
    marks : Marks
        How well it did on the judging half.
    niqe : float or None
        Mean naturalness of the outputs, lower is better; None where the pictures have none.
    seconds_per_megapixel : float
        Median over the pictures; 0 where nothing is done.
    alarms : tuple of str
        What makes it of no use, whatever its marks.
    """

    candidate: Candidate
    marks: Marks
    niqe: float | None
    seconds_per_megapixel: float
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Behind:
    """How far one is behind the best: mean difference of the merit, and what the pictures allow to say of it.

    `bounds` is the 95 % interval; `said` what `diptych.evaluation.statistics.decide` says of best minus this.
    """

    difference: float
    bounds: tuple[float, float] | None
    said: str
    worse: bool


@dataclass(frozen=True)
class Choice:
    """The recommended one, the best one, how far each is behind the best, and why."""

    recommended: Measured
    best: Measured
    behind: tuple[Behind, ...]
    why: str


def choose(measured: Sequence[Measured], judge: Judge, *, seed: int = 0) -> Choice:
    """Choose the simplest that is not significantly worse than the best.

    Parameters
    ----------
    measured : sequence of Measured
        On the same pictures; without an alarm at least one.
    judge : Judge
        Who marked them; has the margin.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Choice
        One is worse than the best if the mean difference is above the margin and the paired bootstrap interval over the
        pictures leaves out zero; with too few pictures for an interval, if it is above the margin. Simpler is what changes
        nothing, then a recipe without denoising, with denoising, a model, a model that has to be trained; within a kind
        what has fewer steps, and of equals the better one.
    """
    usable = [one for one in measured if not one.alarms]
    best = max(usable, key=lambda one: one.marks.merit)
    behind = tuple(_behind(best, one, judge, seed) for one in measured)
    fit = [one for one, gap in zip(measured, behind, strict=True) if not (gap.worse or one.alarms)]
    chosen = min(fit, key=lambda one: (*one.candidate.complexity, -one.marks.merit))
    why = f"{_merits(chosen, best, measured, behind, judge)} {_effort(chosen, best, measured, behind, judge)}".strip()
    return Choice(chosen, best, behind, why)


def _behind(best: Measured, one: Measured, judge: Judge, seed: int) -> Behind:
    differences = [a - b for a, b in zip(best.marks.shares, one.marks.shares, strict=True)]
    said, bounds = decide(differences, seed)
    mean = float(np.mean(differences))
    return Behind(mean, bounds, said, mean > judge.margin and said in ("first", "few"))


def _merits(
    chosen: Measured, best: Measured, measured: Sequence[Measured], behind: Sequence[Behind], judge: Judge
) -> str:
    """Return the sentence that says how good it is, against the untouched pictures and the best."""
    if chosen.candidate.effort == Effort.NOTHING:
        if chosen is best:
            return "leave the pictures as they are: nothing that was tried is better."
        gap = behind[_index(measured, chosen)]
        return (
            f"leave the pictures as they are: the best that was tried, '{best.candidate.name}', gains "
            f"{amount(gap.difference, judge)}{_interval(gap, judge)}, {_too_little(gap)}."
        )
    untouched = next((one for one in measured if one.candidate.effort == Effort.NOTHING), None)
    against = f", against {amount(untouched.marks.merit, judge)} of the untouched pictures" if untouched else ""
    merit = f"has a {judge.merit_name} of {amount(chosen.marks.merit, judge)}{against}"
    if chosen is best:
        return f"'{chosen.candidate.name}'. It {merit}, and is the best that was tried."
    gap = behind[_index(measured, chosen)]
    return (
        f"'{chosen.candidate.name}'. It {merit}; the best, '{best.candidate.name}', is ahead by "
        f"{amount(gap.difference, judge)}{_interval(gap, judge)}, {_too_little(gap)}, and does more."
    )


def _effort(
    chosen: Measured, best: Measured, measured: Sequence[Measured], behind: Sequence[Behind], judge: Judge
) -> str:
    """Return the sentence that says why nothing simpler will do; empty if nothing is simpler but the untouched pictures."""
    simpler = [
        (one, gap)
        for one, gap in zip(measured, behind, strict=True)
        if one.candidate.complexity < chosen.candidate.complexity
        and one.candidate.effort != Effort.NOTHING
        and not one.alarms
    ]
    if not simpler:
        return ""
    nearest, gap = min(simpler, key=lambda pair: pair[1].difference)
    return (
        f"Nothing simpler will do: '{nearest.candidate.name}', the next best, is behind the best by "
        f"{amount(gap.difference, judge)}{_interval(gap, judge)}."
    )


def _too_little(gap: Behind) -> str:
    return "which is within chance" if gap.said in ("noise", "same") else "which is too little to matter"


def _interval(gap: Behind, judge: Judge) -> str:
    if gap.bounds is None or gap.said == "few":
        return " (too few pictures for an interval)"
    low, high = (amount(bound, judge).removesuffix(f" {judge.unit}") for bound in gap.bounds)
    return f" (95 % interval {low} to {high})"


def amount(value: float, judge: Judge) -> str:
    """Print a merit: decibels with two decimals, a score with three."""
    return f"{value:.2f} dB" if judge.unit else f"{value:.3f}"


def _index(measured: Sequence[Measured], one: Measured) -> int:
    return next(index for index, other in enumerate(measured) if other is one)
