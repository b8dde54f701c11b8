"""Do the two folders show the same kinds of things?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diptych.data.checking.findings import SHOWN, Finding, finding
from diptych.data.checking.separation import FEWEST_GROUPS, Separation, separate
from diptych.data.checking.survey import Look

WARNING = 0.7
"""The contents differ, with a warning, if the lower end of the interval of the AUC is above this."""

_MOST = 1500


def find_contents(looks: Sequence[Look], *, seed: int) -> list[Finding]:
    """Tell whether a classifier that sees structure only can tell the domains apart."""
    shown = _sample([look for look in looks if not look.structure.blank], seed)
    is_target = np.array([look.domain == "B" for look in shown], bool)
    if min(is_target.sum(), (~is_target).sum()) < FEWEST_GROUPS:
        return [_too_few()]
    result = separate(np.array([look.structure.features for look in shown]), is_target, seed=seed)
    return [_too_few() if result is None else _finding(result, shown)]


def _sample(looks: Sequence[Look], seed: int) -> list[Look]:
    rng = np.random.default_rng(seed)
    chosen: list[Look] = []
    for domain in "AB":
        side = [look for look in looks if look.domain == domain]
        chosen += [side[index] for index in sorted(rng.permutation(len(side))[:_MOST])]
    return chosen


def _too_few() -> Finding:
    text = f"Whether the contents of A and B differ cannot be told from less than {FEWEST_GROUPS} different scenes in each."
    return finding("contents", "note", text)


def _finding(result: Separation, looks: Sequence[Look]) -> Finding:
    numbers = {key: getattr(result, key) for key in ("auc", "low", "high", "accuracy")}
    measured = f"AUC {result.auc:.2f}, 95 % interval {result.low:.2f} to {result.high:.2f}, chance 0.50"
    if result.low > WARNING:
        text = (
            f"The contents differ: a classifier that sees structure only tells A from B in {100 * result.accuracy:.0f} % of "
            f"the cases ({measured}). Training may then exchange contents instead of enhancing; choose pictures of the "
            f"same kinds of things for both folders. Named are the most typical of each side."
        )
        return finding("contents", "warning", text, numbers=numbers, examples=_typical(result, looks))
    if result.low > 0.5:
        text = f"The contents differ a little ({measured}); look at the most typical pictures of each side."
        return finding("contents", "note", text, numbers=numbers, examples=_typical(result, looks))
    text = f"No difference in contents was found ({measured})."
    return finding("contents", "note", text, numbers=numbers)


def _typical(result: Separation, looks: Sequence[Look]) -> list[tuple[str]]:
    order = np.argsort(result.scores, kind="stable")
    most = {
        "A": [looks[index] for index in order if looks[index].domain == "A"],
        "B": [looks[index] for index in order[::-1] if looks[index].domain == "B"],
    }
    return [(look.label,) for domain in "AB" for look in most[domain][: SHOWN // 2]]
