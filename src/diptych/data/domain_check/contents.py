"""Do the two folders show the same kinds of things?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diptych.data.domain_check.findings import SHOWN, Finding, finding
from diptych.data.domain_check.survey import PhotoSummary, by_domain
from diptych.quality.separation import FEWEST_SCENES, Separation, separate

WARNING = 0.7
"""The contents differ, with a warning, if the lower end of the interval of the AUC is above this."""

_MOST = 1500


def find_contents(photos: Sequence[PhotoSummary], *, seed: int) -> list[Finding]:
    """Tell whether a classifier that sees structure only can tell the domains apart."""
    shown = _sample([photo for photo in photos if not photo.content.blank], seed)
    is_target = np.array([photo.domain == "B" for photo in shown], bool)
    if min(is_target.sum(), (~is_target).sum()) < FEWEST_SCENES:
        return [_too_few()]
    result = separate(np.array([photo.content.features for photo in shown]), is_target, seed=seed)
    return [_too_few() if result is None else _finding(result, shown)]


def _sample(photos: Sequence[PhotoSummary], seed: int) -> list[PhotoSummary]:
    rng = np.random.default_rng(seed)
    sides = by_domain(photos)
    chosen: list[PhotoSummary] = []
    for domain in "AB":
        side = sides[domain]
        chosen += [side[index] for index in sorted(rng.permutation(len(side))[:_MOST])]
    return chosen


def _too_few() -> Finding:
    text = f"Whether the contents of A and B differ cannot be told from fewer than {FEWEST_SCENES} different scenes in each."
    return finding("contents", "note", text)


def _finding(result: Separation, photos: Sequence[PhotoSummary]) -> Finding:
    numbers = {key: getattr(result, key) for key in ("auc", "low", "high", "accuracy")}
    measured = f"AUC {result.auc:.2f}, 95 % interval {result.low:.2f} to {result.high:.2f}, chance 0.50"
    if result.low > WARNING:
        text = (
            f"The contents differ: a classifier that sees structure only tells A from B in {100 * result.accuracy:.0f} % of "
            f"the cases ({measured}). Training may then exchange contents instead of enhancing; choose pictures of the "
            f"same kinds of things for both folders. Named are the most typical of each side."
        )
        return finding("contents", "warning", text, numbers=numbers, examples=_typical(result, photos))
    if result.low > 0.5:
        text = f"The contents differ a little ({measured}); look at the most typical pictures of each side."
        return finding("contents", "note", text, numbers=numbers, examples=_typical(result, photos))
    text = f"No difference in contents was found ({measured})."
    return finding("contents", "note", text, numbers=numbers)


def _typical(result: Separation, photos: Sequence[PhotoSummary]) -> list[tuple[str]]:
    order = np.argsort(result.scores, kind="stable")
    most = {
        "A": [photos[index] for index in order if photos[index].domain == "A"],
        "B": [photos[index] for index in order[::-1] if photos[index].domain == "B"],
    }
    return [(photo.label,) for domain in "AB" for photo in most[domain][: SHOWN // 2]]
