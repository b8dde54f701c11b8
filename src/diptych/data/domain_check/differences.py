"""How A and B differ in exposure, contrast, colour and noise, in words: what training should learn. And what does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from diptych.data.domain_check.findings import Finding, counted, finding, verb
from diptych.data.domain_check.survey import PhotoSummary, by_domain

_LEARNED = "this is what training should learn"
_ADDED = "training would learn to add noise; clean B first"

_EFFECT = 0.1
_SURE = 3.0
_APART = 0.9
_FEWEST = 10  # of each, from which on a difference as large as `_APART` is told from chance

_KINDS = {"exposure": "exposure and contrast", "colour": "colour", "noise": "noise"}


class _Trait(NamedTuple):
    field: str
    kind: str
    lower: str
    higher: str
    name: str
    unit: str
    decimals: int


_TRAITS = (
    _Trait("luma", "exposure", "darker", "brighter", "mean luma", " % of white", 0),
    _Trait("contrast", "exposure", "flatter", "richer in contrast", "luma spans", " % of the range", 0),
    _Trait("red", "colour", "less red", "redder", "red / green", "", 2),
    _Trait("blue", "colour", "less blue", "bluer", "blue / green", "", 2),
    _Trait("saturation", "colour", "less saturated", "more saturated", "saturation", " %", 0),
    _Trait("relative_noise", "noise", "less noisy", "noisier", "noise", " % of the mean luma", 1),
)


def find_differences(photos: Sequence[PhotoSummary]) -> list[Finding]:
    """Compare the traits of the domains, and name the pictures that look like the other domain, or drawn."""
    sides = by_domain(photos)
    if not all(sides.values()):
        return []
    found = [one for kind in _KINDS for one in _compare(kind, sides)]
    untold = [_KINDS[kind] for kind in _KINDS if kind not in {one.kind for one in found}]
    counts = [len(side) for side in sides.values()]
    if untold and _SURE * _deviation(*counts) >= _APART - 0.5:
        text = (
            f"Whether A and B differ in {_joined(untold, 'or')} cannot be told from {counts[0]} and {counted(counts[1])}: "
            f"too few; give {_FEWEST} of each or more."
        )
        found.append(finding("too_few", "note", text))
    elif not found:
        text = "No difference in exposure, contrast, colour or noise was found; training needs one to learn."
        found.append(finding("alike", "note", text))
    return found + list(_misfits(sides)) + [one for domain in "AB" for one in _drawn(domain, sides[domain])]


def medians(photos: Sequence[PhotoSummary]) -> dict[str, float]:
    """Return the median of each trait over some pictures: ratios to green for red and blue, shares for the others."""
    return {trait.field: _median(trait, _values(trait, photos)) for trait in _TRAITS}


def area(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the probability that a value of the second is larger than one of the first.

    >>> area(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    1.0
    """
    ranks = rankdata(np.concatenate([first, second]))[len(first) :]
    return float((ranks.sum() - len(second) * (len(second) + 1) / 2) / (len(first) * len(second)))


def _values(trait: _Trait, photos: Sequence[PhotoSummary]) -> NDArray[np.float64]:
    return np.array([getattr(photo.traits, trait.field) for photo in photos], np.float64)


def _median(trait: _Trait, values: NDArray[np.float64]) -> float:
    middle = float(np.median(values))
    return float(2.0**middle) if trait.field in ("red", "blue") else middle


def _compare(kind: str, sides: Mapping[str, Sequence[PhotoSummary]]) -> Iterator[Finding]:
    words: list[str] = []
    numbers: dict[str, float] = {}
    for trait in (one for one in _TRAITS if one.kind == kind):
        first, second = (_values(trait, sides[domain]) for domain in "AB")
        above = area(first, second)
        if _differs(above, len(first), len(second)):
            middle = [_median(trait, values) for values in (first, second)]
            numbers |= {f"{trait.field}_A": middle[0], f"{trait.field}_B": middle[1], f"{trait.field}_auc": above}
            words.append(f"{trait.lower if above > 0.5 else trait.higher} ({_told(trait, *middle)})")
    if words:
        remark = _ADDED if numbers.get("relative_noise_auc", 0) > 0.5 else _LEARNED
        text = f"A is {_joined(words)} than B, by the medians: {remark}."
        yield finding(kind, "note", text, numbers=numbers)


def _told(trait: _Trait, first: float, second: float) -> str:
    scale = 100 if "%" in trait.unit else 1
    one, other = (f"{scale * value:.{trait.decimals}f}" for value in (first, second))
    return f"{trait.name} {one} against {other}{trait.unit}"


def _joined(words: Sequence[str], last: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _differs(above: float, first: int, second: int) -> bool:
    """Tell whether a difference is neither small nor chance (three standard deviations of the rank sum)."""
    return abs(above - 0.5) > max(_EFFECT, _SURE * _deviation(first, second))


def _deviation(first: int, second: int) -> float:
    """Return the standard deviation of `area` for samples of the same distribution."""
    return float(((first + second + 1) / (12 * first * second)) ** 0.5)


def _misfits(sides: Mapping[str, Sequence[PhotoSummary]]) -> Iterator[Finding]:
    """Name what is as dark as the dark domain, or as bright as the bright one, where the two are far apart."""
    lumas = {domain: np.array([photo.traits.luma for photo in side]) for domain, side in sides.items()}
    above = area(lumas["A"], lumas["B"])
    if 1 - _APART < above < _APART or not _differs(above, len(lumas["A"]), len(lumas["B"])):
        return
    dark, bright = ("A", "B") if above > 0.5 else ("B", "A")
    for domain, other, word in ((bright, dark, "darker"), (dark, bright, "brighter")):
        middle = float(np.median(lumas[other]))
        beyond = lumas[domain] < middle if word == "darker" else lumas[domain] > middle
        if count := int(beyond.sum()):
            text = (
                f"{counted(count)} of {domain} {verb(count)} {word} than the median of {other} (mean luma "
                f"{100 * middle:.0f} % of white); move or remove {verb(count, 'it', 'them')}."
            )
            named = [(photo.label,) for photo, out in zip(sides[domain], beyond, strict=True) if out]
            yield finding("misfits", "warning", text, numbers={"misfits": count, "median": middle}, examples=named)


def _drawn(domain: str, side: Sequence[PhotoSummary]) -> Iterator[Finding]:
    drawn = [photo for photo in side if photo.traits.drawn]
    if drawn:
        count = len(drawn)
        text = (
            f"{counted(count)} of {domain} {verb(count, 'looks', 'look')} drawn (graphics, screenshots, text): more than half "
            f"of the neighbouring pixels are equal and the rest has steep edges; if photographs are meant, leave "
            f"{verb(count, 'it', 'them')} out."
        )
        yield finding("drawn", "warning", text, numbers={"drawn": count}, examples=((photo.label,) for photo in drawn))
