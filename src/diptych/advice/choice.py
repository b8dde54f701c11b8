"""The rule: the simplest that is not significantly worse than the best. And why, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diptych.advice.candidates import Candidate, Complexity
from diptych.advice.evaluator import Evaluator, Scores
from diptych.evaluation.statistics import decide

_SURE = 1.96  # standard errors in half of a 95 % interval


@dataclass(frozen=True)
class Measured:
    """A candidate and what was measured of it.

    Attributes
    ----------
    candidate : Candidate
        What was tried.
    scores : Scores
        How well it did on the held-out pictures.
    niqe : float or None
        Mean naturalness of the outputs, lower is better; None where the pictures have none.
    seconds_per_megapixel : float
        Median over the pictures; 0 where nothing is done.
    alarms : tuple of str
        What makes it of no use, whatever its scores.
    """

    candidate: Candidate
    scores: Scores
    niqe: float | None
    seconds_per_megapixel: float
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gap:
    """How far a candidate is behind the best.

    Attributes
    ----------
    difference : float
        Mean difference of the objective values, best minus this.
    interval : (float, float) or None
        Its 95 % interval.
    verdict : str
        What `diptych.evaluation.statistics.decide` says of best minus this.
    worse : bool
        Whether it is significantly worse, and by more than the margin; or by more than the tolerance.
    """

    difference: float
    interval: tuple[float, float] | None
    verdict: str
    worse: bool


@dataclass(frozen=True)
class Choice:
    """The recommended one, the best one, how far each is behind the best, and why."""

    recommended: Measured
    best: Measured
    gaps: tuple[Gap, ...]
    why: str


def choose(measured: Sequence[Measured], evaluator: Evaluator, *, seed: int = 0) -> Choice:
    """Choose the simplest that is not significantly worse than the best.

    Parameters
    ----------
    measured : sequence of Measured
        On the same pictures; without an alarm at least one.
    evaluator : Evaluator
        What scored them; it has the margin.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Choice
        One is worse than the best if the mean difference is above the margin and the paired bootstrap interval over the
        pictures (made wider by what other pictures of B would change) leaves out zero; with too few pictures for an interval,
        if it is above the margin. It is worse, too, if the difference is above the tolerance, proven or not; but what changes
        nothing, or does a step less of what the best does, is so only by more than the standard error. Simpler is what
        changes nothing, then a recipe without denoising, with denoising, a model, a model that has to be trained; within a
        kind what has fewer steps, and of equals the better one. Where A is noisier than B, the same with denoising is taken
        in place of what does not denoise, unless that costs more than the tolerance.
    """
    usable = [one for one in measured if not one.alarms]
    best = max(usable, key=lambda one: one.scores.value)
    gaps = tuple(_gap(best, one, evaluator, seed) for one in measured)
    fit = [one for one, gap in zip(measured, gaps, strict=True) if not (gap.worse or one.alarms)]
    chosen = min(fit, key=lambda one: (*one.candidate.rank, -one.scores.value))
    if evaluator.noisier:
        chosen = _denoised(chosen, usable, evaluator)
    sentences = [words(chosen, best, measured, gaps, evaluator) for words in (_value_sentence, _complexity_sentence)]
    return Choice(chosen, best, gaps, " ".join(filter(None, sentences)))


def _denoised(chosen: Measured, usable: Sequence[Measured], evaluator: Evaluator) -> Measured:
    """Return the same with denoising before it, if that costs less than the tolerance: the score hardly sees smeared noise."""
    plain = chosen.candidate.name
    name = "denoise" if chosen.candidate.complexity == Complexity.NOTHING else f"denoise, {plain}"
    twins = [one for one in usable if one.candidate.name == name]
    return next((one for one in twins if one.scores.value > chosen.scores.value - evaluator.tolerance), chosen)


def _gap(best: Measured, one: Measured, evaluator: Evaluator, seed: int) -> Gap:
    differences = [a - b for a, b in zip(best.scores.shares, one.scores.shares, strict=True)]
    verdict, interval = decide(differences, seed)
    mean = float(np.mean(differences))
    if interval is not None:
        interval = _widened(mean, interval, best.scores.target_shares, one.scores.target_shares)
        if verdict in ("first", "few") and interval[0] <= 0:
            verdict = "noise"
    proven = mean > evaluator.margin and verdict in ("first", "few")
    doubtful = interval is not None and mean < (mean - interval[0]) / _SURE  # within its own standard error
    likely = mean > evaluator.tolerance and not (doubtful and _begins_simpler(one.candidate, best.candidate))
    return Gap(mean, interval, verdict, proven or likely)


def _begins_simpler(one: Candidate, best: Candidate) -> bool:
    """Tell whether one does nothing, or what the best does but for a step or two: it has the benefit of the doubt."""
    if one.complexity == Complexity.NOTHING:
        return True
    ours, theirs = ([step.operator for step in part.recipe.steps] if part.recipe else [] for part in (one, best))
    rest = iter(theirs)
    return 0 < len(ours) < len(theirs) and all(name in rest for name in ours)


def _widened(
    mean: float, interval: tuple[float, float], first: Sequence[float], second: Sequence[float]
) -> tuple[float, float]:
    """Return the interval made wider by what other pictures of B would change of the difference."""
    if len(first) < 2:
        return interval
    differences = np.subtract(first, second)
    chance = _SURE * float(differences.std(ddof=1)) / np.sqrt(len(differences))
    low, high = (float(np.hypot(bound - mean, chance)) for bound in interval)
    return mean - low, mean + high


def _value_sentence(
    chosen: Measured, best: Measured, measured: Sequence[Measured], gaps: Sequence[Gap], evaluator: Evaluator
) -> str:
    """Return the sentence that says how good it is, against the untouched pictures and the best."""
    if chosen.candidate.complexity == Complexity.NOTHING:
        if chosen is best:
            return "leave the pictures as they are: nothing that was tried is better."
        gap = gaps[_index(measured, chosen)]
        return (
            f"leave the pictures as they are: the best that was tried, '{best.candidate.name}', gains "
            f"{amount(gap.difference, evaluator)}{_interval(gap, evaluator)}, {_too_little(gap)}."
        )
    untouched = next((one for one in measured if one.candidate.complexity == Complexity.NOTHING), None)
    against = f", against {amount(untouched.scores.value, evaluator)} of the untouched pictures" if untouched else ""
    value = f"has a {evaluator.objective_name} of {amount(chosen.scores.value, evaluator)}{against}"
    if chosen is best:
        return f"'{chosen.candidate.name}'. It {value}, and is the best that was tried."
    gap = gaps[_index(measured, chosen)]
    return (
        f"'{chosen.candidate.name}'. It {value}; the best, '{best.candidate.name}', is ahead by "
        f"{amount(gap.difference, evaluator)}{_interval(gap, evaluator)}, {_too_little(gap)}, and does more."
    )


def _complexity_sentence(
    chosen: Measured, best: Measured, measured: Sequence[Measured], gaps: Sequence[Gap], evaluator: Evaluator
) -> str:
    """Return the sentence that says why nothing simpler will do; empty if nothing is simpler but the untouched pictures."""
    simpler = [
        (one, gap)
        for one, gap in zip(measured, gaps, strict=True)
        if one.candidate.rank < chosen.candidate.rank
        and one.candidate.complexity != Complexity.NOTHING
        and not one.alarms
    ]
    if not simpler:
        return ""
    nearest, gap = min(simpler, key=lambda pair: pair[1].difference)
    return (
        f"Nothing simpler will do: '{nearest.candidate.name}', the best of those that are simpler, is behind the best by "
        f"{amount(gap.difference, evaluator)}{_interval(gap, evaluator)}."
    )


def _too_little(gap: Gap) -> str:
    return "which is within chance" if gap.verdict in ("noise", "same") else "which is too little to matter"


def _interval(gap: Gap, evaluator: Evaluator) -> str:
    if gap.interval is None or gap.verdict == "few":
        return " (too few pictures for an interval)"
    low, high = (amount(bound, evaluator).removesuffix(f" {evaluator.unit}") for bound in gap.interval)
    return f" (95 % interval {low} to {high})"


def amount(value: float, evaluator: Evaluator) -> str:
    """Print an objective value: decibels with two decimals, a score with three."""
    return f"{value:.2f} dB" if evaluator.unit else f"{value:.3f}"


def _index(measured: Sequence[Measured], one: Measured) -> int:
    return next(index for index, other in enumerate(measured) if other is one)
