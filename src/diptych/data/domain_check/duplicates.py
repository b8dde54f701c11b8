"""Pictures that are the same, and pictures that show the same view: within a folder and across the two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from diptych.data.domain_check.findings import Finding, counted, finding, verb
from diptych.data.domain_check.survey import PhotoSummary, by_domain

BITS_APART = 8
"""Two pictures show the same view if at most so many of the 64 bits of their hashes differ ..."""

CORRELATION = 0.97
"""... and their equalised small copies correlate by so much, which tells apart what is framed alike, as X-rays are."""

PAIR_CORRELATION = 0.75
"""Of two files with one name less is asked, as one of them may be dark and noisy; but no other picture may match better."""

_BETTER = 0.02
_FEWEST_OF_NAMES = 0.1
_LIKE = 0.05
_ROWS_AT_A_TIME = 256


def find_duplicates(photos: Sequence[PhotoSummary]) -> list[Finding]:
    """Find copies within each domain, the same pictures in both, and pairs that could be used for evaluation."""
    shown = [photo for photo in photos if not photo.content.blank]
    pairs = named_pairs(shown)
    paired = {photo.label for pair in pairs for photo in pair}
    groups = _groups(shown)
    found = [within for domain in "AB" for within in _within(domain, groups)]
    across = [group for group in groups if len({photo.domain for photo in group}) == 2]
    across = [group for group in across if any(photo.label not in paired for photo in group)]
    same = [group for group in across if _alike(group)]
    found += _in_both(same) + _views(pairs, [group for group in across if group not in same])
    return found


def _groups(photos: Sequence[PhotoSummary]) -> list[list[PhotoSummary]]:
    groups: dict[int, list[PhotoSummary]] = {}
    for photo, first in zip(photos, _first_of_view(photos), strict=True):
        groups.setdefault(first, []).append(photo)
    return [group for group in groups.values() if len(group) > 1]


def _first_of_view(photos: Sequence[PhotoSummary]) -> list[int]:
    """Return, for each picture, the index of the first one of its group: each joins that of the first it matches."""
    first: list[int] = []
    for start, match in _matches(photos):
        for row, index in enumerate(range(start, start + len(match))):
            before = np.flatnonzero(match[row, :index])
            first.append(first[before[0]] if len(before) else index)
    return first


def _matches(photos: Sequence[PhotoSummary]) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Yield, a few rows at a time, which pictures show the same view: all with all, but never all in memory."""
    if not photos:
        return
    bits = np.array([photo.content.bits for photo in photos], np.float32)
    layouts = np.array([photo.content.layout for photo in photos], np.float32)
    for start in range(0, len(photos), _ROWS_AT_A_TIME):
        rows = slice(start, start + _ROWS_AT_A_TIME)
        # Of 64 signs, their product is 64 less twice the number of bits that differ.
        close = bits[rows] @ bits.T >= bits.shape[1] - 2 * BITS_APART
        yield start, close & (layouts[rows] @ layouts.T >= CORRELATION)


def _within(domain: str, groups: Sequence[Sequence[PhotoSummary]]) -> Iterator[Finding]:
    within = [[photo for photo in group if photo.domain == domain] for group in groups]
    within = [group for group in within if len(group) > 1]
    if within:
        extra = sum(len(group) - 1 for group in within)
        yield finding(
            "duplicates",
            "warning",
            f"{domain} shows {counted(len(within), 'view')} more than once ({counted(extra)} too many): copies count "
            f"double in training; remove those that bring nothing new.",
            numbers={"views": len(within), "too_many": extra},
            examples=_labels(within),
        )


def _alike(group: Sequence[PhotoSummary]) -> bool:
    """Tell whether a view has the same brightness and colour in A as in B somewhere."""
    sides = [[photo for photo in group if photo.domain == domain] for domain in "AB"]
    return any(_distance(one, other) < _LIKE for one in sides[0] for other in sides[1])


def _distance(one: PhotoSummary, other: PhotoSummary) -> float:
    first, second = one.traits, other.traits
    return max(
        abs(first.luma - second.luma),
        abs(first.contrast - second.contrast),
        abs(first.red - second.red),
        abs(first.blue - second.blue),
    )


def _in_both(groups: Sequence[Sequence[PhotoSummary]]) -> list[Finding]:
    if not groups:
        return []
    text = (
        f"{counted(len(groups))} {verb(len(groups))} in A and in B, looking the same: a picture cannot be an example of "
        f"both; remove each from one of the folders."
    )
    return [finding("in_both", "warning", text, numbers={"views": len(groups)}, examples=_labels(groups))]


def _views(
    pairs: Sequence[tuple[PhotoSummary, PhotoSummary]], groups: Sequence[Sequence[PhotoSummary]]
) -> list[Finding]:
    found = []
    if pairs:
        text = (
            f"{counted(len(pairs))} of A {verb(len(pairs), 'has', 'have')} the name and the contents of one of B: these could "
            f"be held out as pairs for evaluation; unpaired training does not need them."
        )
        found.append(
            finding(
                "pairs",
                "note",
                text,
                numbers={"pairs": len(pairs)},
                examples=((one.label, other.label) for one, other in pairs),
            )
        )
    if groups:
        text = (
            f"{counted(len(groups), 'view')} {verb(len(groups))} in A and in B under different names, looking different: they "
            f"could serve as pairs for evaluation; if some are held out, hold out all pictures of their views."
        )
        found.append(finding("views", "note", text, numbers={"views": len(groups)}, examples=_labels(groups)))
    return found


def _labels(groups: Sequence[Sequence[PhotoSummary]]) -> list[list[str]]:
    return [[photo.label for photo in group] for group in groups]


def named_pairs(photos: Sequence[PhotoSummary]) -> list[tuple[PhotoSummary, PhotoSummary]]:
    """Return pictures of A and B whose names are equal but for the suffix, and whose structures match.

    Where all pictures are framed alike, those of one name may match by accident: each must be the best match of the other,
    and a tenth of the equal names must do so.
    """
    sides = by_domain(photos)
    layouts = {domain: np.array([photo.content.layout for photo in side]) for domain, side in sides.items()}
    index_of = {_stem(photo): index for index, photo in enumerate(sides["B"])}
    pairs: list[tuple[PhotoSummary, PhotoSummary]] = []
    common = 0
    for index, photo in enumerate(sides["A"]):
        partner = index_of.get(_stem(photo))
        if partner is not None:
            common += 1
            one, other = layouts["A"][index], layouts["B"][partner]
            best = max(PAIR_CORRELATION, (layouts["B"] @ one).max() - _BETTER, (layouts["A"] @ other).max() - _BETTER)
            pairs += [(photo, sides["B"][partner])] if one @ other >= best else []
    return pairs if len(pairs) >= _FEWEST_OF_NAMES * common else []


def _stem(photo: PhotoSummary) -> str:
    return PurePosixPath(photo.name).with_suffix("").as_posix()
